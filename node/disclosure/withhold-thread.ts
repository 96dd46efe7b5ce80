/** Runs in a thread of `withhold.ts`: takes the tables of one release, tells of each what may leave of it. */

import { parentPort, workerData } from 'node:worker_threads';
import type { RawCells } from '#protocol/cell.ts';
import { audit } from '#protocol/disclosure/audit.ts';
import { protect } from '#protocol/disclosure/protect.ts';
import type { DisclosureRule } from '#protocol/disclosure/rule.ts';
import { MoimError } from '#protocol/errors.ts';
import { loadSolver } from './solver.ts';
import type { Said } from './withhold.ts';

const { tables, rule } = workerData as { tables: readonly RawCells[]; rule: DisclosureRule };
const say = (said: Said): void => parentPort?.postMessage(said);

const solve = await loadSolver();
try {
  for (const table of tables) {
    const { cells } = protect(table, rule, solve);
    say({ done: { cells, violations: audit(table, cells, rule, solve) } });
  }
} catch (cause) {
  // Its own words name cells; those of anything else might hold figures.
  const own = cause instanceof MoimError && cause.code === 'disclosure-failed';
  say({ failed: own ? cause.message : 'the computation failed' });
}
