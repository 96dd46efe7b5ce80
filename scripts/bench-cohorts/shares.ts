/**
 * Recorded shares: what part of the total time each definition takes, by data and definition. A share, unlike a time, does not depend on
 * the machine, so that one definition that has become slow beside the others shows anywhere.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Millionths of the total by name, of each data set. */
type Shares = Readonly<Record<string, Readonly<Record<string, number>>>>;

const file = fileURLToPath(new URL('shares.json', import.meta.url));

export interface Regression {
  readonly name: string;
  readonly share: number;
  readonly recorded: number;
}

/** Definitions that take at least three times their recorded share. Below a thousandth of the total nothing is said: that is noise. */
export function regressionsOf(
  recorded: Readonly<Record<string, number>>,
  ms: ReadonlyMap<string, number>,
): readonly Regression[] {
  return [...sharesOf(ms)].flatMap(([name, share]) => {
    const before = recorded[name];
    return before !== undefined && share >= 3 * before && share >= 0.001
      ? [{ name, share, recorded: before }]
      : [];
  });
}

/** Keeps the shares of this run for `data`, in place of those before. */
export function recordShares(data: string, ms: ReadonlyMap<string, number>): void {
  const own = [...sharesOf(ms)].map(([name, share]) => [name, Math.round(share * 1e6) / 1e6] as const);
  const shares: Shares = { ...readShares(), [data]: Object.fromEntries(own) };
  writeFileSync(file, `${JSON.stringify(shares, null, 2)}\n`);
}

function sharesOf(ms: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const total = [...ms.values()].reduce((sum, each) => sum + each, 0);
  return new Map([...ms].map(([name, each]) => [name, each / Math.max(total, 1e-9)]));
}

/** What is recorded for a data set. */
export function recordedShares(data: string): Readonly<Record<string, number>> {
  return readShares()[data] ?? {};
}

function readShares(): Shares {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Shares) : {};
}
