/** `moim study diff A B`: what changes from one study to another, a line a change. */

import { existsSync } from 'node:fs';
import { type Command, type CommandContext, needArg } from '#host/command.ts';
import { readText } from '#host/home.ts';
import { MoimError } from '#protocol/errors.ts';
import { claimedLead, openStudy } from '#protocol/study.ts';
import { type DiffableStudy, studyDiff } from '#protocol/study-diff.ts';
import { readDraftFile } from '../../sign.ts';
import { readSignedFile } from '../../signed-file.ts';
import { readStudyRecord, signedVersion } from '../../study-record.ts';

export const diff: Command = {
  summary:
    'Say in words what changes from A to B. Each is a signed file, a study.json, or ID@VERSION of a study signed in this home.',
  usage: 'A B',
  async run(context) {
    const [before, after] = [await studyOf(context, 0, 'A'), await studyOf(context, 1, 'B')];
    const changes = studyDiff(before, after);
    if (context.json) context.out(JSON.stringify({ changes }));
    else for (const line of changes) context.out(line);
    if (changes.length === 0) context.note('nothing changes');
    if ('id' in before && 'id' in after && before.id !== after.id)
      context.note('these are two studies, not two versions of one');
    return 0;
  },
};

/** The signature is checked by the key the document names: whose it is, this command does not say. */
async function studyOf(context: CommandContext, place: number, name: string): Promise<DiffableStudy> {
  const text = needArg(context, place, name);
  const [, id, version] = /^([0-9a-f-]{36})@(\d{1,6})$/.exec(text) ?? [];
  if (id !== undefined && !existsSync(text)) return opened(await versionOf(context, id, Number(version)));
  const value: unknown = parsed(readText(text, name));
  const signed = typeof value === 'object' && value !== null && 'jws' in value;
  return signed ? opened(readSignedFile(text).jws) : readDraftFile(text);
}

async function versionOf(context: CommandContext, id: string, version: number): Promise<string> {
  const record = readStudyRecord(context.home, id);
  const newest = await opened(record.jws);
  const jws = version === newest.version ? record.jws : signedVersion(record, version);
  if (jws === undefined)
    throw new MoimError('study-unknown', `this home did not sign a version ${version} of the study`);
  return jws;
}

const opened = async (jws: string) => (await openStudy(jws, claimedLead(jws))).study;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Read again by whoever knows what it should be, and refused there with its place.
    return undefined;
  }
}
