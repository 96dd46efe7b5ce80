/** Runs a cohort definition on a CDM: generate it into the results schema, look at it, or count it. */

import type { ClientBase, Pool } from 'pg';
import type { CountAsked } from '#protocol/analysis.ts';
import { MoimError } from '#protocol/errors.ts';
import type { CohortCounts } from '#sql/analysis/count/spec.ts';
import { countStatement } from '#sql/analysis/count/sql.ts';
import { type CohortQuery, compile } from '#sql/circe/compile.ts';
import type { Source } from '#sql/circe/estimate.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { imagingTables } from '#sql/circe/imaging-schema.ts';
import type { CohortRows } from '#sql/circe/members.ts';
import { pinnedSets } from '#sql/circe/pinned.ts';
import { refusals } from '#sql/circe/refusal.ts';
import type { Plan } from '#sql/circe/scope.ts';
import {
  deleteStatement,
  type GeneratedCohort,
  type GenerateRow,
  generatedCohort,
  generateStatement,
  selectStatement,
} from '#sql/circe/statement.ts';
import { vocabularyTables } from '#sql/circe/vocabulary-tables.ts';
import type { ConceptSetCache } from './concept-sets.ts';
import { refuseMissingImages } from './imaging.ts';
import { prepareNamed } from './named.ts';
import { resolveSets } from './pinned.ts';
import { estimateRows } from './row-estimates.ts';
import { withSession } from './session.ts';
import { readStatistics, type Statistics } from './statistics.ts';
import { type UsedConcepts, usedIds } from './used-concepts.ts';

export interface CohortOptions {
  readonly cdmSchema: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly parity?: boolean;
  /** Inclusion rules left out, by index from 0. */
  readonly withoutRules?: readonly number[];
  /** Names of the CDM's tables, where the caller has asked before (`cdmTablesOf`). */
  readonly tables?: ReadonlySet<string>;
  readonly cache?: ConceptSetCache;
  /** What the database knows of its columns, where the caller has asked before (`readStatistics`). */
  readonly statistics?: Statistics;
  /** Concepts that rows have, as long as the data stand still (`findUsedConcepts`). */
  readonly used?: UsedConcepts;
  /** How criteria are asked about many events: the cheaper way unless one is named. */
  readonly plan?: Plan;
  /** Only rows and masks are asked for, nothing else about the events. */
  readonly rowsOnly?: boolean;
  /** The cohorts that the definition names, where they are prepared already (`prepareNamed`). */
  readonly cohorts?: readonly CohortRows[];
}

/** Where the rows go; without it the cohort is only looked at. */
export interface Destination {
  readonly resultsSchema: string;
  readonly cohortId: bigint;
}

/**
 * Generates a cohort in one transaction: the rows of an earlier run with this id are replaced. Without `into` nothing is
 * written. Throws MoimError `definition-refused` (CDM 5.4 cannot answer an attribute; the paths are named),
 * `table-missing` (only of tables this definition needs), `cdm-missing`, `statement-timeout`, `interrupted`, …
 */
export async function generateCohort(
  pool: Pool,
  expression: CohortExpression,
  options: CohortOptions & { readonly into?: Destination | undefined },
): Promise<GeneratedCohort> {
  const { into } = options;
  return withSession(pool, { ...options, readOnly: into === undefined }, async (client) => {
    const query = await prepareCohort(client, expression, options);
    if (into !== undefined) await client.query(deleteStatement(into));
    return writeCohort(client, query, into);
  });
}

/** Runs a prepared cohort inside a session: into a destination that holds no rows of this id, or only to look. */
export async function writeCohort(
  client: ClientBase,
  query: CohortQuery,
  into: Destination | undefined,
): Promise<GeneratedCohort> {
  const statement = into === undefined ? selectStatement(query) : generateStatement(query, into);
  const { rows } = await client.query<GenerateRow>(statement);
  const [row] = rows;
  if (row === undefined) throw new MoimError('internal', 'the cohort gave no row');
  return generatedCohort(row, query.ruleCount);
}

