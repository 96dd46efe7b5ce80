/**
 * How the hub stands with its own past. A hub restored from a backup stands still: it welcomes nobody until a person opens a new epoch. One
 * whose database was put back without a word meets sites that hold more than it ever sent: to those it sends nothing, and says so. (Not to
 * all: a single site that lies would stop every other.)
 */

import Type, { type Static } from 'typebox';
import { record } from '#host/audit-log.ts';
import type { Finding } from '#host/diagnosis.ts';
import type { Log } from '#host/log.ts';
import type { Position } from '#host/mailbox.ts';
import { parser } from '#protocol/schema.ts';
import type { HubDb } from '../database.ts';

const Seen = Type.Record(Type.String(), Type.Object({ epoch: Type.Integer(), seq: Type.Integer() }));
const seens = parser(Seen);

export interface HubStanding {
  readonly epoch: bigint;
  /** Since when the hub stands still, for everybody. */
  readonly haltedAt: string | null;
  /** `restored`, or `set-back` where sites hold more than this hub remembers. */
  readonly code: string | null;
  /** Those sites, with what they hold. */
  readonly seen: Static<typeof Seen>;
}

export async function readHubStanding(db: Pick<HubDb, 'selectFrom'>): Promise<HubStanding> {
  const row = await db.selectFrom('standing').selectAll().executeTakeFirst();
  if (!row) return { epoch: 1n, haltedAt: null, code: null, seen: {} };
  return {
    epoch: row.epoch,
    haltedAt: row.halted_at,
    code: row.code,
    seen: seens.check(row.seen) ? row.seen : {},
  };
}

/** Notes that a site holds what this hub does not remember having sent. */
export async function noteSetBack(
  transaction: HubDb,
  log: Log,
  site: string,
  held: Position,
  at: string,
): Promise<void> {
  const { epoch, code, seen } = await readHubStanding(transaction);
  if (Object.hasOwn(seen, site)) return;
  const position = { epoch: Number(held.epoch), seq: Number(held.seq) };
  const facts = { code: code ?? 'set-back', seen: JSON.stringify({ ...seen, [site]: position }) };
  await transaction
    .insertInto('standing')
    .values({ epoch, halted_at: null, ...facts })
    .onConflict((conflict) => conflict.column('one').doUpdateSet(facts))
    .execute();
  await record(transaction, at, 'set-back', { site, position });
  log.error('set-back', { site, ...position });
}

export interface OpenedHubEpoch {
  readonly epoch: number;
  /** Sites to which delivery begins anew. */
  readonly sites: number;
  readonly head: { readonly n: number; readonly hash: string };
}

/** A person admits the loss: with every site delivery begins anew, in an epoch beyond all that the site has seen, when its link comes up next. */
export async function openHubEpoch(db: HubDb, reason: string, now: number): Promise<OpenedHubEpoch> {
  const at = new Date(now).toISOString();
  return db.transaction().execute(async (transaction) => {
    const before = await readHubStanding(transaction);
    const epoch = before.epoch + 1n;
    const facts = { epoch, halted_at: null, code: null, seen: null };
    await transaction
      .insertInto('standing')
      .values(facts)
      .onConflict((conflict) => conflict.column('one').doUpdateSet(facts))
      .execute();
    const sites = await transaction
      .insertInto('anew')
      .expression((from) => from.selectFrom('site').select('site'))
      .onConflict((conflict) => conflict.doNothing())
      .returning('site')
      .execute();
    const body = {
      epoch: Number(epoch),
      reason,
      sites: sites.length,
      beyond: Object.keys(before.seen).sort(),
    };
    const head = await record(transaction, at, 'epoch-opened', body);
    return { epoch: Number(epoch), sites: sites.length, head };
  });
}

/** For `doctor`. */
export async function standingFinding(db: HubDb): Promise<string | Finding> {
  const { epoch, haltedAt, seen } = await readHubStanding(db);
  const remedy =
    'If this hub was restored from a backup, run `moim hub epoch open --reason TEXT`: with every site delivery begins anew. If it was not, the site named is at fault.';
  if (haltedAt !== null)
    return {
      check: 'standing',
      state: 'failed',
      says: `restored from a backup: no site is welcomed since ${haltedAt}`,
      remedy: 'Run `moim hub epoch open --reason TEXT`: with every site delivery begins anew.',
    };
  const sites = Object.keys(seen).sort();
  if (sites.length > 0)
    return {
      check: 'standing',
      state: 'failed',
      says: `holds more than this hub ever sent, so nothing is sent to it: ${sites.join(', ')}`,
      remedy,
    };
  return `epoch ${epoch}`;
}
