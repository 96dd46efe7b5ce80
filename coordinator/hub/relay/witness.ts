/**
 * The hub as witness: a site's audit head that came with an answer is verified, held against what is held already, countersigned and kept. A
 * site that later shows a shorter log, or another one, is contradicted by what it signed itself.
 */

import { sql } from 'kysely';
import type { AuditFact } from '#host/audit-log.ts';
import { MoimError } from '#protocol/errors.ts';
import type { PrivateKey } from '#protocol/keys.ts';
import { type AuditHead, openHead, signReceipt } from '#protocol/witness.ts';
import type { HubDb } from '../database.ts';
import type { Site } from '../sites/site.ts';

/** As many receipts as deliveries can be under way: a site that lost its link before they arrived gets them again. */
const mostUnderWay = 32;

/** A head as a site showed it, verified, with the receipt it gets if nothing contradicts it; none where it is not the site's. */
export interface ShownHead {
  readonly site: string;
  readonly jws: string;
  readonly now: string;
  readonly claim?: { readonly head: AuditHead; readonly receipt: string };
}

/** Verifies a head, before any transaction. */
export async function showHead(
  jws: string,
  site: Pick<Site, 'site' | 'key'>,
  now: string,
  key: PrivateKey,
): Promise<ShownHead> {
  const head = await openHead(jws, site.key).catch((cause: unknown) => {
    if (cause instanceof MoimError) return undefined;
    throw cause;
  });
  if (head?.site !== site.site) return { site: site.site, jws, now };
  return {
    site: site.site,
    jws,
    now,
    claim: { head, receipt: await signReceipt(head, jws, now, key) },
  };
}

/**
 * Gives the receipts by head, the one kept where the same head came before. A head that is not the site's, or contradicts what is held (in
 * one epoch `n` grows, and an entry has one hash), gets none: that is a fact for the log, and the answer it came with is taken all the same.
 * Call it in the transaction that stores the answers; a site stands in `shown` once.
 */
export async function countersignAll(
  transaction: HubDb,
  shown: readonly ShownHead[],
): Promise<{ receipts: ReadonlyMap<string, string>; facts: AuditFact[] }> {
  const receipts = new Map<string, string>();
  const facts: AuditFact[] = [];
  const claims = shown.flatMap(({ claim }) => claim ?? []);
  const held = await heldFrom(
    transaction,
    claims.map(({ head }) => head),
  );
  const fresh = [];
  for (const { site, jws, now, claim } of shown) {
    if (!claim) {
      facts.push({ kind: 'head-refused', body: { site, code: 'bad-signature' } });
      continue;
    }
    const { epoch, n, hash } = claim.head;
    const other = held.get(site);
    if (!other) {
      receipts.set(jws, claim.receipt);
      fresh.push({
        site,
        epoch: BigInt(epoch),
        n: BigInt(n),
        hash,
        head: jws,
        receipt: claim.receipt,
        received_at: now,
      });
    } else if (other.n === n && other.hash === hash) receipts.set(jws, other.receipt);
    else {
      const body = { site, code: 'contradiction', epoch, n, hash, held: { n: other.n, hash: other.hash } };
      facts.push({ kind: 'head-refused', body });
    }
  }
  if (fresh.length > 0) await transaction.insertInto('witness').values(fresh).execute();
  return { receipts, facts };
}

/** For each site the first head held at or beyond the one it claims, in the same epoch. */
async function heldFrom(transaction: HubDb, heads: readonly AuditHead[]) {
  if (heads.length === 0) return new Map<string, { n: number; hash: string; receipt: string }>();
  const sites = heads.map(({ site }) => site);
  const epochs = heads.map(({ epoch }) => epoch);
  const ns = heads.map(({ n }) => n);
  const rows = await transaction
    .selectFrom('witness')
    .innerJoin(
      sql<{
        site: string;
        epoch: bigint;
        n: bigint;
      }>`(select * from unnest(${sites}::text[], ${epochs}::bigint[], ${ns}::bigint[]) as claimed (site, epoch, n))`.as(
        'claimed',
      ),
      (join) =>
        join
          .onRef('claimed.site', '=', 'witness.site')
          .onRef('claimed.epoch', '=', 'witness.epoch')
          .onRef('witness.n', '>=', 'claimed.n'),
    )
    .distinctOn('witness.site')
    .select(['witness.site', 'witness.n', 'witness.hash', 'witness.receipt'])
    .orderBy('witness.site')
    .orderBy('witness.n')
    .execute();
  return new Map(rows.map(({ site, n, hash, receipt }) => [site, { n: Number(n), hash, receipt }]));
}

/** The newest head of a site that was countersigned. */
export async function newestHead(
  db: HubDb,
  site: string,
): Promise<{ epoch: number; n: number; hash: string } | undefined> {
  const row = await db
    .selectFrom('witness')
    .select(['epoch', 'n', 'hash'])
    .where('site', '=', site)
    .orderBy('epoch', 'desc')
    .orderBy('n', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { epoch: Number(row.epoch), n: Number(row.n), hash: row.hash };
}

/** The newest receipts of a site, the oldest first: unless said otherwise all that it may not have got before its last link broke. */
export async function newestReceipts(db: HubDb, site: string, most = mostUnderWay): Promise<string[]> {
  const rows = await db
    .selectFrom('witness')
    .select('receipt')
    .where('site', '=', site)
    .orderBy('epoch', 'desc')
    .orderBy('n', 'desc')
    .limit(most)
    .execute();
  return rows.map(({ receipt }) => receipt).reverse();
}

/** All that is held, of one site or of every one, the oldest first: what `moim hub witness` gives out. */
export async function allReceipts(db: HubDb, site: string | undefined) {
  let query = db.selectFrom('witness').select(['site', 'epoch', 'n', 'hash', 'receipt', 'received_at']);
  if (site !== undefined) query = query.where('site', '=', site);
  const rows = await query.orderBy('site').orderBy('epoch').orderBy('n').execute();
  return rows.map((row) => ({
    site: row.site,
    epoch: Number(row.epoch),
    n: Number(row.n),
    hash: row.hash,
    receivedAt: row.received_at,
    receipt: row.receipt,
  }));
}
