/** A new version of the roster reaches live links: approvals and revocations may come from another process, so the hub looks twice a second. */

import { pause } from '#host/serve.ts';
import type { HubDb } from '../database.ts';
import { newestRosterHead } from './roster.ts';

const lookMs = 500;

/** Calls `tell` with each newer head, until `signal` is aborted. */
export async function watchRoster(
  db: HubDb,
  tell: (head: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let told: bigint | undefined;
  while (!signal.aborted) {
    try {
      const newest = await newestRosterHead(db);
      if (newest && told !== undefined && newest.version > told) tell(newest.head);
      told = newest?.version ?? 0n;
    } catch {
      // The database is away: `watchDatabase` sees to it.
    }
    await pause(lookMs, signal);
  }
}
