/** Makes the golden vector of a carried file from fixed keys, clock and ids. Written once: `node test/vectors/make-carry.ts` writes over nothing. */

import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Carry, signCarry } from '#protocol/carry.ts';
import { sealEnvelope } from '#protocol/envelope.ts';
import { publicOf, thumbprint } from '#protocol/keys.ts';
import { signStudy } from '#protocol/study.ts';
import * as fixed from './fixed.ts';

export const carryVectorFile = fileURLToPath(new URL('carry-v1.json', import.meta.url));

/** The text of the file as today's code makes it. */
export async function makeCarryVector(): Promise<string> {
  const signed = await signStudy(fixed.draft, {
    key: fixed.leadKey,
    sealingKey: fixed.studySealing.public,
    signedAt: fixed.instant(),
    nextId: fixed.fixedIds('study'),
  });
  const ids = fixed.fixedIds('carry');
  const hub = thumbprint(publicOf(fixed.hubKey));
  const job = fixed.jobOf(signed, 'seoul');
  const toSite: Carry = {
    v: 1,
    id: ids(),
    from: 'hub',
    to: 'seoul',
    hub,
    madeAt: fixed.instant(),
    ack: { epoch: 1, seq: 7 },
    deliveries: [
      { epoch: 1, seq: 42, envelope: await sealEnvelope(fixed.jobEnvelope(signed), fixed.hubKey) },
    ],
    states: [],
    head: { epoch: 1, n: 12, hash: 'c'.repeat(64) },
    receipts: [],
  };
  const toHub: Carry = {
    v: 1,
    id: ids(),
    from: 'seoul',
    to: 'hub',
    hub,
    madeAt: fixed.instant(),
    ack: { epoch: 1, seq: 42 },
    deliveries: [],
    states: [
      { job, state: 'refused', code: 'hospital-refused', reason: 'scope' },
      { job: ids(), state: 'running' },
    ],
  };
  const vector = {
    hub: publicOf(fixed.hubKey),
    site: publicOf(fixed.siteKey),
    toSite: { carry: toSite, jws: await signCarry(toSite, fixed.hubKey) },
    toHub: { carry: toHub, jws: await signCarry(toHub, fixed.siteKey) },
  };
  return `${JSON.stringify(vector, null, 2)}\n`;
}

if (import.meta.main && !existsSync(carryVectorFile))
  writeFileSync(carryVectorFile, await makeCarryVector(), { flag: 'wx' });
