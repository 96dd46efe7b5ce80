/**
 * The hub's roster as this node sees it: heads are kept as they come, each verified with the pinned key. The version never goes back and one
 * version has one hash. What the node holds stands in its answers, where the lead compares it with the others'.
 */

import { newestOf, record } from '#host/audit-log.ts';
import type { Finding } from '#host/diagnosis.ts';
import type { Log } from '#host/log.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import { compareHeads, openRosterHead } from '#protocol/roster.ts';
import type { NodeDb } from '../database.ts';
import { hubKeyOf, type PinnedHub } from '../identity.ts';

export interface RosterDeps {
  readonly db: NodeDb;
  readonly hub: PinnedHub;
  readonly log: Log;
  readonly now: () => number;
}

export interface HeldHead {
  readonly version: number;
  readonly hash: string;
}

/** The newest head this node holds. */
export async function heldHead(db: Pick<NodeDb, 'selectFrom'>): Promise<HeldHead | undefined> {
  const row = await db
    .selectFrom('roster_head')
    .select(['version', 'hash'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { version: Number(row.version), hash: row.hash };
}

/** Keeps a head that is newer than the one held. One that is older, differs, or does not verify is refused: that is on record, once. */
export async function keepRosterHead(deps: RosterDeps, jws: string): Promise<void> {
  const at = new Date(deps.now()).toISOString();
  const head = await openRosterHead(jws, hubKeyOf(deps.hub, jws)).catch((cause: unknown) => {
    if (cause instanceof MoimError) return undefined;
    throw cause;
  });
  await deps.db.transaction().execute(async (transaction) => {
    const held = await heldHead(transaction);
    const seen = head && (await seenAs(transaction, held, head));
    if (head && seen === 'newer') {
      await transaction
        .insertInto('roster_head')
        .values({ version: BigInt(head.version), hash: head.hash, jws, received_at: at })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return;
    }
    if (seen === 'same') return;
    const code: ErrorCode =
      head === undefined ? 'bad-signature' : seen === 'differs' ? 'roster-differs' : 'roster-set-back';
    const shown = head ? { version: head.version, hash: head.hash } : {};
    deps.log.warn('roster-refused', { code, ...(head ? { version: head.version } : {}) });
    // A hub that shows it at every link fills nobody's log.
    const last = (await newestOf(transaction, 'roster-refused'))?.body;
    if (last?.code === code && last.hash === shown.hash) return;
    await record(transaction, at, 'roster-refused', {
      code,
      ...shown,
      ...(held ? { held: { ...held } } : {}),
    });
  });
}

/** `doctor`: whether the hub shows this node one roster that only grows. */
export async function examineRoster(db: NodeDb): Promise<string | Finding> {
  const newest = await db
    .selectFrom('roster_head')
    .select(['version', 'received_at'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  const refused = await newestOf(db, 'roster-refused');
  const says = newest ? `version ${newest.version}` : 'none seen yet';
  if (!refused) return says;
  const since = newest && Date.parse(newest.received_at) > Date.parse(refused.at);
  return {
    check: 'roster',
    state: since ? 'warning' : 'failed',
    says: `${says}; at ${refused.at} the hub showed another one (${String(refused.body.code)})`,
    remedy:
      'Ask the hub operator whether the hub was restored from a backup; if not, it shows different rosters to different hospitals: compare the version and hash in `moim audit show` with another hospital, and tell the study leads.',
  };
}

/** An older version that is shown again is as it was held then, or the past is being rewritten. */
async function seenAs(db: NodeDb, held: HeldHead | undefined, seen: HeldHead) {
  const standing = compareHeads(held, seen);
  if (standing !== 'older') return standing;
  const row = await db
    .selectFrom('roster_head')
    .select('hash')
    .where('version', '=', BigInt(seen.version))
    .executeTakeFirst();
  return row && row.hash !== seen.hash ? 'differs' : 'older';
}
