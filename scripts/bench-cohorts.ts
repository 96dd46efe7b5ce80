/**
 * `npm run bench:cohorts -- DIR… [--schema S] [--connections N] [--batch] [--explain] [--json] [--quick] [--home DIR | --cdm DIR [--copies N]]
 * [--rounds N] [--record] [--sample] [--both-plans]`: how long a folder of definitions takes on a loaded CDM, concept sets resolved and rows written, as
 * `moim cohort generate --force` does it. Medians of the rounds after a first one that warms up; a calibration stands between the rounds.
 * `--sample` takes definitions made from the concepts that the CDM holds; `--both-plans` times either plan of each beside the chosen one.
 * With `--record` this run's shares of the total become what later runs are compared with. Exit 1 where a definition failed or has
 * become three times slower than its share.
 */

import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import type { Pool } from 'pg';
import { type DefinitionFile, definitionFiles } from '#node/cohort/definitions.ts';
import { runCohorts } from '#node/cohort/run.ts';
import type { GeneratedLine } from '#node/cohort/work.ts';
import { compareBoth, printChoice, printWorst } from './bench-cohorts/both-plans.ts';
import { calibrate } from './bench-cohorts/calibration.ts';
import { openData } from './bench-cohorts/data.ts';
import { explainSlowest } from './bench-cohorts/plans.ts';
import { type BenchReport, median, printReport } from './bench-cohorts/report.ts';
import { writeSample } from './bench-cohorts/sample.ts';
import { recordedShares, recordShares, regressionsOf } from './bench-cohorts/shares.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    schema: { type: 'string', default: 'cdm' },
    connections: { type: 'string', default: '1' },
    batch: { type: 'boolean', default: false },
    explain: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    home: { type: 'string' },
    cdm: { type: 'string' },
    copies: { type: 'string', default: '1' },
    rounds: { type: 'string' },
    record: { type: 'boolean', default: false },
    sample: { type: 'boolean', default: false },
    'both-plans': { type: 'boolean', default: false },
  },
});
const connections = Number(values.connections);
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
const { schema, batch } = values;
process.exitCode = await main();

async function main(): Promise<number> {
  const copies = Number(values.copies);
  const data = await openData({ home: values.home, cdm: values.cdm, schema, copies, connections });
  let sample: string | undefined;
  try {
    if (values.sample) sample = await writeSample(data.pool, schema);
    const files = definitionFiles([...positionals, ...(sample === undefined ? [] : [sample])]);
    if (values['both-plans']) {
      const choices = await compareBoth(
        data.pool,
        files,
        schema,
        rounds,
        values.json ? undefined : printChoice,
      );
      if (values.json) process.stdout.write(`${JSON.stringify(choices)}\n`);
      else printWorst(choices);
      return choices.every(({ same }) => same) ? 0 : 1;
    }
    const report = await measure(data.pool, files);
    const name = `${values.cdm === undefined ? schema : basename(values.cdm)}${copies > 1 ? ` x${copies}` : ''}`;
    const ms = new Map(report.definitions.map((one) => [one.name, one.fastestMs]));
    const regressions = batch ? [] : regressionsOf(recordedShares(name), ms);
    if (values.record && !batch) recordShares(name, ms);
    const slowest = report.definitions.toSorted((one, other) => other.ms - one.ms).slice(0, 10);
    const plans = values.explain ? await explainSlowest(data.pool, files, slowest, schema) : [];
    const whole = { data: name, batch, connections, rounds, ...report, regressions, slowest, plans };
    if (values.json) process.stdout.write(`${JSON.stringify(whole)}\n`);
    else printReport(whole);
    return regressions.length > 0 || report.definitions.some((one) => one.status !== 'ok') ? 1 : 0;
  } finally {
    await data.close();
    if (sample !== undefined) rmSync(sample, { recursive: true, force: true });
  }
}

/** Runs everything once to warm up, then `rounds` times, each time on an empty results table. */
async function measure(
  pool: Pool,
  files: readonly DefinitionFile[],
): Promise<Pick<BenchReport, 'definitions' | 'totalMs' | 'calibrationMs' | 'totals'>> {
  const times = new Map<string, number[]>();
  const last = new Map<string, GeneratedLine>();
  const totals: number[] = [];
  const calibrations: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    await pool.query('truncate results.cohort, results.cohort_run, results.concept_set_cache');
    const before = await calibrate(pool);
    const lines: GeneratedLine[] = [];
    const started = performance.now();
    await runCohorts(pool, files, {
      cdmSchema: schema,
      resultsSchema: 'results',
      force: true,
      steady: true,
      batch,
      connections,
      now: () => new Date(),
      onLine: (line) => lines.push(line),
    });
    const total = performance.now() - started;
    if (round === 0) continue;
    calibrations.push(before);
    totals.push(total);
    for (const line of lines) {
      times.set(line.name, [...(times.get(line.name) ?? []), line.ms]);
      last.set(line.name, line);
    }
  }
  const definitions = [...times].map(([name, list]) => {
    const line = last.get(name);
    return {
      name,
      ms: median(list),
      fastestMs: Math.min(...list),
      rows: line?.rows ?? 0,
      status: line?.status ?? 'error',
    };
  });
  return { definitions, totalMs: median(totals), totals, calibrationMs: calibrations };
}
