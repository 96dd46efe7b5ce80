/** The audit log: the ledger of `protocol/ledger.ts` kept in a table, appended in the transaction of the act it records. */

import { type Kysely, sql } from 'kysely';
import type { Json } from '#protocol/canonical.ts';
import { chain, emptyHead, type LedgerEntry, type LedgerHead } from '#protocol/ledger.ts';
import type { AuditTable, MailboxTables } from '#sql/tables/mailbox.ts';

/** A database or transaction whose schema has the audit table. */
export type AuditDb = Pick<Kysely<MailboxTables>, 'selectFrom' | 'insertInto' | 'getExecutor'>;

/** What an entry says, before it has its place in the chain. `body` holds ids, hashes, codes and counts. */
export interface AuditFact {
  readonly kind: string;
  readonly body: Record<string, Json>;
}

/**
 * Appends one entry. `transaction` must be a transaction: the chain is locked until it ends, and the entry stands or falls with the
 * act.
 */
export async function record(
  transaction: AuditDb,
  at: string,
  kind: string,
  body: Record<string, Json>,
): Promise<LedgerHead> {
  return recordAll(transaction, at, [{ kind, body }]);
}

/** Appends entries in their order, as `record` does one. Gives the head after the last. */
export async function recordAll(
  transaction: AuditDb,
  at: string,
  facts: readonly AuditFact[],
): Promise<LedgerHead> {
  await sql`select pg_advisory_xact_lock(hashtext(current_database() || current_schema() || 'moim-audit'))`.execute(
    transaction,
  );
  let head = await auditHead(transaction);
  if (facts.length === 0) return head;
  const rows = facts.map(({ kind, body }) => {
    const entry = chain(head, at, kind, body);
    head = { n: entry.n, hash: entry.hash };
    return {
      n: BigInt(entry.n),
      at,
      kind,
      body: JSON.stringify(body),
      previous: entry.previous,
      hash: entry.hash,
    };
  });
  await transaction.insertInto('audit').values(rows).execute();
  return head;
}

export async function auditHead(db: AuditDb): Promise<LedgerHead> {
  const row = await db
    .selectFrom('audit')
    .select(['n', 'hash'])
    .orderBy('n', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? { n: Number(row.n), hash: row.hash } : emptyHead;
}

/** All entries in the order of their numbers. */
export async function auditEntries(db: AuditDb): Promise<LedgerEntry[]> {
  return (await db.selectFrom('audit').selectAll().orderBy('n').execute()).map(entryOf);
}

/** At most `limit` entries after number `after`. */
export async function auditPage(db: AuditDb, after: bigint, limit: number): Promise<LedgerEntry[]> {
  const query = db.selectFrom('audit').selectAll().where('n', '>', after).orderBy('n').limit(limit);
  return (await query.execute()).map(entryOf);
}

/** The newest entry of a kind. */
export async function newestOf(db: AuditDb, kind: string): Promise<LedgerEntry | undefined> {
  const query = db.selectFrom('audit').selectAll().where('kind', '=', kind).orderBy('n', 'desc').limit(1);
  const row = await query.executeTakeFirst();
  return row && entryOf(row);
}

const entryOf = (row: AuditTable): LedgerEntry => ({
  n: Number(row.n),
  at: row.at,
  kind: row.kind,
  body: (typeof row.body === 'string' ? JSON.parse(row.body) : row.body) as Record<string, unknown>,
  previous: row.previous,
  hash: row.hash,
});
