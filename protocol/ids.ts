/** Ids and names that cross the wire, branded so that one cannot stand for another. */

import Type, { type Static } from 'typebox';
import { toHex } from './bytes.ts';

const uuidPattern = '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$';

/** UUIDv7 (RFC 9562 §5.7). */
export const Uuid = Type.String({ pattern: uuidPattern });
/** A site's short name: `[a-z0-9-]{2,32}`. */
export const SiteSlug = Type.String({ pattern: '^[a-z0-9-]{2,32}$' });
/** SHA-256, lower-case hex. */
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
/** A key's fingerprint: 80 bits of its RFC 7638 thumbprint, base32, in groups of four. */
export const Fingerprint = Type.String({ pattern: '^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$' });
/** An instant: ISO 8601, UTC, milliseconds. */
export const Instant = Type.String({
  pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{3}Z$',
});
/** A calendar date, `YYYY-MM-DD`. */
export const CalendarDate = Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' });

export type Uuid = Static<typeof Uuid>;
export type SiteSlug = Static<typeof SiteSlug>;
export type Sha256 = Static<typeof Sha256>;
export type Fingerprint = Static<typeof Fingerprint>;

/** Where randomness comes from: an argument wherever it is used, so that vectors and replays are possible. */
export type Random = (length: number) => Uint8Array;

/** The platform's cryptographic randomness. */
export const secureRandom: Random = (length) => globalThis.crypto.getRandomValues(new Uint8Array(length));

/** A UUIDv7 of the instant `now` (ms since the epoch). */
export function uuidv7(now: number, random: Random = secureRandom): Uuid {
  const bytes = random(16);
  for (let i = 0; i < 6; i += 1) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
