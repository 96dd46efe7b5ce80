/** SiteResult → PooledResult: one answer that says which hospitals it stands on. */

import type { ReleasedCell } from '#protocol/cell.ts';
import { pool } from '#protocol/disclosure/pool.ts';
import type { CompletionRule, SignedStudy } from '#protocol/study.ts';
import { type Figure, type PooledCount, pooledCount } from '#sql/analysis/count/pool.ts';
import { read } from '#sql/circe/read.ts';
import type { HubJob } from './hub-api.ts';
import type { SiteResult } from './open.ts';

/** One site beside the pooled figures: its state, and what it released per cohort. */
export interface SiteLine {
  readonly site: string;
  readonly state: string;
  readonly code?: string;
  readonly pinned?: boolean;
  readonly minCell?: number;
  readonly dataVersion?: string;
  readonly answeredAt?: string;
  readonly cohorts?: readonly { readonly name: string; readonly persons: Figure; readonly rows: Figure }[];
}

export interface PooledResult {
  readonly study: string;
  readonly version: number;
  readonly hash: string;
  readonly title: string;
  /** "2 of 3": how many of the study's sites the figures stand on. */
  readonly standsOn: string;
  readonly complete: boolean;
  readonly minCell: number;
  readonly counts: 'person-records over sites: one patient may visit two hospitals';
  readonly sites: readonly SiteLine[];
  readonly cohorts: readonly PooledCount[];
}

export function poolResults(
  signed: SignedStudy,
  jobs: readonly HubJob[],
  opened: {
    readonly results: readonly SiteResult[];
    readonly refused: readonly { site: string; code: string }[];
  },
): PooledResult {
  const { study } = signed;
  const { results } = opened;
  const cohorts = study.cohorts.map(({ name, definition }, i) => {
    const sites = results.map(({ site, answer }) => ({ site, cells: cellsOf(answer.cohorts, i) }));
    return pooledCount(name, ruleNames(definition), pool(sites, { of: study.sites.length }));
  });
  const minCells = results.map(({ answer }) => answer.minimumCell);
  return {
    study: study.id,
    version: study.version,
    hash: signed.hash,
    title: study.title,
    standsOn: `${results.length} of ${study.sites.length}`,
    complete: isComplete(study.completion, results.length, study.sites.length),
    // The least that any answer kept to: what the pooled figures as a whole can claim.
    minCell: minCells.length === 0 ? study.minimumCell : Math.min(...minCells),
    counts: 'person-records over sites: one patient may visit two hospitals',
    sites: study.sites.map(({ site }) => siteLine(site, signed, jobs, opened)),
    cohorts,
  };
}

export function isComplete(rule: CompletionRule, answered: number, sites: number): boolean {
  return answered >= (rule.kind === 'at-least' ? rule.sites : sites);
}

function siteLine(
  site: string,
  signed: SignedStudy,
  jobs: readonly HubJob[],
  opened: {
    readonly results: readonly SiteResult[];
    readonly refused: readonly { site: string; code: string }[];
  },
): SiteLine {
  const result = opened.results.find((each) => each.site === site);
  if (result) {
    const { answer, pinned } = result;
    return {
      site,
      state: 'answered',
      pinned,
      minCell: answer.minimumCell,
      dataVersion: answer.dataVersion,
      answeredAt: answer.answeredAt,
      cohorts: signed.study.cohorts.map(({ name, definition }, i) => {
        const { persons, rows } = pooledCount(
          name,
          ruleNames(definition),
          pool([{ site, cells: cellsOf(answer.cohorts, i) }], { of: 1 }),
        );
        return { name, persons, rows };
      }),
    };
  }
  const bad = opened.refused.find((each) => each.site === site);
  if (bad) return { site, state: 'failed', code: bad.code };
  const job = jobs.find((each) => each.site === site);
  return { site, state: job?.state ?? 'waiting', ...(job?.code ? { code: job.code } : {}) };
}

function cellsOf(cohorts: SiteResult['answer']['cohorts'], cohort: number): ReleasedCell[] {
  return (cohorts.find((each) => each.cohort === cohort)?.cells ?? []) as ReleasedCell[];
}

function ruleNames(definition: unknown): string[] {
  const result = read(JSON.stringify(definition));
  return result.ok
    ? (result.expression.InclusionRules ?? []).map((rule, i) => rule.name ?? `Rule ${i + 1}`)
    : [];
}
