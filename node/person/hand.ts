/**
 * Whose hand a person is in. Whoever registers a person is shown the credential and could act as both, so the two count as one, and with them all
 * whom they add. A person is a hand of their own where the console registered them, or a person of another hand confirmed them.
 */

import { MoimError } from '#protocol/errors.ts';
import type { NodeDb } from '../database.ts';

/** What the console's decisions carry once somebody is registered; no person's name. */
export const consoleHand = 'console';

/** The hand of a registered person. Throws MoimError `not-found`. */
export async function handOf(db: NodeDb, name: string): Promise<string> {
  const row = await db
    .selectFrom('person')
    .select('hand')
    .where('name', '=', name)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  if (!row) throw new MoimError('not-found', 'no registered person has this name');
  return row.hand;
}

/**
 * Whether the console may act: as long as nobody was ever registered, and then to add the first data-protection officer. Who was removed counts,
 * or removing everybody would give the console its rights back.
 */
export async function isConsoles(db: NodeDb, adding?: string): Promise<boolean> {
  const rows = await db.selectFrom('person').select('role').execute();
  return rows.length === 0 || (adding === 'dpo' && !rows.some(({ role }) => role === 'dpo'));
}
