/**
 * The rule and its audit in a thread of their own: where many small figures hang together the solver may take minutes, and
 * the link, a stop and other commands must be served meanwhile. What takes too long is ended, and nothing leaves.
 */

import { Worker } from 'node:worker_threads';
import type { RawCells, ReleasedCell } from '#protocol/cell.ts';
import type { Violation } from '#protocol/disclosure/audit.ts';
import type { DisclosureRule } from '#protocol/disclosure/rule.ts';
import { MoimError } from '#protocol/errors.ts';

/** What the rule leaves of one table, and what the audit found against it. */
export interface Withheld {
  readonly cells: readonly ReleasedCell[];
  readonly violations: readonly Violation[];
}

/** What the thread says: a table is done, in their order, or it failed. */
export type Said = { readonly done: Withheld } | { readonly failed: string };

export type Withhold = (
  tables: readonly RawCells[],
  rule: DisclosureRule,
  signal: AbortSignal,
) => Promise<readonly Withheld[]>;

/** Megabytes of a thread's memory: many times what the largest table needs. */
const memoryMb = 1024;

/** Each table may take `limitMs`. The function throws MoimError `disclosure-failed`, or `interrupted` where `signal` was aborted. */
export function withholdingApart(limitMs: number): Withhold {
  return async (tables, rule, signal) => {
    if (tables.every(({ cells }) => cells.length === 0))
      return tables.map(() => ({ cells: [], violations: [] }));
    return inThread(tables, rule, limitMs, signal);
  };
}

function inThread(
  tables: readonly RawCells[],
  rule: DisclosureRule,
  limitMs: number,
  signal: AbortSignal,
): Promise<readonly Withheld[]> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new MoimError('interrupted'));
    const worker = new Worker(new URL('withhold-thread.ts', import.meta.url), {
      workerData: { tables, rule },
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    const all: Withheld[] = [];
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      worker.removeAllListeners();
      // Whatever a thread that is ended still says is of no interest, and must not be uncaught.
      worker.on('error', () => {});
      worker.terminate().then(settle, settle);
    };
    const fail = (detail: string, cause?: unknown) =>
      end(() => reject(new MoimError('disclosure-failed', detail, { cause })));
    const stop = () => end(() => reject(new MoimError('interrupted')));
    const late = () =>
      fail(`cohort ${all.length + 1}: took more than ${limitMs / 1000} s (disclosureTimeoutSeconds)`);
    const timer = setTimeout(late, limitMs);
    signal.addEventListener('abort', stop);
    worker.on('message', (said: Said) => {
      if ('failed' in said) return fail(`cohort ${all.length + 1}: ${said.failed}`);
      timer.refresh();
      if (all.push(said.done) === tables.length) end(() => resolve(all));
    });
    worker.on('error', (cause) => fail(`cohort ${all.length + 1}: the computation broke off`, cause));
    worker.on('exit', () => fail(`cohort ${all.length + 1}: the computation ended early`));
  });
}
