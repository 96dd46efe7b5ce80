/** `doctor` of a hub: whether somebody tried to link with a key whose link was up. */

import { newestOf } from '#host/audit-log.ts';
import type { Finding } from '#host/diagnosis.ts';
import { errors } from '#protocol/errors.ts';
import type { HubDb } from '../database.ts';

/** Days that `doctor` speaks of it. */
const days = 7;

export async function examineSessions(db: HubDb, now: number): Promise<string | Finding> {
  const last = await newestOf(db, 'second-session');
  if (!last || now - Date.parse(last.at) > days * 86_400_000) return 'one a site';
  const { text, remedy } = errors['second-session'];
  return {
    check: 'sessions',
    state: 'warning',
    says: `${last.at}, ${String(last.body.site)}: ${text}`,
    remedy: `Ask the hospital whether it knows of it (a connection that died unseen looks alike). ${remedy}`,
  };
}
