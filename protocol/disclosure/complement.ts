/**
 * Which further cells to withhold so that one cell becomes wide: two changes of the table, one that moves the cell up
 * and one that moves it down, k apart between them, of least cost, where only cells that may be withheld move (after
 * Kelly, Golden & Assad 1992 and Robertson's CONFID; surveyed by Castro 2012). The cells that move are the complement.
 * A heuristic: the region is the judge of what it proposes.
 */

import type { LinearSolver } from './linear.ts';
import type { Interval } from './region.ts';
import type { Table } from './table.ts';

export interface Complements {
  /** Cells to withhold so that `cell` can be in two places `width` apart; undefined where nothing achieves that. */
  propose(cell: number, width: number): number[] | undefined;
  /** From now on the cell is withheld and costs nothing. */
  withheld(cell: number): void;
  solved(): number;
  close(): void;
}

/**
 * `room` is how far each cell may move when everything is withheld; `prices` the cost of a cell (0: free to move).
 * Columns, a block of one a cell each: the first change up and down, the second up and down, and the distance of the
 * two in that cell.
 */
export function openComplements(
  table: Table,
  room: readonly Interval[],
  prices: readonly number[],
  solve: LinearSolver,
): Complements {
  const size = table.cells.length;
  const price = [...prices];
  const up = room.map((interval, cell) => interval.high - table.cells[cell]!.value);
  const down = room.map((interval, cell) => table.cells[cell]!.value - interval.low);
  const far = Math.max(...up) + Math.max(...down);
  const changes = [0, 2 * size].flatMap((block) =>
    table.rows.map((row) => {
      const rest = row.parts.reduce(
        (sum, part) => sum - table.cells[part]!.value,
        table.cells[row.total]!.value,
      );
      const columns = [row.total, ...row.parts].map((cell) => cell + block);
      const factors = [1, ...row.parts.map(() => -1)];
      return {
        low: row.low - rest,
        high: row.high - rest,
        columns: [...columns, ...columns.map((cell) => cell + size)],
        factors: [...factors, ...factors.map((factor) => -factor)],
      };
    }),
  );
  const distances = price.map((_, cell) => ({
    low: 0,
    high: 0,
    columns: [cell, cell + size, cell + 2 * size, cell + 3 * size, cell + 4 * size],
    factors: [1, -1, -1, 1, -1],
  }));
  const program = solve({
    low: [...new Array<number>(4 * size).fill(0), ...new Array<number>(size).fill(-far)],
    high: [...up, ...down, ...up, ...down, ...new Array<number>(size).fill(far)],
    rows: [...changes, ...distances],
  });
  let solved = 0;
  const cheapest = (weight: (cell: number) => number): { support: number[]; moved: number[] } | undefined => {
    solved++;
    const objective = price.flatMap((_, cell): [number, number][] => {
      const cost = weight(cell);
      return cost === 0 ? [] : [0, 1, 2, 3].map((block) => [cell + block * size, cost]);
    });
    const answer = program.minimize(objective, false);
    if (answer.kind !== 'optimal') return undefined;
    const at = (column: number): number => answer.point[column]!;
    const moved = price.map((_, cell) =>
      Math.max(Math.abs(at(cell) - at(cell + size)), Math.abs(at(cell + 2 * size) - at(cell + 3 * size))),
    );
    return { support: price.flatMap((cost, cell) => (cost > 0 && moved[cell]! > 1e-6 ? [cell] : [])), moved };
  };
  const total = (support: readonly number[]): number => support.reduce((sum, cell) => sum + price[cell]!, 0);

  return {
    propose(cell, width) {
      program.bound(cell + 4 * size, width, far);
      let best = cheapest((at) => price[at]!);
      if (best !== undefined && best.support.length > 1) {
        // A cell costs the same however far it moves: a second look makes those that moved far cheap by the unit.
        const { moved } = best;
        const again = cheapest((at) => price[at]! / (1 + moved[at]!));
        if (again !== undefined && total(again.support) < total(best.support)) best = again;
      }
      program.bound(cell + 4 * size, -far, far);
      return best?.support;
    },
    withheld(cell) {
      price[cell] = 0;
    },
    solved: () => solved,
    close: () => program.close(),
  };
}
