/** A new epoch reaches live links: `moim hub epoch open` runs in another process, so the hub looks twice a second and has every site link anew. */

import { pause } from '#host/serve.ts';
import type { HubDb } from '../database.ts';
import type { Links } from '../link/server.ts';

const lookMs = 500;

export async function watchEpoch(db: HubDb, links: Pick<Links, 'drop'>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const { site } of await db.selectFrom('anew').select('site').execute()) links.drop(site);
    } catch {
      // The database is away: `watchDatabase` sees to it.
    }
    await pause(lookMs, signal);
  }
}
