/**
 * Makes the vectors of the roster, its head and the rotation, which came to version 1 after its first vectors were frozen. Written once by
 * `node test/vectors/make-trust.ts`, which refuses to write over a file.
 */

import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fingerprint, publicOf } from '#protocol/keys.ts';
import { type Roster, signRoster } from '#protocol/roster.ts';
import { signRotation } from '#protocol/rotation.ts';
import * as fixed from './fixed.ts';

export const trustNames = ['roster', 'rotation'] as const;
export type TrustName = (typeof trustNames)[number];

export const trustFile = (name: TrustName): string =>
  fileURLToPath(new URL(`v1-trust/${name}.json`, import.meta.url));

/** The text of every file as today's code makes it. */
export async function makeTrust(): Promise<Record<TrustName, string>> {
  const rotation = await signRotation('site', fixed.siteKey, fixed.strangerKey, fixed.instant());
  const later = fixed.instant(fixed.noon + 3_600_000);
  const roster: Roster = {
    schema: 'moim-roster/1',
    version: 2,
    issuedAt: later,
    previous: 'd'.repeat(64),
    sites: [
      {
        site: 'busan',
        key: publicOf(fixed.leadKey),
        fingerprint: fingerprint(publicOf(fixed.leadKey)),
        validFrom: fixed.instant(),
        validUntil: later,
        state: 'revoked',
      },
      {
        site: 'seoul',
        key: publicOf(fixed.siteKey),
        fingerprint: fingerprint(publicOf(fixed.siteKey)),
        validFrom: fixed.instant(),
        validUntil: later,
        state: 'approved',
      },
      {
        site: 'seoul',
        key: publicOf(fixed.strangerKey),
        fingerprint: fingerprint(publicOf(fixed.strangerKey)),
        validFrom: later,
        state: 'approved',
        rotation,
      },
    ],
  };
  const vectors: Record<TrustName, object> = {
    roster: { key: publicOf(fixed.hubKey), ...(await signRoster(roster, fixed.hubKey)) },
    rotation: { from: publicOf(fixed.siteKey), to: publicOf(fixed.strangerKey), role: 'site', jws: rotation },
  };
  return Object.fromEntries(
    Object.entries(vectors).map(([name, value]) => [name, `${JSON.stringify(value, null, 2)}\n`]),
  ) as Record<TrustName, string>;
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await makeTrust()) as [TrustName, string][]) {
    if (!existsSync(trustFile(name))) writeFileSync(trustFile(name), text, { flag: 'wx' });
  }
}
