/** `moim study amend`: the next version of a study, signed from an edited file and sent where the one before went. */

import { answer, type Command, type CommandContext, needArg, textFlag } from '#host/command.ts';
import { MoimError } from '#protocol/errors.ts';
import { type StudyOrder, signOrder } from '#protocol/order.ts';
import type { SignedStudy } from '#protocol/study.ts';
import { studyDiff } from '#protocol/study-diff.ts';
import type { HubStudy } from '../../hub-api.ts';
import { apiOf, lastOrder, sendKept } from '../../sent.ts';
import { signStudyFile } from '../../sign.ts';
import { type SignedFile, writeSignedFile } from '../../signed-file.ts';
import { type LeadKey, leadKey, openOwn, passphrase } from '../../signing-key.ts';
import {
  readStudyRecord,
  refuseSecond,
  type StudyRecord,
  withVersion,
  writeStudyKey,
  writeStudyRecord,
} from '../../study-record.ts';
import { inWords, namesOf } from './send.ts';

export const amend: Command = {
  summary:
    'Sign the next version of a study from its edited file, and send it where the one before went. Hospitals judge it anew.',
  usage: 'ID FILE --key K [--out F]',
  options: { key: { type: 'string' }, out: { type: 'string' } },
  async run(context) {
    const record = readStudyRecord(context.home, needArg(context, 0, 'ID'));
    const file = needArg(context, 1, 'FILE');
    const lead = leadKey(context);
    const sent = record.hub !== undefined;
    const standing = sent ? (await apiOf(record, context).jobs(record.study, '0', 0)).study : undefined;
    if (standing?.state === 'withdrawn') throw new MoimError('study-ended', 'the study was withdrawn');
    const newest = await openOwn(record.jws, lead);
    const before = await versionToAmend(record, lead, standing, newest);
    refuseSecond(record, before.study.version + 1);
    const { signed, sealing, copies } = await signStudyFile(file, lead.key, Date.now(), before);
    const version = signed.study.version;
    const out = textFlag(context, 'out') ?? `${file.replace(/\.json$/, '')}.v${version}.signed.json`;
    const order = await withdrawalFor(record, lead, standing, before, signed);
    writeStudyKey(context.home, signed, sealing, passphrase(context));
    const kept = { ...withVersion(record, newest, signed), ...(order === undefined ? {} : { order }) };
    writeStudyRecord(context.home, kept);
    const sending = {
      jws: signed.jws,
      copies,
      rotations: lead.rotations,
      ...(order === undefined ? {} : { order }),
    };
    writeSignedFile(out, signed, sending);
    const changes = studyDiff(before.study, signed.study);
    for (const line of changes) context.note(`  ${line}`);
    if (sent) await sendOn(context, kept, sending, signed, out);
    answer(context, { ...namesOf(signed), state: sent ? 'open' : 'signed', changes }, inWords(signed));
    context.note(
      sent ? `wrote ${out}, sent to ${record.hub}` : `wrote ${out}; not sent: the study never was`,
    );
    return 0;
  },
};

/** The version that the hub holds as its newest, where the study was sent: one that it never took is signed anew under the same number. */
async function versionToAmend(
  record: StudyRecord,
  lead: LeadKey,
  standing: HubStudy | undefined,
  newest: SignedStudy,
): Promise<SignedStudy> {
  if (!standing || standing.hash === newest.hash) return newest;
  const older = record.older?.find(({ hash }) => hash === standing.hash);
  if (older) return openOwn(older.jws, lead);
  throw new MoimError(
    'study-unknown',
    `the hub holds a version ${standing.version} that this home did not sign`,
    {
      remedy: 'Amend from the home that signed it (--home), or ask the hub operator where it came from.',
    },
  );
}

/** Sites that the new version leaves out never see it: they are told by an order that the old one is withdrawn. */
async function withdrawalFor(
  record: StudyRecord,
  lead: LeadKey,
  standing: HubStudy | undefined,
  before: SignedStudy,
  { study }: SignedStudy,
): Promise<string | undefined> {
  const staying = new Set(study.sites.map(({ site }) => site));
  if (before.study.sites.every(({ site }) => staying.has(site))) return undefined;
  const order: StudyOrder = {
    schema: 'moim-order/1',
    study: study.id,
    version: before.study.version,
    order: 'withdraw',
    n: ((await lastOrder(record, standing, lead.own))?.n ?? 0) + 1,
    at: study.signedAt,
  };
  return signOrder(order, lead.key);
}

async function sendOn(
  context: CommandContext,
  record: StudyRecord,
  file: SignedFile,
  signed: SignedStudy,
  out: string,
): Promise<void> {
  try {
    await sendKept(context.home, record, signed, () => apiOf(record, context).send(file));
  } catch (cause) {
    if (cause instanceof MoimError)
      context.note(
        `version ${signed.study.version} is signed and kept: moim study send ${out} --hub ${record.hub} …`,
      );
    throw cause;
  }
}
