/**
 * ReleasedResult → SealedReply: the site signs the result, seals it to the recipients the signed study names and to its own archive key,
 * and signs a header over the ciphertext.
 */

import { createHmac } from 'node:crypto';
import { utf8 } from '#protocol/bytes.ts';
import { hash, type Json } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { padded, type ReplyContext, type ReplyHeader, sealedHash } from '#protocol/reply.ts';
import { type Sealed, seal } from '#protocol/seal.ts';
import { sign } from '#protocol/sign.ts';
import { recipientsHash } from '#protocol/study.ts';
import { ReleasedResult } from '../disclosure/release.ts';
import type { NodeIdentity } from '../identity.ts';
import type { PermittedJob } from './permit.ts';

export interface SealedReply {
  readonly job: string;
  readonly header: string;
  readonly sealed: Sealed;
  readonly plaintextSha256: string;
  readonly ciphertextSha256: string;
}

export async function sealReply(
  released: ReleasedResult,
  job: PermittedJob,
  identity: NodeIdentity,
): Promise<SealedReply> {
  if (!ReleasedResult.is(released)) throw new MoimError('internal', 'a result that was not released');
  const { answer } = released;
  const { verified } = job.facts;
  const { study } = verified.signed;
  if (answer.job !== verified.job || answer.studyHash !== verified.signed.hash)
    throw new MoimError('internal', 'a result of another job');
  if (job.facts.permission.kind === 'dry') throw new MoimError('internal', 'a dry run that would leave');
  const context: ReplyContext = {
    schema: 'moim-reply/1',
    study: answer.study,
    version: answer.version,
    studyHash: answer.studyHash,
    job: answer.job,
    site: answer.site,
    recipients: recipientsHash(study),
    // Keyed: there are few policies, and the hub could try them all against a plain hash.
    policy: createHmac('sha256', identity.archive.secret).update(job.facts.policyHash).digest('hex'),
  };
  const plaintext = await sign(answer as unknown as Json, 'moim-result', identity.key);
  const readers = [...study.recipients.map(({ sealingKey }) => sealingKey), identity.archive.public];
  const sealed = await seal(
    utf8(padded(plaintext, answer.cohorts.length)),
    readers,
    context as unknown as Json,
  );
  const ciphertext = sealedHash(sealed);
  const header: ReplyHeader = { context, sealedAt: answer.answeredAt, ciphertext };
  return {
    job: answer.job,
    header: await sign(header as unknown as Json, 'moim-reply', identity.key),
    sealed,
    plaintextSha256: hash(plaintext),
    ciphertextSha256: ciphertext,
  };
}
