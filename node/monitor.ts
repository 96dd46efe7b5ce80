/** What a node tells of itself on its own page: whether it is ready, and its metrics. Made before the link is, which it asks later. */

import type { Pool } from 'pg';
import type { Counters } from '#host/counters.ts';
import { type Readiness, readiness } from '#host/health.ts';
import { counted, createMetrics, type Metrics } from '#host/metrics.ts';
import { readStanding } from './audit/standing.ts';
import type { NodeDb } from './database.ts';
import { nodeFacts } from './metrics.ts';

export interface MonitorDeps {
  readonly db: NodeDb;
  readonly cdm: Pool;
  readonly cdmSchema: string;
  readonly attached: boolean;
  readonly counters: Counters;
  readonly lastBackup: () => string | undefined;
  /** False where everything is carried by hand: then no link is missed. */
  readonly linked: boolean;
  readonly now: () => number;
}

export interface Monitor {
  readonly metrics: Metrics;
  readonly ready: () => Promise<Readiness>;
  /** Names the link to ask. */
  watch(link: { up(): boolean }): void;
  /** Runs one cohort's query and notes how long it took, whatever came of it. */
  timed<T>(work: () => Promise<T>): Promise<T>;
}

export function createMonitor(deps: MonitorDeps): Monitor {
  let link: { up(): boolean } | undefined;
  const linkUp = () => link?.up() ?? false;
  const metrics = createMetrics(async () => [
    ...(await nodeFacts({ ...deps, linkUp })),
    ...counted('moim_node_', deps.counters.read()),
  ]);
  // One histogram over all cohorts: the time of one cohort would tell something of the patients it finds.
  const took = metrics.timer(
    { name: 'moim_node_query_seconds', help: 'Seconds a cohort’s query took, over all cohorts.' },
    [0.1, 0.5, 2, 10, 60, 300, 600, 3600],
  );
  return {
    metrics,
    ready: () => readiness({ halted: () => haltedCode(deps.db), ...(deps.linked ? { linkUp } : {}) }),
    watch: (made) => {
      link = made;
    },
    async timed(work) {
      const start = performance.now();
      try {
        return await work();
      } finally {
        took((performance.now() - start) / 1000);
      }
    },
  };
}

/** `set-back`, or `restored` where no person has confirmed yet what a backup put back. */
async function haltedCode(db: NodeDb): Promise<'set-back' | 'restored' | undefined> {
  const { haltedAt, code } = await readStanding(db);
  if (code === 'restored') return code;
  return haltedAt === null ? undefined : 'set-back';
}
