/** `moim doctor` in a study lead's home: its keys, its studies, and the hubs they went to. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, CommandContext, Commands } from '#host/command.ts';
import { diagnose, type Finding, printFindings } from '#host/diagnosis.ts';
import { hubWayOf } from '#host/hub-way.ts';
import { readPublicKeyFile, readSigningKey } from '#host/key-file.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint, publicOf } from '#protocol/keys.ts';
import { claimedLead, openStudy, type SignedStudy } from '#protocol/study.ts';
import { hubApi } from '../hub-api.ts';
import { keptBack, readToken } from '../sent.ts';
import { passphrase } from '../signing-key.ts';
import { listStudyRecords, readStudyKey, readStudyRecord, type StudyRecord } from '../study-record.ts';

const doctor: Command = {
  summary: "Look this lead's home over: keys, studies, their sealing keys, the hubs they were sent to.",
  usage: '',
  async run(context) {
    const { check, findings } = diagnose();
    await check('home', () => {
      if (existsSync(context.home)) return `a study lead's, ${context.home}`;
      throw new MoimError('file-unreadable', `there is no folder ${context.home}`, {
        remedy: 'Name the home with --home, or begin with `moim key create --role lead --out FILE`.',
      });
    });
    for (const file of keyFiles(context.home)) await check('key', () => keyFinding(context, file));
    const studies = listStudyRecords(context.home);
    if (studies.length === 0) findings.push(noStudy);
    for (const study of studies) await check('study', () => examine(context, study));
    return printFindings(context, findings);
  },
};

export const commands: Commands = { '': doctor };

const noStudy: Finding = {
  check: 'study',
  state: 'warning',
  says: 'none was signed here',
  remedy: 'Write a study.json (docs/study-lead.md) and run `moim study sign FILE --key K`.',
};

/** Signing keys that lie in the home itself; a lead may well keep theirs elsewhere. */
function keyFiles(home: string): string[] {
  if (!existsSync(home)) return [];
  return readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(home, name))
    .filter((path) => roleOf(path) !== undefined);
}

function roleOf(path: string): string | undefined {
  try {
    return readPublicKeyFile(path).role;
  } catch {
    // Any other file of the home.
    return undefined;
  }
}

function keyFinding(context: CommandContext, file: string): string {
  const role = roleOf(file);
  const says = `${file}: ${role} ${fingerprint(readPublicKeyFile(file).key)}`;
  try {
    const { key } = readSigningKey(file, passphrase(context));
    return `${says}, opens (${fingerprint(publicOf(key))}); back it up with \`moim key backup\``;
  } catch (cause) {
    // What is given to hospitals has no secret half, and needs none.
    if (cause instanceof MoimError && cause.code === 'bad-input') return `${says}, the public half`;
    throw cause;
  }
}

async function examine(context: CommandContext, id: string): Promise<string | Finding> {
  const record = readStudyRecord(context.home, id);
  const signed = await openStudy(record.jws, claimedLead(record.jws));
  readStudyKey(context.home, signed, passphrase(context));
  const name = `${id} version ${signed.study.version}, signed by ${fingerprint(signed.study.lead.key)}`;
  if (record.hub === undefined || record.tokenFile === undefined)
    return warning(`${name}: signed, not sent`, 'Run `moim study send F --hub URL --token-file T`.');
  return atHub(context, record, record.hub, record.tokenFile, signed, name);
}

async function atHub(
  context: CommandContext,
  record: StudyRecord,
  hub: string,
  tokenFile: string,
  { study, hash }: SignedStudy,
  name: string,
): Promise<string | Finding> {
  const api = hubApi(hub, readToken(tokenFile), context.signal, hubWayOf(context.env));
  const { study: standing, jobs } = await api.jobs(study.id, '0', 0);
  const answered = jobs.filter(({ state }) => state === 'answered').length;
  const says = `${name}: ${standing.state} at ${hub}, ${answered} of ${jobs.length} answered`;
  const [missed] = await keptBack(record, standing);
  if (missed !== undefined)
    return { check: 'study', state: 'failed', says: `${says}; ${missed}`, remedy: 'Ask the hub operator.' };
  if (standing.hash !== hash)
    return warning(
      `${says}; the hub's newest is version ${standing.version}`,
      `Send version ${study.version} with \`moim study send\`, or amend again.`,
    );
  if (standing.state === 'paused') return warning(says, 'It goes on with `moim study resume ID --key K`.');
  return says;
}

const warning = (says: string, remedy: string): Finding => ({
  check: 'study',
  state: 'warning',
  says,
  remedy,
});
