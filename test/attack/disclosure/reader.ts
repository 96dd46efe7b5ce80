/**
 * A reader with a solver, for tables too large to try out by hand: the least and the greatest whole number a cell can be,
 * given one release or several, and whatever else the reader knows.
 */

import assert from 'node:assert/strict';
import type { Link, RawCell, RawCells, ReleasedCell } from '#protocol/cell.ts';
import type { LinearSolver } from '#protocol/disclosure/linear.ts';

export interface Knowledge {
  /** Releases of the same table. */
  readonly releases: readonly (readonly ReleasedCell[])[];
  /** Cells of which the reader knows that they are empty. */
  readonly empty?: (cell: RawCell) => boolean;
  readonly links?: readonly Link[];
}

export interface Reader {
  /** Width of the range the cell can lie in; fails where that leaves out the truth. */
  width(id: string): number;
  close(): void;
}

const beyond = 1e6;

export function openReader(input: RawCells, knowledge: Knowledge, solve: LinearSolver): Reader {
  const at = new Map(input.cells.map(({ id }, column) => [id, column]));
  const ranges = input.cells.map(({ value, visibility }) =>
    visibility === 'known' ? [value, value] : [0, beyond],
  );
  const narrow = (id: string, from: number, to: number): void => {
    const range = ranges[at.get(id)!]!;
    ranges[at.get(id)!] = [Math.max(range[0]!, from), Math.min(range[1]!, to)];
  };
  for (const cell of knowledge.releases.flat()) {
    if (cell.state === 'suppressed') narrow(cell.id, cell.low, cell.high);
    else if ('value' in cell) narrow(cell.id, cell.value, cell.value);
  }
  for (const cell of input.cells) if (knowledge.empty?.(cell)) narrow(cell.id, 0, 0);
  const program = solve({
    low: ranges.map(([low]) => low!),
    high: ranges.map(([, high]) => high!),
    rows: [...input.links, ...(knowledge.links ?? [])].map(({ total, parts }) => ({
      low: 0,
      high: 0,
      columns: [total, ...parts].map((id) => at.get(id)!),
      factors: [1, ...parts.map(() => -1)],
    })),
  });
  const end = (column: number, sign: 1 | -1): number => {
    for (const whole of [false, true]) {
      const answer = program.minimize([[column, sign]], whole);
      assert.equal(answer.kind, 'optimal', 'no table agrees with the release');
      if (answer.kind !== 'optimal') continue;
      const point = Array.from(answer.point);
      if (point.every((value) => Math.abs(value - Math.round(value)) < 1e-6))
        return Math.round(point[column]!);
    }
    return assert.fail('no table of whole numbers');
  };
  return {
    width(id) {
      const [low, high] = [end(at.get(id)!, 1), end(at.get(id)!, -1)];
      const { value } = input.cells[at.get(id)!]!;
      assert.ok(low <= value && value <= high, `${id} is read wrongly`);
      return high - low;
    },
    close: () => program.close(),
  };
}

/** Ids of the given cells that the reader narrows to less than k, although some release could have hidden them. */
export function stolen(
  input: RawCells,
  knowledge: Knowledge,
  target: (cell: RawCell) => boolean,
  k: number,
  solve: LinearSolver,
): string[] {
  const reader = openReader(input, knowledge, solve);
  const before = openReader(input, { ...knowledge, releases: [] }, solve);
  try {
    return input.cells.flatMap((cell) => {
      if (!target(cell)) return [];
      const width = reader.width(cell.id);
      return width < k && width < before.width(cell.id) ? [cell.id] : [];
    });
  } finally {
    reader.close();
    before.close();
  }
}
