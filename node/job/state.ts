/** The states a job goes through here, each written with its audit entry and told to the hub once it is durable. */

import { sql } from 'kysely';
import { record } from '#host/audit-log.ts';
import { errors, type MoimError } from '#protocol/errors.ts';
import type { JobState, RefusalReason } from '#protocol/frame.ts';
import type { NodeDb } from '../database.ts';
import type { Hold } from './decide.ts';
import { isNotPaused } from './order.ts';
import { endState, wireCode } from './outcome.ts';
import { NotPermitted } from './permit.ts';

export type Announce = (job: string, state: JobState, code?: string, reason?: RefusalReason) => void;

export interface StateDeps {
  readonly db: NodeDb;
  readonly now: () => number;
  readonly announce: Announce;
}

/** What the hub hears of a stored code: the coarse ones of the table, and nothing of why a job waits for persons. */
export function toldCode(code: string | null | undefined): string | undefined {
  return code && Object.hasOwn(errors, code) && 'wire' in errors[code as keyof typeof errors]
    ? code
    : undefined;
}

/** States that this hospital alone decides on. */
const undecided = ['waiting', 'awaiting-approval', 'running'] as const;

/**
 * The run begins: it is counted, for the quota and against the approvals it stands on. False where the job was stopped, or an approval used up
 * or withdrawn, since it was chosen: it is looked at again.
 */
export async function beginRun(deps: StateDeps, job: string, approvals: readonly string[]): Promise<boolean> {
  const at = new Date(deps.now()).toISOString();
  const begun = await deps.db
    .transaction()
    .execute(async (transaction) => {
      const row = await transaction
        .updateTable('job')
        .set({ state: 'running', code: null, held_until: null, started_at: at, changed_at: at })
        .where('job', '=', job)
        .where('state', 'in', undecided)
        .where(isNotPaused)
        .returning('job')
        .executeTakeFirst();
      if (!row || approvals.length === 0) return row !== undefined;
      const counted = await transaction
        .updateTable('approval')
        .set({ used: sql<number>`used + 1` })
        .where('id', 'in', approvals)
        .where('withdrawn_at', 'is', null)
        .whereRef('used', '<', 'runs')
        .returning('id')
        .execute();
      // Rolls the state back too.
      if (counted.length < approvals.length) throw new Stale();
      await record(transaction, at, 'job-started', { job, approvals: [...approvals] });
      return true;
    })
    .catch((cause: unknown) => {
      if (cause instanceof Stale) return false;
      throw cause;
    });
  if (begun) deps.announce(job, 'running');
  return begun;
}

class Stale extends Error {}

/**
 * Holds the job back. `look` is asked again with the job locked: a person who approves, or a policy that is put in force, locks it too, and
 * must not be overlooked by a decision made a moment before.
 */
export async function holdJob(
  deps: StateDeps,
  job: string,
  look: (transaction: NodeDb) => Promise<Hold | { readonly kind: 'granted' }>,
): Promise<void> {
  const at = new Date(deps.now()).toISOString();
  const held = await deps.db.transaction().execute(async (transaction) => {
    const row = await transaction
      .selectFrom('job')
      .select(['state', 'code', 'held_until'])
      .where('job', '=', job)
      .where('state', 'in', undecided)
      .where(isNotPaused)
      .forUpdate()
      .executeTakeFirst();
    const hold = row && (await look(transaction));
    if (hold?.kind !== 'held') return undefined;
    const { state, code, until } = hold;
    await transaction
      .updateTable('job')
      .set({ state, code, held_until: until, changed_at: at })
      .where('job', '=', job)
      .execute();
    if (row?.state !== state || row.code !== code) await record(transaction, at, 'job-held', { job, code });
    return hold;
  });
  if (held) deps.announce(job, held.state, toldCode(held.code));
}

/** Objections of the policy that the audit log keeps; they name parts of the definition, nothing of the data. */
const mostTold = 20;

/** The job ends unanswered. False where something else decided on it meanwhile: its state stands. */
export async function endJob(deps: StateDeps, job: string, error: MoimError): Promise<boolean> {
  const at = new Date(deps.now()).toISOString();
  const [state, code] = [endState(error), wireCode(error)];
  const objections = error instanceof NotPermitted ? error.objections.slice(0, mostTold) : [];
  const ended = await deps.db.transaction().execute(async (transaction) => {
    const row = await transaction
      .updateTable('job')
      .set({ state, code, held_until: null, changed_at: at })
      .where('job', '=', job)
      .where('state', 'in', undecided)
      .where(isNotPaused)
      .returning('job')
      .executeTakeFirst();
    if (row)
      await record(transaction, at, `job-${state}`, {
        job,
        code: error.code,
        ...(objections.length > 0 ? { why: objections.map(({ rule, says }) => `${rule}: ${says}`) } : {}),
      });
    return row !== undefined;
  });
  if (ended) deps.announce(job, state, code);
  return ended;
}

/** Tells the hub what other processes (a person's command) decided; gives those jobs. */
export async function tellStates(deps: StateDeps): Promise<readonly { job: string; state: JobState }[]> {
  const rows = await deps.db
    .updateTable('job')
    .set({ untold: false })
    .where('untold', '=', true)
    .returning(['job', 'state', 'code', 'reason'])
    .execute();
  for (const { job, state, code, reason } of rows)
    deps.announce(job, state, toldCode(code), (reason ?? undefined) as RefusalReason | undefined);
  return rows;
}

/** Whether a job that was held back is due again, or a command put something into the inbox (`node carry-in`). */
export async function isDue(deps: StateDeps): Promise<boolean> {
  const row = await deps.db
    .selectFrom('job')
    .select('job')
    .where('state', 'in', ['waiting', 'awaiting-approval'])
    .where('held_until', '<=', new Date(deps.now()).toISOString())
    .where('unconfirmed', '=', false)
    .where(isNotPaused)
    .limit(1)
    .executeTakeFirst();
  if (row) return true;
  const arrived = await deps.db
    .selectFrom('inbox')
    .select('message')
    .where('handled_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return arrived !== undefined;
}
