/** What the bench and its child processes say to each other. */

import type { PublicKey } from '#protocol/keys.ts';

export interface SeedSite {
  readonly site: string;
  readonly key: PublicKey;
}

export type ToNodes =
  | { readonly kind: 'make'; readonly sites: number }
  | { readonly kind: 'connect'; readonly url: string; readonly hubKey: PublicKey; readonly most: number }
  | { readonly kind: 'prepare'; readonly study: string }
  | { readonly kind: 'bare'; readonly port: number; readonly sites: number }
  | { readonly kind: 'bare-round'; readonly bytes: number };

/** Times are milliseconds since the epoch, with fractions. */
export type FromNodes =
  | { readonly kind: 'made'; readonly sites: readonly SeedSite[] }
  | { readonly kind: 'connected'; readonly links: number }
  | { readonly kind: 'prepared'; readonly bytes: number }
  | { readonly kind: 'round'; readonly delivered: readonly number[]; readonly stored: readonly number[] }
  | { readonly kind: 'fault'; readonly what: string };

export const clock = (): number => performance.timeOrigin + performance.now();
