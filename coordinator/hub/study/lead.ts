/** Which key speaks for a study: the one that signed it, or one that follows it by the rotations its lead shows. */

import { canonical, type Json } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { type PublicKey, thumbprint } from '#protocol/keys.ts';
import { follow } from '#protocol/rotation.ts';
import { claimedKey, verifySignature } from '#protocol/sign.ts';
import { claimedLead } from '#protocol/study.ts';

/** The key under which `document` is to be verified, where it speaks for the study `jws`. Throws MoimError `bad-signature`. */
export async function leadFor(
  jws: string,
  document: string,
  rotations: readonly string[] = [],
): Promise<PublicKey> {
  const signer = claimedLead(jws);
  const kid = claimedKey(document);
  if (kid === thumbprint(signer)) return signer;
  const followed = rotations.length === 0 ? undefined : await follow(rotations, 'lead', signer);
  if (followed && thumbprint(followed.key) === kid) return followed.key;
  throw new MoimError('bad-signature', 'signed by another key than the study, and none that follows it');
}

/** That whoever holds the study's key holds this token too: the proof names it. Throws MoimError `bad-signature`. */
export async function checkProof(
  jws: string,
  proof: string,
  tokenSha256: string,
  rotations?: readonly string[],
): Promise<void> {
  const proven = await verifySignature(proof, 'moim-enrol', await leadFor(jws, proof, rotations));
  if (canonical(proven as Json) !== canonical({ token: tokenSha256 }))
    throw new MoimError('bad-signature', 'the proof is for another token');
}
