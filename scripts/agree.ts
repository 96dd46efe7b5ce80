/**
 * `npm run agree -- [--data plsynth|gibleed|synthea|random] [--json]`: generates every definition that OHDSI's Circe was
 * run on, on the same data, and compares row for row (by md5) and the inclusion tables. Exit 1 on a difference that
 * nothing explains. Cohorts that are empty on a data set prove little and are counted apart.
 */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Pool } from 'pg';
import { migrate } from '#host/postgres/migrate.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { type DefinitionFile, definitionFiles, readDefinition } from '#node/cohort/definitions.ts';
import { runCohorts } from '#node/cohort/run.ts';
import type { GeneratedLine } from '#node/cohort/work.ts';
import { dataSet } from '#test/support/data.ts';
import { testDatabase } from '#test/support/database.ts';
import { judge, type ReferenceRecord, readReference, type Verdict } from './agree/reference.ts';
import { tieExplanation } from './agree/ties.ts';

interface DataSet {
  readonly cdm: 'plsynth' | 'gibleed' | 'synthea';
  readonly definitions: string;
  readonly expected: string;
  readonly parity: boolean;
}

/** The random definitions were run with Circe 1.12.1, whose defects --circe-parity reproduces. */
const dataSets: Readonly<Record<string, DataSet>> = {
  plsynth: { cdm: 'plsynth', definitions: 'phenotypes', expected: 'plsynth', parity: false },
  gibleed: { cdm: 'gibleed', definitions: 'phenotypes', expected: 'gibleed', parity: false },
  synthea: { cdm: 'synthea', definitions: 'phenotypes', expected: 'synthea', parity: false },
  random: { cdm: 'plsynth', definitions: 'random-definitions', expected: 'random-1.12.1', parity: true },
};

interface Named {
  readonly name: string;
  readonly reason: string;
}

interface Report {
  readonly data: string;
  readonly definitions: number;
  readonly agreed: number;
  readonly nonEmpty: number;
  readonly nonEmptyAgreed: number;
  readonly empty: number;
  readonly emptyAgreed: number;
  readonly explained: readonly Named[];
  readonly differs: readonly Named[];
  readonly refused: readonly Named[];
  /** Definitions that Circe itself could not run: nothing to agree with. */
  readonly referenceFailed: readonly Named[];
  readonly ms: number;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { data: { type: 'string', multiple: true }, json: { type: 'boolean' } },
    strict: true,
  });
  const names = values.data ?? Object.keys(dataSets);
  const unknown = names.find((name) => !Object.hasOwn(dataSets, name));
  if (unknown !== undefined) return fail(2, `--data takes one of ${Object.keys(dataSets).join(', ')}`);
  const folder = dataSet('ohdsi');
  if (folder === undefined)
    return fail(2, 'The data are not here: set MOIM_DATA to the folder that holds ohdsi/.');
  const endings: (() => Promise<void>)[] = [];
  try {
    const { pool } = await testDatabase(
      { after: (work) => void endings.push(work) },
      { streams: ['results'] },
    );
    const reports: Report[] = [];
    const loaded = new Set<string>();
    for (const name of names) {
      const set = dataSets[name];
      if (set === undefined) continue;
      if (!loaded.has(set.cdm)) await load(pool, join(folder, set.cdm), `cdm_${set.cdm}`);
      loaded.add(set.cdm);
      const report = await agree(pool, folder, name, set);
      reports.push(report);
      if (!values.json) process.stdout.write(`${textOf(report)}\n`);
    }
    if (values.json) process.stdout.write(`${JSON.stringify(reports)}\n`);
    return reports.every((report) => report.differs.length + report.refused.length === 0) ? 0 : 1;
  } finally {
    for (const end of endings) await end();
  }
}

async function load(pool: Pool, directory: string, schema: string): Promise<void> {
  process.stderr.write(`loading ${schema}\n`);
  await migrate(pool, 'cdm', schema);
  await loadCdm({ pool }, { directory, schema });
  await pool.query('analyze');
}

