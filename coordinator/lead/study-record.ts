/**
 * What a lead's home keeps of a study: the signed document, the sealing key made for it, and once it was sent the hub's URL and the
 * token file's path. Later commands need the study's id alone.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { readText, writeWhole } from '#host/home.ts';
import { MoimError } from '#protocol/errors.ts';
import { SealingPair } from '#protocol/keys.ts';
import { parseJson, parser } from '#protocol/schema.ts';

const StudyRecord = Type.Object(
  {
    study: Type.String(),
    jws: Type.String(),
    sealing: SealingPair,
    hub: Type.Optional(Type.String()),
    tokenFile: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type StudyRecord = Static<typeof StudyRecord>;

const path = (home: string, study: string): string => join(home, 'studies', `${study}.json`);

export function writeStudyRecord(home: string, record: StudyRecord): void {
  mkdirSync(join(home, 'studies'), { recursive: true, mode: 0o700 });
  writeWhole(path(home, record.study), `${JSON.stringify(record, null, 2)}\n`, 0o600);
}

/** Throws MoimError `study-unknown`. */
export function readStudyRecord(home: string, study: string): StudyRecord {
  const file = path(home, study);
  if (!/^[0-9a-f-]{36}$/.test(study) || !existsSync(file)) throw new MoimError('study-unknown', 'this home did not sign a study of this id');
  return parser(StudyRecord).parse(parseJson(readText(file, 'study record'), file), file);
}
