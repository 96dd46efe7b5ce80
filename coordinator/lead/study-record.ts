/**
 * What a lead's home keeps of a study: the signed document, and once it was sent the hub's URL and the token file's path; beside it, in a
 * key file of its own (encrypted where a passphrase is set), the sealing key made for it. Later commands need the study's id alone.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { readText, writeWhole } from '#host/home.ts';
import { readSealingPair, writeSealingPair } from '#host/key-file.ts';
import { MoimError } from '#protocol/errors.ts';
import type { SealingPair } from '#protocol/keys.ts';
import { parseJson, parser } from '#protocol/schema.ts';

const StudyRecord = Type.Object(
  {
    study: Type.String(),
    jws: Type.String(),
    hub: Type.Optional(Type.String()),
    tokenFile: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type StudyRecord = Static<typeof StudyRecord>;

const path = (home: string, study: string): string => join(home, 'studies', `${study}.json`);
const keyPath = (home: string, study: string): string => join(home, 'studies', `${study}.key.json`);

export function writeStudyKey(home: string, study: string, sealing: SealingPair, passphrase?: string): void {
  writeSealingPair(keyPath(home, study), sealing, passphrase);
}

/** The pair that opens the answers of a study this home signed. */
export const readStudyKey = (home: string, study: string, passphrase?: string): SealingPair =>
  readSealingPair(keyPath(home, study), passphrase);

export function writeStudyRecord(home: string, record: StudyRecord): void {
  mkdirSync(join(home, 'studies'), { recursive: true, mode: 0o700 });
  writeWhole(path(home, record.study), `${JSON.stringify(record, null, 2)}\n`, 0o600);
}

/** Throws MoimError `study-unknown`. */
export function readStudyRecord(home: string, study: string): StudyRecord {
  const file = path(home, study);
  if (!/^[0-9a-f-]{36}$/.test(study) || !existsSync(file))
    throw new MoimError('study-unknown', 'this home did not sign a study of this id');
  return parser(StudyRecord).parse(parseJson(readText(file, 'study record'), file), file);
}
