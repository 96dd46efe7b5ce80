/** Makes the vector of a witnessed audit head from fixed keys and clock; it refuses to write over the file. test/protocol/witness.test.ts holds today's code against it. */

import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { publicOf } from '#protocol/keys.ts';
import { type AuditHead, signHead, signReceipt } from '#protocol/witness.ts';
import * as fixed from './fixed.ts';

export const witnessFile = fileURLToPath(new URL('witness-v1.json', import.meta.url));

export async function makeWitness(): Promise<string> {
  const facts = { site: 'seoul', epoch: 1, n: 7, hash: 'c'.repeat(64), at: fixed.instant() };
  const head: AuditHead = { schema: 'moim-head/1', ...facts };
  const jws = await signHead(facts, fixed.siteKey);
  const receivedAt = fixed.instant(fixed.noon + 1_000);
  const receipt = await signReceipt(head, jws, receivedAt, fixed.hubKey);
  const vector = {
    site: publicOf(fixed.siteKey),
    hub: publicOf(fixed.hubKey),
    head,
    jws,
    receivedAt,
    receipt,
  };
  return `${JSON.stringify(vector, null, 2)}\n`;
}

if (import.meta.main && !existsSync(witnessFile))
  writeFileSync(witnessFile, await makeWitness(), { flag: 'wx' });
