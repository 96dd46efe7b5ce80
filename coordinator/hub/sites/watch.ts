/** Revocation reaches live links: `moim hub revoke` runs in another process, so the hub looks twice a second. */

import { pause } from '#host/serve.ts';
import type { HubDb } from '../database.ts';
import type { Links } from '../link/server.ts';

const lookMs = 500;

export async function watchSites(db: HubDb, links: Links, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(lookMs, signal);
    try {
      const revoked = await db.selectFrom('site').select('site').where('state', '=', 'revoked').execute();
      for (const { site } of revoked) links.drop(site);
    } catch {
      // The database is away: `watchDatabase` sees to it, and no link is opened meanwhile.
    }
  }
}
