/**
 * What a lead's home keeps of a study: every version it signed, its last order, and once it was sent the hub's URL and the token file's path;
 * beside it, in key files of their own (encrypted where a passphrase is set), the sealing key made for each version. Later commands need the
 * study's id alone.
 */

import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { readText, writeWhole } from '#host/home.ts';
import { readSealingPair, writeSealingPair } from '#host/key-file.ts';
import { MoimError } from '#protocol/errors.ts';
import { Sha256 } from '#protocol/ids.ts';
import type { SealingPair } from '#protocol/keys.ts';
import { parseJson, parser } from '#protocol/schema.ts';
import type { SignedStudy } from '#protocol/study.ts';

const StudyRecord = Type.Object(
  {
    study: Type.String(),
    /** The newest version. */
    jws: Type.String(),
    /** The versions before it. */
    older: Type.Optional(
      Type.Array(
        Type.Object(
          { version: Type.Integer({ minimum: 1 }), hash: Sha256, jws: Type.String() },
          { additionalProperties: false },
        ),
      ),
    ),
    hub: Type.Optional(Type.String()),
    tokenFile: Type.Optional(Type.String()),
    /** The last order that was signed here. */
    order: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type StudyRecord = Static<typeof StudyRecord>;

const folder = (home: string): string => join(home, 'studies');
const path = (home: string, study: string): string => join(folder(home), `${study}.json`);

/** Version 1 keeps the name it always had; a later one is known by its hash, since one that was never sent may be signed again. */
function keyPath(home: string, { study, hash }: Pick<SignedStudy, 'study' | 'hash'>): string {
  const name = study.version === 1 ? study.id : `${study.id}.v${study.version}.${hash.slice(0, 16)}`;
  return join(folder(home), `${name}.key.json`);
}

export function writeStudyKey(
  home: string,
  signed: SignedStudy,
  sealing: SealingPair,
  passphrase?: string,
): void {
  makeFolder(home);
  writeSealingPair(keyPath(home, signed), sealing, passphrase);
}

/** The pair that opens the answers of a version that this home signed. */
export const readStudyKey = (home: string, signed: SignedStudy, passphrase?: string): SealingPair =>
  readSealingPair(keyPath(home, signed), passphrase);

export function writeStudyRecord(home: string, record: StudyRecord): void {
  makeFolder(home);
  writeWhole(path(home, record.study), `${JSON.stringify(record, null, 2)}\n`, 0o600);
}

/** Throws MoimError `study-unknown`. */
export function readStudyRecord(home: string, study: string): StudyRecord {
  const file = path(home, study);
  if (!/^[0-9a-f-]{36}$/.test(study) || !existsSync(file))
    throw new MoimError('study-unknown', 'this home did not sign a study of this id');
  return parser(StudyRecord).parse(parseJson(readText(file, 'study record'), file), file);
}

/** The ids of the studies that this home signed. */
export function listStudyRecords(home: string): string[] {
  if (!existsSync(folder(home))) return [];
  return readdirSync(folder(home))
    .flatMap((name) => /^([0-9a-f-]{36})\.json$/.exec(name)?.[1] ?? [])
    .sort();
}

/** The record with a newer version on top of the one it follows; one of the same number that was never sent gives way to it. */
export function withVersion(record: StudyRecord, before: SignedStudy, signed: SignedStudy): StudyRecord {
  const kept = (record.older ?? []).filter(({ version }) => version < before.study.version);
  const last = { version: before.study.version, hash: before.hash, jws: before.jws };
  return { ...record, jws: signed.jws, older: [...kept, last] };
}

const makeFolder = (home: string): void => void mkdirSync(folder(home), { recursive: true, mode: 0o700 });
