/**
 * What a restore leaves of the state that a backup holds. A backup does not know what persons took back after it was made: it gives nothing its
 * permission again.
 */

import { record } from '#host/audit-log.ts';
import type { LedgerHead } from '#protocol/ledger.ts';
import type { NodeDb } from '../database.ts';
import { readStanding } from './standing.ts';

interface Restore {
  readonly takenAt: string;
  readonly audit: LedgerHead;
  readonly person: string;
  readonly at: string;
}

/**
 * Withdraws every open approval, lets open jobs wait until the hub sends them again, and holds the node until it has met its hub and a person has
 * confirmed the policy, the leads, the peer sites and the persons (`openEpoch`).
 */
export async function markRestored(db: NodeDb, { takenAt, audit, person, at }: Restore): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const withdrawn = await transaction
      .updateTable('approval')
      .set({ withdrawn_at: at })
      .where('withdrawn_at', 'is', null)
      .where('job', 'in', (each) => each.selectFrom('job').select('job').where('state', 'in', open))
      .returning('id')
      .execute();
    const held = await transaction
      .updateTable('job')
      .set({ unconfirmed: true })
      .where('state', 'in', open)
      .returning('job')
      .execute();
    await transaction.updateTable('job').set({ state: 'waiting' }).where('state', '=', 'running').execute();
    const { epoch, haltedAt, code } = await readStanding(transaction);
    // Also of a node that stood still already: it has not met its hub since.
    const facts = {
      halted_at: null,
      code: 'restored',
      ...(haltedAt === null && code === null ? { seen: null } : {}),
    };
    await transaction
      .insertInto('standing')
      .values({ epoch, seen: null, ...facts })
      .onConflict((conflict) => conflict.column('one').doUpdateSet(facts))
      .execute();
    await record(transaction, at, 'restored', {
      takenAt,
      audit: { ...audit },
      person,
      approvalsWithdrawn: withdrawn.map(({ id }) => id),
      jobsHeld: held.map(({ job }) => job),
    });
  });
}

const open = ['waiting', 'running', 'awaiting-approval'] as const;
