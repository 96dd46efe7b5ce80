/** The file that a signed study travels in from the machine that signs to the one that sends. */

import Type from 'typebox';
import { readText, writeWhole } from '#host/home.ts';
import { MoimError } from '#protocol/errors.ts';
import { RotationChain } from '#protocol/rotation.ts';
import { parser } from '#protocol/schema.ts';
import type { SignedStudy } from '#protocol/study.ts';

export interface SignedFile {
  readonly jws: string;
  /** Beside an amended version: the lead's withdrawal of the one before, for the sites that it leaves out. */
  readonly order?: string;
  /** The lead's signatures over each site's own copy, in the order of the study's sites. */
  readonly copies?: readonly string[];
  /** How the lead's key came from the one that signed the version before. */
  readonly rotations?: readonly string[];
}

export function writeSignedFile(
  path: string,
  { study, hash }: SignedStudy,
  { jws, order, copies, rotations }: SignedFile,
): void {
  const file = {
    study: study.id,
    version: study.version,
    hash,
    jws,
    ...(order === undefined ? {} : { order }),
    ...(copies === undefined || copies.length === 0 ? {} : { copies }),
    ...(rotations === undefined || rotations.length === 0 ? {} : { rotations }),
  };
  writeWhole(path, `${JSON.stringify(file)}\n`, 0o644);
}

const signatures = parser(Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]{86}$' })));

const chains = parser(RotationChain);

/** Throws MoimError `bad-input`. */
export function readSignedFile(path: string): SignedFile {
  let value: unknown;
  try {
    value = JSON.parse(readText(path, 'signed study'));
  } catch (cause) {
    if (cause instanceof MoimError) throw cause;
    throw new MoimError('bad-input', `${path} is not a signed study`);
  }
  if (typeof value === 'object' && value !== null && 'jws' in value && typeof value.jws === 'string') {
    const order = 'order' in value && typeof value.order === 'string' ? { order: value.order } : {};
    const copies = 'copies' in value ? { copies: signatures.parse(value.copies, path) } : {};
    const rotations = 'rotations' in value ? { rotations: chains.parse(value.rotations, path) } : {};
    return { jws: value.jws, ...order, ...copies, ...rotations };
  }
  throw new MoimError('bad-input', `${path} is not a signed study`, {
    remedy: 'Sign it with `moim study sign` first.',
  });
}
