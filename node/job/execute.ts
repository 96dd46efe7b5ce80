/** PermittedJob → RawResult: the study's cohorts, counted on this hospital's CDM. Exact figures: they go to the release and nowhere else. */

import { asksCounts, type CountAsked, countAsked } from '#protocol/analysis.ts';
import type { RawCells } from '#protocol/cell.ts';
import { MoimError } from '#protocol/errors.ts';
import { countCells } from '#sql/analysis/count/cells.ts';
import type { CohortCounts } from '#sql/analysis/count/spec.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import type { VocabularyHere } from '../cohort/unresolved.ts';
import type { Withhold } from '../disclosure/withhold.ts';
import { PermittedJob } from './permit.ts';

export interface RawResult {
  readonly job: string;
  /** State of the data the figures stand on. */
  readonly dataVersion: string;
  /** How the vocabulary meets the study; exact, as the cells are. */
  readonly vocabulary: VocabularyHere;
  readonly cohorts: readonly RawCells[];
}

export interface ExecuteDeps {
  readonly count: (
    expression: CohortExpression,
    signal: AbortSignal,
    asked: CountAsked,
  ) => Promise<CohortCounts>;
  /** Reads tables whole where nobody noted their state: it is stopped as the cohorts are. */
  readonly dataVersion: (signal?: AbortSignal) => Promise<string>;
  readonly vocabulary: (
    expressions: readonly CohortExpression[],
    signal: AbortSignal,
  ) => Promise<VocabularyHere>;
  /** Runs `work` while no refresh changes the data under it; a job takes it once, around everything. */
  readonly steady: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  /** The rule and its audit over what was counted. */
  readonly withhold: Withhold;
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
  const dataVersion = await deps.dataVersion(deps.signal);
  const vocabulary = await deps.vocabulary(verified.expressions, deps.signal);
  const asked = countAsked(verified.signed.study.analyses);
  const cohorts: RawCells[] = [];
  const counts = asksCounts(verified.signed.study.analyses);
  for (const expression of verified.expressions)
    cohorts.push(
      counts ? countCells(await deps.count(expression, deps.signal, asked), asked) : { cells: [], links: [] },
    );
  // A hospital's own database knows nothing of our locks.
  if ((await deps.dataVersion(deps.signal)) !== dataVersion) throw new MoimError('data-changed');
  return { job: verified.job, dataVersion, vocabulary, cohorts };
}
