/**
 * Somebody who holds a site's key while its link is up: a node started twice, a copied home, or a thief. It is refused; the hub's operator reads it
 * in the audit log and in `doctor`, the hospital's hears it over the live link. (A node whose connection died unseen comes back so too.)
 */

import { record } from '#host/audit-log.ts';
import type { Frame } from '#protocol/frame.ts';
import type { Site } from '../sites/site.ts';
import type { LinkDeps } from './server.ts';

/** Told at most this often for a site: whoever tries again and again fills nobody's log. */
const everyMs = 60_000;

/** Gives what is called for each such try. */
export function secondSessions(
  deps: LinkDeps,
  tell: (site: string, frame: Frame) => void,
): (site: Site) => Promise<void> {
  const last = new Map<string, number>();
  return async ({ site, fingerprint }) => {
    const now = deps.now();
    if (now - (last.get(site) ?? Number.NEGATIVE_INFINITY) < everyMs) return;
    last.set(site, now);
    deps.log.warn('second-session', { site, fingerprint });
    tell(site, { t: 'notice', code: 'second-session' });
    await deps.db
      .transaction()
      .execute((transaction) =>
        record(transaction, new Date(now).toISOString(), 'second-session', { site, fingerprint }),
      );
  };
}
