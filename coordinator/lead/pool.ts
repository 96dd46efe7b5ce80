/** SiteResult → PooledResult: one answer that says which hospitals it stands on. */

import { asksCounts, countAsked } from '#protocol/analysis.ts';
import type { ReleasedCell } from '#protocol/cell.ts';
import { isComplete, isLate } from '#protocol/completion.ts';
import { pool } from '#protocol/disclosure/pool.ts';
import { allowedSkewMs } from '#protocol/envelope.ts';
import type { StudyOrder } from '#protocol/order.ts';
import type { SignedStudy } from '#protocol/study.ts';
import type { StudyCohort } from '#protocol/study-cohort.ts';
import type { SiteVocabulary } from '#protocol/vocabulary.ts';
import { type Figure, type PooledCount, pooledCount } from '#sql/analysis/count/pool.ts';
import { read } from '#sql/circe/read.ts';
import type { HubJob, HubStudy } from './hub-api.ts';
import type { SiteResult } from './open.ts';

/** One site beside the pooled figures: its state, and what it released per cohort. */
export interface SiteLine {
  readonly site: string;
  readonly state: string;
  readonly code?: string;
  /** Why a person at the hospital refused. */
  readonly reason?: string;
  /** Sealed by the site after the day on which answers count; left out of the pool unless asked for. */
  readonly late?: true;
  /** The site left the network; what it answered before counts. */
  readonly left?: true;
  /** It answered though the lead had paused or withdrawn the study: the order had not reached it. */
  readonly despite?: 'pause' | 'withdraw';
  readonly pinned?: boolean;
  readonly minCell?: number;
  readonly dataVersion?: string;
  /** How the site's vocabulary meets the study, where it said so. */
  readonly vocabulary?: SiteVocabulary;
  /** When the site sealed its answer, as it signed. */
  readonly answeredAt?: string;
  /** When the hub says that the answer came, where that is a day or more from when it was sealed. */
  readonly receivedAt?: string;
  readonly cohorts?: readonly { readonly name: string; readonly persons: Figure; readonly rows: Figure }[];
}

export interface PooledResult {
  readonly study: string;
  readonly version: number;
  readonly hash: string;
  readonly title: string;
  /** As the hub shows it: open, paused, complete, closed or withdrawn. */
  readonly state: string;
  /** "2 of 3": how many of the study's sites the figures stand on. */
  readonly standsOn: string;
  readonly complete: boolean;
  readonly minCell: number;
  readonly counts: 'person-records over sites: one patient may visit two hospitals';
  readonly sites: readonly SiteLine[];
  readonly cohorts: readonly PooledCount[];
}

/** What the lead's side knows beside the opened answers. */
export interface PoolNeeds {
  readonly signed: SignedStudy;
  readonly standing: Pick<HubStudy, 'state'>;
  readonly jobs: readonly HubJob[];
  readonly opened: {
    readonly results: readonly SiteResult[];
    readonly refused: readonly { site: string; code: string }[];
  };
  /** The lead's last order about this version. */
  readonly order?: StudyOrder | undefined;
  /** Whether late answers are pooled too. */
  readonly late?: boolean;
  readonly now: number;
}

export function poolResults(needs: PoolNeeds): PooledResult {
  const { signed, opened } = needs;
  const { study } = signed;
  const inTime = opened.results.filter(({ sealedAt }) => !isLate(study.completion, sealedAt));
  const results = needs.late === true ? opened.results : inTime;
  const asked = countAsked(study.analyses);
  const cohorts = countedCohorts(study).map((cohort, i) => {
    const sites = results.map(({ site, answer }) => ({ site, cells: cellsOf(answer.cohorts, i) }));
    return pooledCount(cohort.name, ruleNames(cohort), pool(sites, { of: study.sites.length }), asked);
  });
  const minCells = results.map(({ answer }) => answer.minimumCell);
  return {
    study: study.id,
    version: study.version,
    hash: signed.hash,
    title: study.title,
    state: needs.standing.state,
    standsOn: `${results.length} of ${study.sites.length}`,
    // By the answers opened here and by no word of the hub's.
    complete: isComplete(study.completion, { sites: study.sites.length, inTime: inTime.length }, needs.now),
    // The least that any answer kept to: what the pooled figures as a whole can claim.
    minCell: minCells.length === 0 ? study.minimumCell : Math.min(...minCells),
    counts: 'person-records over sites: one patient may visit two hospitals',
    sites: study.sites.map(({ site }) => siteLine(site, needs)),
    cohorts,
  };
}

function siteLine(site: string, { signed, jobs, opened, order }: PoolNeeds): SiteLine {
  const job = jobs.find((each) => each.site === site);
  const left = job?.left === true ? { left: true as const } : {};
  const result = opened.results.find((each) => each.site === site);
  if (result) {
    const { answer, pinned, sealedAt, receivedAt } = result;
    const apart = Math.abs(Date.parse(receivedAt) - Date.parse(sealedAt)) >= 86_400_000;
    const despite =
      order !== undefined &&
      order.order !== 'resume' &&
      order.version >= signed.study.version &&
      Date.parse(sealedAt) > Date.parse(order.at) + allowedSkewMs;
    return {
      site,
      state: 'answered',
      ...(isLate(signed.study.completion, sealedAt) ? { late: true as const } : {}),
      ...left,
      ...(despite ? { despite: order.order as 'pause' | 'withdraw' } : {}),
      pinned,
      minCell: answer.minimumCell,
      dataVersion: answer.dataVersion,
      ...(answer.vocabulary ? { vocabulary: answer.vocabulary } : {}),
      answeredAt: sealedAt,
      ...(apart ? { receivedAt } : {}),
      cohorts: countedCohorts(signed.study).map((cohort, i) => {
        const { name } = cohort;
        const { persons, rows } = pooledCount(
          name,
          ruleNames(cohort),
          pool([{ site, cells: cellsOf(answer.cohorts, i) }], { of: 1 }),
        );
        return { name, persons, rows };
      }),
    };
  }
  const bad = opened.refused.find((each) => each.site === site);
  if (bad) return { site, state: 'failed', code: bad.code, ...left };
  return {
    site,
    state: job?.state ?? 'waiting',
    ...(job?.code ? { code: job.code } : {}),
    ...(job?.reason ? { reason: job.reason } : {}),
    ...left,
  };
}

/** None where a study asks how it meets the vocabularies, and for no figures. */
const countedCohorts = (study: SignedStudy['study']) => (asksCounts(study.analyses) ? study.cohorts : []);

function cellsOf(cohorts: SiteResult['answer']['cohorts'], cohort: number): ReleasedCell[] {
  return (cohorts.find((each) => each.cohort === cohort)?.cells ?? []) as ReleasedCell[];
}

/** Of the rules that are not switched off; rules without a name keep the number they have in the definition. */
function ruleNames({ definition, withoutRules = [] }: StudyCohort): string[] {
  if (definition === undefined) return [];
  const result = read(JSON.stringify(definition));
  return result.ok
    ? (result.expression.InclusionRules ?? [])
        .map((rule, i) => rule.name ?? `Rule ${i + 1}`)
        .filter((_, i) => !withoutRules.includes(i))
    : [];
}
