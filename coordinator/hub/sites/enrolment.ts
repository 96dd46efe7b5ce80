/** A node asks to be enrolled, over HTTP or by a file: it holds a token and the key it shows. */

import { canonical, type Json } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import type { PublicKey } from '#protocol/keys.ts';
import { verifySignature } from '#protocol/sign.ts';
import type { HubDb } from '../database.ts';
import { enrol } from './site.ts';
import type { Bearer } from './token.ts';

/** Throws MoimError `bad-signature` where the proof is for another token or key, and what `enrol` throws. */
export async function enrolProven(
  db: HubDb,
  now: number,
  bearer: Bearer,
  { key, proof }: { readonly key: PublicKey; readonly proof: string },
) {
  const proven = await verifySignature(proof, 'moim-enrol', key);
  if (canonical(proven as Json) !== canonical({ token: bearer.sha256 }))
    throw new MoimError('bad-signature', 'the proof is for another token');
  return enrol(db, now, bearer, key);
}
