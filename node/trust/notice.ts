/** What the hub wants this hospital's operator to know: on record and in `doctor`. */

import { newestOf, record } from '#host/audit-log.ts';
import type { Finding } from '#host/diagnosis.ts';
import type { Log } from '#host/log.ts';
import { errors } from '#protocol/errors.ts';
import type { NodeDb } from '../database.ts';

export interface NoticeDeps {
  readonly db: NodeDb;
  readonly log: Log;
  readonly now: () => number;
}

/** A hub that repeats itself is put on record once in this time. */
const everyMs = 60_000;

export async function keepNotice({ db, log, now }: NoticeDeps, code: string): Promise<void> {
  log.warn('hub-notice', { code });
  const at = new Date(now()).toISOString();
  await db.transaction().execute(async (transaction) => {
    const last = await newestOf(transaction, 'hub-notice');
    if (last && Date.parse(at) - Date.parse(last.at) < everyMs) return;
    await record(transaction, at, 'hub-notice', { code });
  });
}

/** Days that `doctor` speaks of a notice. */
const days = 7;

export async function examineNotices(db: NodeDb, now: number): Promise<string | Finding> {
  const last = await newestOf(db, 'hub-notice');
  if (!last || now - Date.parse(last.at) > days * 86_400_000) return 'none from the hub';
  const { code } = last.body as { code: string };
  const known = code === 'second-session' ? errors[code] : undefined;
  return {
    check: 'notices',
    state: 'warning',
    says: `${last.at}: ${known?.text ?? code}`,
    remedy: known?.remedy ?? 'Ask the hub operator what it is about.',
  };
}
