/** What `bench:cohorts` found, and how it is printed. */

import type { Regression } from './shares.ts';

export interface MeasuredDefinition {
  readonly name: string;
  /** The median of its rounds, and the fastest: what shares are made of. */
  readonly ms: number;
  readonly fastestMs: number;
  readonly rows: number;
  readonly status: string;
}

export interface BenchReport {
  readonly data: string;
  readonly batch: boolean;
  readonly connections: number;
  readonly rounds: number;
  readonly definitions: readonly MeasuredDefinition[];
  /** Median of the rounds' wall time, and all of them. */
  readonly totalMs: number;
  readonly totals: readonly number[];
  readonly calibrationMs: readonly number[];
  readonly regressions: readonly Regression[];
  readonly slowest: readonly MeasuredDefinition[];
  readonly plans: readonly { readonly name: string; readonly plan: string }[];
}

export function printReport(report: BenchReport): void {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const line = ({ name, ms, rows, status }: MeasuredDefinition) =>
    `${name.padStart(12)} ${ms.toFixed(1).padStart(10)} ms ${String(rows).padStart(10)} rows${status === 'ok' ? '' : `  ${status}`}`;
  for (const one of report.definitions) say(line(one));
  const calibration = median(report.calibrationMs);
  const how = report.batch ? 'as one batch' : 'one by one';
  say(
    `\n${report.data}: ${report.definitions.length} definitions ${how}, ${report.connections} connection${report.connections === 1 ? '' : 's'}: ` +
      `${seconds(report.totalMs)} (${seconds(Math.min(...report.totals))} to ${seconds(Math.max(...report.totals))}), ` +
      `median of ${report.rounds}; each ${median(report.definitions.map(({ ms }) => ms)).toFixed(2)} ms`,
  );
  const fastest = report.definitions.reduce((sum, { fastestMs }) => sum + fastestMs, 0);
  say(`the fastest of each definition's rounds, summed: ${seconds(fastest)}`);
  say(
    `calibration ${calibration.toFixed(0)} ms (${Math.min(...report.calibrationMs).toFixed(0)} to ${Math.max(...report.calibrationMs).toFixed(0)}), ` +
      `ratio ${(report.totalMs / calibration).toFixed(2)}`,
  );
  say('\nslowest:');
  for (const one of report.slowest) say(line(one));
  for (const { name, plan } of report.plans) say(`\n${name}\n${plan}`);
  for (const { name, share, recorded } of report.regressions)
    say(
      `SLOWER ${name}: ${(share * 100).toFixed(2)} % of the total, recorded ${(recorded * 100).toFixed(2)} %`,
    );
}

export function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
