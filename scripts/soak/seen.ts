/** What was read of the network at one time: plain data, so that the checks are pure. */

import type { PooledResult } from '#lead/pool.ts';
import type { LedgerEntry } from '#protocol/ledger.ts';
import type { SentStudy } from './load.ts';
import type { PartyName, SiteName } from './plan.ts';

export interface SeenJob {
  readonly job: string;
  readonly state: string;
  readonly code: string | null;
}

export interface SeenSite {
  readonly jobs: readonly SeenJob[];
  readonly released: readonly { readonly job: string; readonly ciphertext: string }[];
  readonly audit: readonly LedgerEntry[];
  /** Every reply that was ever put in the outbox. */
  readonly sent: readonly { readonly job: string; readonly acked: boolean }[];
  /** Envelopes of the inbox that nobody has handled. */
  readonly unhandled: number;
  /** Whether it stands still because it thinks itself set back. */
  readonly halted: boolean;
}

export interface SeenHub {
  readonly studies: readonly string[];
  readonly jobs: readonly (SeenJob & { readonly study: string; readonly site: string })[];
  readonly replies: readonly { readonly job: string; readonly ciphertext: string }[];
  readonly audit: readonly LedgerEntry[];
  /** Heads of the sites' audit logs that the hub countersigned. */
  readonly witness: readonly { readonly site: string; readonly n: number; readonly hash: string }[];
  /** Sites with envelopes that they have not acknowledged. */
  readonly waiting: readonly string[];
  readonly halted: boolean;
}

export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

export interface SeenSession {
  readonly party: PartyName;
  readonly pid: number;
  readonly state: string;
  readonly seconds: number;
}

export interface Seen {
  readonly studies: readonly SentStudy[];
  readonly hub: SeenHub;
  readonly sites: ReadonlyMap<SiteName, SeenSite>;
  /** What the lead's `study result` said, by study; not of every study each time. */
  readonly pools: ReadonlyMap<string, PooledResult>;
  /** Sites whose work may not have come to its end yet: what they hold must be true, but need not be done. */
  readonly away: ReadonlySet<SiteName>;
}

/** One thing that must not be, in words a person can look for. */
export interface Breach {
  readonly check: string;
  readonly says: string;
}
