/** From `study.json` to a signed study: definitions read and checked, ids and a fresh sealing key made. */

import { readStudyFile } from '#host/study-file.ts';
import { MoimError } from '#protocol/errors.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { createSealingPair, type PrivateKey, type SealingPair } from '#protocol/keys.ts';
import { readStudyDraft, type SignedStudy, type StudyDraft, signStudy } from '#protocol/study.ts';
import { signCopies } from '#protocol/study-copy.ts';
import { check } from '#sql/circe/check.ts';
import { readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';

/**
 * Reads and signs a study file, as a new study or as the version after the one it amends. A cohort may give its `definition` in place, or name a `file` beside the study file. Throws MoimError
 * `bad-input` or `definition-refused` with every place at fault, `not-canonical` for a number beyond 2^53.
 */
export async function signStudyFile(
  file: string,
  key: PrivateKey,
  now: number,
  amends?: SignedStudy,
): Promise<{ signed: SignedStudy; sealing: SealingPair; copies: readonly string[] }> {
  const draft = readDraftFile(file);
  const read = readStudyCohorts(draft.cohorts, draft.pinned);
  const findings = read.ok
    ? read.cohorts.flatMap(({ name, expression }, cohort) =>
        check(expression).flatMap((finding) =>
          finding.severity === 'error' ? { ...finding, cohort, name } : [],
        ),
      )
    : read.findings;
  const faults = findings.map(({ cohort, name, path, message }) =>
    cohort < 0 ? `${path} (${name}): ${message}` : `cohort ${name} ${path}: ${message}`,
  );
  if (faults.length > 0) throw new MoimError('definition-refused', faults.slice(0, 20).join('\n'));
  const sealing = await createSealingPair();
  const signed = await signStudy(draft, {
    key,
    sealingKey: sealing.public,
    signedAt: new Date(now).toISOString(),
    nextId: () => uuidv7(now),
    ...(amends ? { amends } : {}),
  });
  // A study of one site is that site's copy already.
  const copies = signed.study.sites.length > 1 ? await signCopies(signed, key) : [];
  return { signed, sealing, copies };
}

/** Reads what a lead wrote, with the definitions it names by file. Throws MoimError `bad-input`. */
export function readDraftFile(file: string): StudyDraft {
  return readStudyDraft(readStudyFile(file));
}
