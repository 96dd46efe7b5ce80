/** Sums the events of several `node:test` runs into one account: what passed, what failed and how, what was skipped and why. */

import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

export const countNames = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo'] as const;
export type Counts = Readonly<Record<(typeof countNames)[number], number>>;

export interface Skip {
  readonly file: string;
  readonly name: string;
  /** The sentence given, or '' where none was. */
  readonly reason: string;
}

export interface Tally {
  readonly counts: Counts;
  readonly skips: readonly Skip[];
  /** The failing events, for the reporter that prints them in full. */
  readonly failures: readonly TestEvent[];
  /** Files that held no test at all. */
  readonly empty: readonly string[];
}

/** Collects events. `line` receives what a person should see as it happens; `verbose` adds a line a test. */
export function openTally(root: string, line: (text: string) => void, verbose: boolean) {
  const counts: Record<(typeof countNames)[number], number> = {
    tests: 0,
    suites: 0,
    pass: 0,
    fail: 0,
    cancelled: 0,
    skipped: 0,
    todo: 0,
  };
  const skips: Skip[] = [];
  const failures: TestEvent[] = [];
  const empty: string[] = [];
  const errors = new Map<string, string[]>();
  const began = new Map<string, number>();
  const pathOf = (file: string | undefined): string => (file === undefined ? '' : relative(root, file));

  function add(event: TestEvent): void {
    switch (event.type) {
      case 'test:dequeue':
        if (event.data.name === event.data.file && event.data.file)
          began.set(event.data.file, performance.now());
        return;
      case 'test:pass':
        passed(event.data);
        return;
      case 'test:fail':
        failures.push(event);
        line(`✖ ${pathOf(event.data.file)} › ${pathName(event.data.name)}`);
        return;
      case 'test:diagnostic':
        // The closing lines of each run carry no file: they are summed, and printed once at the very end.
        if (event.data.file !== undefined) line(`  ${event.data.message}`);
        return;
      case 'test:stdout':
        line(event.data.message.trimEnd());
        return;
      case 'test:stderr':
        keepError(event.data.file ?? '', event.data.message);
        return;
      case 'test:summary':
        if (event.data.file === undefined) sum(event.data.counts);
        else closeFile(event.data.file, event.data.counts);
        return;
    }
  }

  function passed(data: {
    file?: string;
    name: string;
    skip?: string | boolean;
    nesting: number;
    details: { duration_ms: number };
  }): void {
    const file = pathOf(data.file);
    if (data.name === data.file) {
      empty.push(file);
    } else if (data.skip !== undefined && data.skip !== false) {
      skips.push({ file, name: data.name, reason: typeof data.skip === 'string' ? data.skip : '' });
    } else if (verbose) {
      line(`  ${'  '.repeat(data.nesting)}✔ ${data.name} (${data.details.duration_ms.toFixed(0)} ms)`);
    }
  }

  function pathName(name: string): string {
    return name.startsWith(root) ? 'the file itself' : name;
  }

  function keepError(file: string, message: string): void {
    const kept = errors.get(file) ?? [];
    kept.push(message);
    errors.set(file, kept);
    if (verbose) line(message.trimEnd());
  }

  function closeFile(file: string, of: SummaryCounts): void {
    const seconds = ((performance.now() - (began.get(file) ?? performance.now())) / 1000).toFixed(1);
    const bad = failed(of) + of.cancelled;
    const parts = [
      `${of.passed} passed`,
      bad > 0 ? `${bad} failed` : '',
      of.skipped > 0 ? `${of.skipped} skipped` : '',
    ];
    line(
      `${bad > 0 ? '✖' : '✔'} ${pathOf(file)}  ${parts.filter((part) => part !== '').join(', ')}  ${seconds} s`,
    );
  }

  function sum(of: SummaryCounts): void {
    counts.tests += of.tests;
    counts.suites += of.suites;
    counts.pass += of.passed;
    counts.fail += failed(of);
    counts.cancelled += of.cancelled;
    counts.skipped += of.skipped;
    counts.todo += of.todo;
  }

  /** What failing files wrote to stderr, for the end of the run. */
  function errorOutput(): ReadonlyMap<string, string> {
    const failing = new Set(
      failures.map(({ data }) => (data !== undefined && 'file' in data ? data.file : undefined)),
    );
    return new Map(
      [...errors]
        .filter(([file]) => failing.has(file))
        .map(([file, text]) => [pathOf(file), text.join('').trimEnd()]),
    );
  }

  return { add, errorOutput, tally: { counts, skips, failures, empty } as Tally };
}

/** Failed, as the remainder: the published types of the summary leave it out. */
function failed(of: SummaryCounts): number {
  return of.tests - of.passed - of.cancelled - of.skipped - of.todo;
}

interface SummaryCounts {
  readonly tests: number;
  readonly suites: number;
  readonly passed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}
