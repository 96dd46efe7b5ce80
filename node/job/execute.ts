/** PermittedJob → RawResult: the study's cohorts, counted on this hospital's CDM. Exact figures: they go to the release and nowhere else. */

import type { RawCells } from '#protocol/cell.ts';
import { MoimError } from '#protocol/errors.ts';
import { countCells } from '#sql/analysis/count/cells.ts';
import type { CohortCounts } from '#sql/analysis/count/spec.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { PermittedJob } from './permit.ts';

export interface RawResult {
  readonly job: string;
  /** State of the data the figures stand on. */
  readonly dataVersion: string;
  readonly cohorts: readonly RawCells[];
}

export interface ExecuteDeps {
  readonly count: (expression: CohortExpression, signal: AbortSignal) => Promise<CohortCounts>;
  readonly dataVersion: () => Promise<string>;
  /** Runs `work` while no refresh changes the data under it; a job takes it once, around everything. */
  readonly steady: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  readonly signal: AbortSignal;
}

/**
 * Runs the cohorts one by one. Throws what the database room throws: `statement-timeout`, `table-missing`, `database-unavailable`, …;
 * `data-changed` where the data were loaded anew meanwhile.
 */
export async function executeJob(deps: ExecuteDeps, job: PermittedJob): Promise<RawResult> {
  if (!PermittedJob.is(job)) throw new MoimError('internal', 'a job that was not permitted');
  return deps.steady(() => countAll(deps, job), deps.signal);
}

async function countAll(deps: ExecuteDeps, { facts: { verified } }: PermittedJob): Promise<RawResult> {
  const dataVersion = await deps.dataVersion();
  const cohorts: RawCells[] = [];
  for (const expression of verified.expressions)
    cohorts.push(countCells(await deps.count(expression, deps.signal)));
  // A hospital's own database knows nothing of our locks.
  if ((await deps.dataVersion()) !== dataVersion) throw new MoimError('data-changed');
  return { job: verified.job, dataVersion, cohorts };
}