async function agree(pool: Pool, folder: string, data: string, set: DataSet): Promise<Report> {
  const expected = readReference(folder, set.expected);
  const files = definitionFiles([join(folder, set.definitions)]).filter((file) => expected.has(file.name));
  const schema = `cdm_${set.cdm}`;
  const lines: GeneratedLine[] = [];
  const started = performance.now();
  await runCohorts(pool, files, {
    cdmSchema: schema,
    parity: set.parity,
    timeoutMs: 60_000,
    steady: true,
    now: () => new Date(),
    onLine: (line) => lines.push(line),
  });
  const ms = Math.round(performance.now() - started);
  const verdicts = new Map(lines.map((line) => [line.name, judge(expected.get(line.name), line)]));
  return reportOf(data, files, verdicts, await explain(pool, schema, files, verdicts, expected), ms);
}

/** Differences that ties explain, by name. */
async function explain(
  pool: Pool,
  schema: string,
  files: readonly DefinitionFile[],
  verdicts: ReadonlyMap<string, Verdict>,
  expected: ReadonlyMap<string, ReferenceRecord>,
): Promise<ReadonlyMap<string, string>> {
  const explained = new Map<string, string>();
  for (const { name, file } of files) {
    const verdict = verdicts.get(name);
    const record = expected.get(name);
    if (verdict?.kind !== 'differs' || record === undefined) continue;
    const why = await tieExplanation(pool, schema, readDefinition(file), verdict.parts, record);
    if (why !== undefined) explained.set(name, why);
  }
  return explained;
}

function reportOf(
  data: string,
  files: readonly DefinitionFile[],
  verdicts: ReadonlyMap<string, Verdict>,
  explained: ReadonlyMap<string, string>,
  ms: number,
): Report {
  const all = [...verdicts].map(([name, verdict]) => ({ name, verdict }));
  const count = (test: (verdict: Verdict) => boolean) => all.filter(({ verdict }) => test(verdict)).length;
  const named = (kind: Verdict['kind'], reason: (verdict: Verdict) => string): readonly Named[] =>
    all
      .filter(({ verdict }) => verdict.kind === kind)
      .map(({ name, verdict }) => ({ name, reason: reason(verdict) }));
  const isEmpty = (verdict: Verdict) => 'empty' in verdict && verdict.empty;
  const differs = named('differs', (verdict) => (verdict.kind === 'differs' ? verdict.parts.join(', ') : ''));
  const reasonOf = (verdict: Verdict) => ('reason' in verdict ? verdict.reason : '');
  return {
    data,
    definitions: files.length,
    agreed: count((verdict) => verdict.kind === 'agreed'),
    nonEmpty: count((verdict) => 'empty' in verdict && !verdict.empty),
    nonEmptyAgreed: count((verdict) => verdict.kind === 'agreed' && !verdict.empty),
    empty: count(isEmpty),
    emptyAgreed: count((verdict) => verdict.kind === 'agreed' && verdict.empty),
    explained: [...explained].map(([name, reason]) => ({ name, reason })),
    differs: differs.filter(({ name }) => !explained.has(name)),
    refused: named('refused', reasonOf),
    referenceFailed: named('not-run', reasonOf),
    ms,
  };
}

function textOf(report: Report): string {
  const lists = [
    ['explained', report.explained],
    ['DIFFERS', report.differs],
    ['REFUSED', report.refused],
    ['not run by Circe', report.referenceFailed],
  ] as const;
  return [
    `${report.data}: ${report.agreed} of ${report.nonEmpty + report.empty} agree` +
      ` (non-empty ${report.nonEmptyAgreed} / ${report.nonEmpty}, empty ${report.emptyAgreed} / ${report.empty}), ${report.ms} ms`,
    ...lists.flatMap(([title, list]) => list.map(({ name, reason }) => `  ${title} ${name}: ${reason}`)),
  ].join('\n');
}

function fail(code: number, text: string): number {
  process.stderr.write(`${text}\n`);
  return code;
}