/** Counts a cohort for a study, writing nothing. Throws as `generateCohort`. Figures are exact: they do not leave as they are. */
export async function countCohort(
  pool: Pool,
  expression: CohortExpression,
  options: CohortOptions & { readonly asked?: CountAsked | undefined },
): Promise<CohortCounts> {
  return withSession(pool, { ...options, readOnly: true }, async (client) => {
    const query = await prepareCohort(client, expression, options, ['person']);
    const { rows } = await client.query<{ counts: CohortCounts | null }>(countStatement(query, options));
    const [row] = rows;
    if (row === undefined) throw new MoimError('internal', 'the cohort gave no counts');
    if (row.counts === null)
      throw new MoimError('disclosure-failed', 'its events differ in more ways than can be held');
    return row.counts;
  });
}

/** Names of the tables and views of a schema, lower case as stored, and of the tables of images beside it that may be read. */
export async function cdmTablesOf(
  client: Pick<ClientBase, 'query'>,
  schema: string,
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'v', 'm', 'p', 'f') and case when c.relname = any($2)
        then n.nspname = 'imaging' and has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage')
        else n.nspname = $1 end`,
    [schema, [...imagingTables]],
  );
  return new Set(rows.map((row) => row.name));
}

/** Resolves concept sets and compiles, inside a session. `also` are tables the caller needs besides. */
export async function prepareCohort(
  client: ClientBase,
  expression: CohortExpression,
  options: CohortOptions,
  also: readonly string[] = [],
): Promise<CohortQuery> {
  refuseUnfit(expression);
  // Of cohorts that stand on one another each is prepared for every one that names it: nothing is asked twice.
  const { cdmSchema, cache = new Map() } = options;
  const present = options.tables ?? (await cdmTablesOf(client, cdmSchema));
  if (!present.has('observation_period') && !present.has('person')) {
    throw new MoimError('cdm-missing', `the schema ${cdmSchema} holds no CDM`);
  }
  const absent = new Set(['concept_ancestor', 'concept_relationship'].filter((table) => !present.has(table)));
  const needsConcepts = pinnedSets(expression).some((set) => set.items.length > 0);
  refuseMissing(present, cdmSchema, vocabularyTables(pinnedSets(expression)));
  const conceptSets = needsConcepts
    ? await resolveSets(client, expression, { cdmSchema, absent, cache })
    : new Map<number, readonly number[]>();
  const statistics = options.statistics ?? (await readStatistics(client, cdmSchema));
  const rows = await estimateRows(
    client,
    expression,
    { cdmSchema, tables: present, statistics },
    conceptSets,
  );
  const used = (source: Source) => usedIds(options.used, source, conceptSets);
  const cohorts = await prepareNamed(
    client,
    expression,
    { ...options, tables: present, statistics, cache },
    prepareCohort,
  );
  const reads = (source: Source) =>
    statistics.isIndexed(source.table, source.column)
      ? rows(source)
      : statistics.size(source.table, source.column);
  const known = {
    rows,
    reads,
    used,
    persons: statistics.persons,
    ...(statistics.remote ? { plan: options.plan ?? ('join' as const) } : {}),
  };
  const query = compile(expression, { ...options, ...known, conceptSets, cohorts });
  refuseMissing(present, cdmSchema, [...query.tables, ...also]);
  return query;
}

function refuseMissing(present: ReadonlySet<string>, schema: string, needed: readonly string[]): void {
  const missing = [...new Set(needed)].filter((table) => !present.has(table));
  if (missing.length === 0) return;
  refuseMissingImages(missing);
  throw new MoimError(
    'table-missing',
    `the definition needs ${missing.map((table) => `${schema}.${table}`).join(', ')}, which this CDM does not have`,
    {
      remedy: 'Load the table, empty if the hospital has no such data, or name another schema with --schema.',
    },
  );
}

function refuseUnfit(expression: CohortExpression): void {
  const findings = refusals(expression);
  if (findings.length === 0) return;
  throw new MoimError(
    'definition-refused',
    findings.map((finding) => `${finding.path}: ${finding.message}`).join('; '),
  );
}
