/**
 * Which tables a lead was given under which rule. What is kept of a table are keyed hashes of its parts: a study can change a part that nobody
 * looks at (a rule that drops nobody, a second row a person) and leave the rest as it was.
 */

import { sql } from 'kysely';
import { canonicalHash, type Json } from '#protocol/canonical.ts';
import type { RawCells } from '#protocol/cell.ts';
import { MoimError } from '#protocol/errors.ts';
import type { NodeDb } from '../database.ts';
import type { NodeIdentity } from '../identity.ts';
import { type KeyedHash, keyedHash } from '../keyed-hash.ts';
import type { RawResult } from './execute.ts';
import { leadKeys } from './lead.ts';
import type { PermittedJob } from './permit.ts';

export interface HistoryDeps {
  readonly db: NodeDb;
  readonly identity: Pick<NodeIdentity, 'archive'>;
}

/**
 * Refuses a table, or a part of one, that this lead was given before under another rule, by whichever of their keys: each rule withholds other
 * cells, and who lays them side by side sees through all of them. (Another rule because the hospital changed its own policy is the hospital's
 * choice.) Throws MoimError `released-otherwise`.
 */
export async function refuseOtherRule(
  { db, identity }: HistoryDeps,
  job: PermittedJob,
  raw: RawResult,
): Promise<void> {
  const { rule, verified, policy } = job.facts;
  const { minimumCell, showZero } = policy.policy;
  const mac = tableMac(identity);
  const prints = raw.cohorts.flatMap((cells) => [...partHashes(cells), ...wholeHash(cells)]).map(mac);
  if (prints.length === 0) return;
  await keyOlder(db, mac);
  const other = await db
    .selectFrom('released_table')
    .innerJoin('policy', 'policy.version', 'released_table.policy')
    .select('job')
    .where('lead', 'in', await leadKeys(db, verified.lead))
    .where('cells', 'in', prints)
    .where('data_version', '=', raw.dataVersion)
    // Of the hospital's own rules the same: a version that changed a quota gives nobody a second look.
    .where(sql<boolean>`policy.body @> ${JSON.stringify({ minimumCell, showZero })}::jsonb`)
    .where((where) =>
      where.or([where('minimum_cell', '!=', rule.minimumCell), where('show_zero', '!=', rule.showZero)]),
    )
    .limit(1)
    .executeTakeFirst();
  if (other) throw new MoimError('released-otherwise');
}

/** Keeps what is about to leave; in the transaction in which it does. */
export async function keepTables(
  { db, identity }: HistoryDeps,
  job: PermittedJob,
  raw: RawResult,
): Promise<void> {
  const { rule, verified, policyVersion } = job.facts;
  const mac = tableMac(identity);
  const rows = [...new Set(raw.cohorts.flatMap(partHashes))].map((part) => ({
    lead: verified.lead,
    cells: mac(part),
    data_version: raw.dataVersion,
    policy: policyVersion,
    minimum_cell: rule.minimumCell,
    show_zero: rule.showZero,
    job: verified.job,
    keyed: true,
  }));
  if (rows.length === 0) return;
  await db
    .insertInto('released_table')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

const tableMac = (identity: HistoryDeps['identity']): KeyedHash =>
  keyedHash(identity, 'moim released table 1');

/**
 * The persons by sex and age, by year where asked for, and each beginning of the chain entry events ≥ rule 1 ≥ … ≥ persons, steps that drop nobody left out. None of a
 * cohort of nobody: a table of zeros alone is the same under every rule.
 */
function partHashes({ cells }: RawCells): string[] {
  // Years stand apart: who asks for them asks for the same persons by sex and age.
  const persons = cells.filter(
    ({ id }) => (id === 'persons' || id.startsWith('sex:') || id.startsWith('age:')) && !id.includes('year:'),
  );
  const years = cells.filter(({ id, kind }) => kind === 'persons' && id.includes('year:'));
  const steps = cells.filter(({ id }) => /^(attrition|by-person\/step):/.test(id));
  const chain = [...steps, ...cells.filter(({ id }) => id === 'persons')]
    .map(({ value }) => value)
    .filter((value, i, all) => value !== all[i - 1]);
  const hashes = persons.some(({ value }) => value > 0)
    ? [canonicalHash({ persons: persons.map(({ id, value }) => [id, value]) } as unknown as Json)]
    : [];
  if (years.some(({ value }) => value > 0))
    hashes.push(canonicalHash({ years: years.map(({ id, value }) => [id, value]) } as unknown as Json));
  if ((chain[0] ?? 0) > 0)
    hashes.push(...chain.map((_, i) => canonicalHash({ chain: chain.slice(0, i + 1) } as unknown as Json)));
  return hashes;
}

/** As release 0.1.0 kept it: the table whole. */
function wholeHash({ cells }: RawCells): string[] {
  if (!cells.some(({ visibility, value }) => visibility === 'published' && value > 0)) return [];
  return [canonicalHash(cells.map(({ id, value }) => [id, value]) as unknown as Json)];
}

/** Rows of release 0.1.0 are plain hashes: what is kept from now on is the keyed hash of them. */
async function keyOlder(db: NodeDb, mac: KeyedHash): Promise<void> {
  const rows = await db
    .selectFrom('released_table')
    .select('cells')
    .distinct()
    .where('keyed', '=', false)
    .execute();
  for (const { cells } of rows)
    await db
      .updateTable('released_table')
      .set({ cells: mac(cells), keyed: true })
      .where('cells', '=', cells)
      .where('keyed', '=', false)
      .execute();
}
