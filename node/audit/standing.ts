/**
 * How this node stands with its own past. A node that was set back (an old backup, a database cut short) must not go on as if nothing had
 * been: it would give numbers and audit entries a second meaning. It stands still, over restarts, until a person admits the loss and opens a
 * new epoch.
 */

import Type, { type Static } from 'typebox';
import { record } from '#host/audit-log.ts';
import type { Finding } from '#host/diagnosis.ts';
import type { Log } from '#host/log.ts';
import { MoimError } from '#protocol/errors.ts';
import { Sha256 } from '#protocol/ids.ts';
import { parser } from '#protocol/schema.ts';
import type { NodeDb } from '../database.ts';

const closed = { additionalProperties: false } as const;
const Ordinal = Type.Integer({ minimum: 0 });
const Head = Type.Object({ epoch: Ordinal, n: Ordinal, hash: Sha256 }, closed);
export type SeenHead = Static<typeof Head>;

/** What others hold that this node does not: the newest position, and the newest audit head. */
const Seen = Type.Object(
  {
    position: Type.Optional(Type.Object({ epoch: Ordinal, seq: Ordinal }, closed)),
    head: Type.Optional(Head),
  },
  closed,
);
export type Seen = Static<typeof Seen>;
const seens = parser(Seen);

export interface Standing {
  readonly epoch: bigint;
  /** Since when the node stands still for a person; null in a restored one that has not met its hub yet. */
  readonly haltedAt: string | null;
  /** `set-back`; `restored`: from a backup, and no person has confirmed yet what is in force in it. */
  readonly code: string | null;
  readonly seen: Seen;
}

export async function readStanding(db: Pick<NodeDb, 'selectFrom'>): Promise<Standing> {
  const row = await db.selectFrom('standing').selectAll().executeTakeFirst();
  if (!row) return { epoch: 1n, haltedAt: null, code: null, seen: {} };
  const seen = seens.check(row.seen) ? row.seen : {};
  return { epoch: row.epoch, haltedAt: row.halted_at, code: row.code, seen };
}

/** Whether nothing may be answered now. */
export async function standsStill(db: Pick<NodeDb, 'selectFrom'>): Promise<boolean> {
  const { haltedAt, code } = await readStanding(db);
  return haltedAt !== null || code === 'restored';
}

/** Throws MoimError `set-back` where nothing may leave: whatever sends asks this in its transaction. */
export async function refuseStanding(db: Pick<NodeDb, 'selectFrom'>): Promise<void> {
  if (await standsStill(db)) throw new MoimError('set-back');
}

export interface HaltDeps {
  readonly db: NodeDb;
  readonly log: Log;
  readonly now: () => number;
}

/**
 * The node stands still from now on; what it is told while it does adds to what it must go beyond. `epoch` is the one it was found set back
 * in: where a person has opened another meanwhile, that is no news any more.
 */
export async function halt({ db, log, now }: HaltDeps, seen: Seen, epoch: bigint): Promise<void> {
  const at = new Date(now()).toISOString();
  const halted = await db.transaction().execute(async (transaction) => {
    const before = await readStanding(transaction);
    const facts = {
      halted_at: before.haltedAt ?? at,
      code: 'set-back',
      seen: JSON.stringify(newest(before.seen, seen)),
    };
    const stood = await transaction
      .insertInto('standing')
      .values({ epoch, ...facts })
      .onConflict((conflict) => conflict.column('one').doUpdateSet(facts).where('standing.epoch', '=', epoch))
      .returning('epoch')
      .executeTakeFirst();
    if (stood === undefined) return false;
    if (before.haltedAt !== null && before.code === 'set-back') return false;
    await record(transaction, at, 'set-back', { lost: seen.head ?? null, position: seen.position ?? null });
    return true;
  });
  if (halted) log.error('set-back', { code: 'set-back' });
}

/** A restored node met its hub, which misses nothing: a person may confirm it now (`openEpoch`). */
export async function metAfterRestore({ db, now }: Pick<HaltDeps, 'db' | 'now'>): Promise<void> {
  const at = new Date(now()).toISOString();
  await db
    .updateTable('standing')
    .set({ halted_at: at })
    .where('code', '=', 'restored')
    .where('halted_at', 'is', null)
    .execute();
}

/** Whether the log holds what a head says of it. */
export async function holdsHead(db: Pick<NodeDb, 'selectFrom'>, head: SeenHead): Promise<boolean> {
  const entry = await db
    .selectFrom('audit')
    .select('hash')
    .where('n', '=', BigInt(head.n))
    .executeTakeFirst();
  return entry?.hash === head.hash;
}

function newest(a: Seen, b: Seen): Seen {
  const head =
    a.head && b.head
      ? a.head.epoch > b.head.epoch || (a.head.epoch === b.head.epoch && a.head.n > b.head.n)
        ? a.head
        : b.head
      : (a.head ?? b.head);
  const [p, q] = [a.position, b.position];
  const position = p && q ? (p.epoch > q.epoch || (p.epoch === q.epoch && p.seq > q.seq) ? p : q) : (p ?? q);
  return { ...(position ? { position } : {}), ...(head ? { head } : {}) };
}

/** For `doctor`. */
export async function standingFinding(db: NodeDb): Promise<string | Finding> {
  const { epoch, haltedAt, code } = await readStanding(db);
  if (code === 'restored')
    return haltedAt === null
      ? {
          check: 'standing',
          state: 'warning',
          says: 'restored from a backup: nothing is answered until the hub has said what it holds and a person has confirmed what is in force',
          remedy: `Start the node with \`moim node run\` and let it reach its hub (or \`moim node carry-in\`). ${lookThrough}`,
        }
      : {
          check: 'standing',
          state: 'failed',
          says: `restored from a backup: the hub misses nothing (since ${haltedAt}), and nothing is answered until a person has confirmed what is in force`,
          remedy: lookThrough,
        };
  if (haltedAt !== null)
    return {
      check: 'standing',
      state: 'failed',
      says: `this node was set back: the hub holds what it does not remember. It has answered nothing since ${haltedAt}`,
      remedy:
        'Look for a newer backup and restore that. If there is none, run `moim node epoch open --reason TEXT`: what was lost is named in the audit log, and the node answers again.',
    };
  return `epoch ${epoch}`;
}

const lookThrough =
  'Look through `moim node policy show`, `moim node trust list` and `moim node user list`; take back again what was taken back since the backup; then confirm what stands with `moim node epoch open --reason TEXT`.';
