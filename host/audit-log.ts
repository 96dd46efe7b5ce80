/** The audit log: the ledger of `protocol/ledger.ts` kept in a table, appended in the transaction of the act it records. */

import { type Kysely, sql } from 'kysely';
import type { Json } from '#protocol/canonical.ts';
import { chain, emptyHead, type LedgerEntry, type LedgerHead } from '#protocol/ledger.ts';
import type { MailboxTables } from '#sql/tables/mailbox.ts';

/** A database or transaction whose schema has the audit table. */
export type AuditDb = Pick<Kysely<MailboxTables>, 'selectFrom' | 'insertInto' | 'getExecutor'>;

/**
 * Appends one entry. `transaction` must be a transaction: the chain is locked until it ends, and the entry stands or falls with the
 * act. `body` holds ids, hashes, codes and counts.
 */
export async function record(
  transaction: AuditDb,
  at: string,
  kind: string,
  body: Record<string, Json>,
): Promise<LedgerHead> {
  await sql`select pg_advisory_xact_lock(hashtext(current_database() || current_schema() || 'moim-audit'))`.execute(
    transaction,
  );
  const entry = chain(await auditHead(transaction), at, kind, body);
  await transaction
    .insertInto('audit')
    .values({
      n: BigInt(entry.n),
      at,
      kind,
      body: JSON.stringify(body),
      previous: entry.previous,
      hash: entry.hash,
    })
    .execute();
  return { n: entry.n, hash: entry.hash };
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
  const rows = await db.selectFrom('audit').selectAll().orderBy('n').execute();
  return rows.map((row) => ({
    n: Number(row.n),
    at: row.at,
    kind: row.kind,
    body: (typeof row.body === 'string' ? JSON.parse(row.body) : row.body) as Record<string, unknown>,
    previous: row.previous,
    hash: row.hash,
  }));
}
