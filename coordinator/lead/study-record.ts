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

const Version = { version: Type.Integer({ minimum: 1 }), hash: Sha256 };
const closed = { additionalProperties: false } as const;

const StudyRecord = Type.Object(
  {
    study: Type.String(),
    /** The newest version. */
    jws: Type.String(),
    /** Every other one that was signed here, also one that was never sent and gave way to another of its number. */
    older: Type.Optional(Type.Array(Type.Object({ ...Version, jws: Type.String() }, closed))),
    /** What went to the hub and may have come there, whatever the hub says of it later. */
    sent: Type.Optional(Type.Array(Type.Object(Version, closed))),
    hub: Type.Optional(Type.String()),
    tokenFile: Type.Optional(Type.String()),
    /** The last order that was signed here. */
    order: Type.Optional(Type.String()),
  },
  closed,
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

/** The record with a newer version on top; `newest` is the one that was there, known by its hash like all that were signed. */
export function withVersion(record: StudyRecord, newest: SignedStudy, signed: SignedStudy): StudyRecord {
  const others = (record.older ?? []).filter(({ hash }) => hash !== newest.hash && hash !== signed.hash);
  const last = { version: newest.study.version, hash: newest.hash, jws: newest.jws };
  return { ...record, jws: signed.jws, older: [...others, last] };
}

/** The record of a version that is about to be sent. */
export function withSent(record: StudyRecord, { study, hash }: SignedStudy): StudyRecord {
  const others = (record.sent ?? []).filter((each) => each.hash !== hash);
  return { ...record, sent: [...others, { version: study.version, hash }] };
}

/**
 * Throws MoimError `study-exists` where another document of this number went to the hub: with two of them a hub could show some hospitals the
 * one and some the other, both signed.
 */
export function refuseSecond(record: StudyRecord, version: number, hash?: string): void {
  const other = record.sent?.find((each) => each.version === version && each.hash !== hash);
  if (other)
    throw new MoimError(
      'study-exists',
      `version ${version} with hash ${other.hash} went to the hub already`,
      {
        remedy:
          'Send the signed file of that version again (`moim study send`), then amend. A hub that took it and shows an older one keeps it back: ask its operator, or sign a new study.',
      },
    );
}

/** The version of a number that was signed here: of several the one that was sent, else the last. */
export function signedVersion(record: StudyRecord, version: number): string | undefined {
  const own = (record.older ?? []).filter((each) => each.version === version);
  const sent = own.find(({ hash }) => record.sent?.some((each) => each.hash === hash));
  return (sent ?? own.at(-1))?.jws;
}

const makeFolder = (home: string): void => void mkdirSync(folder(home), { recursive: true, mode: 0o700 });
