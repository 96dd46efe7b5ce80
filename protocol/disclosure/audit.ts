/**
 * The last guard before a release: takes the truth and what is about to leave, and works out afresh what a reader could
 * learn. It shares no code with the rule's own search but the linear solver's interface and the two settings: it has its
 * own programs, its own pieces (released cells are constants here, so pieces are smaller), and keeps no witness. For
 * each cell it asks for the least and the greatest whole number and checks both points in exact arithmetic. It asks
 * twice: for a reader who knows nothing of empty cells, and for one who knows them all.
 */

import type { RawCell, RawCells, ReleasedCell } from '../cell.ts';
import type { LinearSolver, OpenProgram } from './linear.ts';
import { type DisclosureRule, isSensitive } from './rule.ts';

export type Fault =
  /** A number about no published cell of this input, or a cell that comes more than once. */
  | 'not-asked'
  /** A published cell about which nothing is said. */
  | 'missing'
  /** The value, kind or bounds are not true. */
  | 'untrue'
  /** The exact number is released although it is small, or empty where zeros are not shown. */
  | 'open'
  /** The cell, or a number that follows from released ones, can be narrowed to less than k. */
  | 'narrow'
  /** Nothing could be proved about the cell: counts as unsafe. */
  | 'unproven';

export interface Violation {
  readonly id: string;
  readonly fault: Fault;
}

interface Piece {
  readonly cells: readonly RawCell[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly equations: readonly Equation[];
}

interface Equation {
  readonly at: readonly number[];
  readonly sign: readonly number[];
  readonly low: number;
  readonly high: number;
}

/** Violations of the rule by a release, by cell id and kind of fault: no counts. An empty list is leave to release. */
export function audit(
  input: RawCells,
  released: readonly ReleasedCell[],
  rule: DisclosureRule,
  solve: LinearSolver,
): Violation[] {
  const found: Violation[] = [];
  const add = (id: string, fault: Fault): void => {
    if (!found.some((known) => known.id === id && known.fault === fault)) found.push({ id, fault });
  };
  const raw = new Map(input.cells.map((cell) => [cell.id, cell]));
  const said = new Map<string, ReleasedCell>();
  for (const cell of released) {
    const isSilent = cell.state === 'error' || cell.state === 'not-applicable';
    const isAsked = raw.get(cell.id)?.visibility === 'published' || (isSilent && !raw.has(cell.id));
    if (said.has(cell.id) || !isAsked) add(cell.id, 'not-asked');
    said.set(cell.id, cell);
  }
  for (const cell of input.cells) {
    if (cell.visibility !== 'published') continue;
    const answer = said.get(cell.id);
    if (answer === undefined) add(cell.id, 'missing');
    else for (const fault of faults(cell, answer, rule)) add(cell.id, fault);
  }
  // A release that is untrue leaves nothing to measure: no table agrees with it.
  if (found.length > 0 || rule.minimumCell === 1) return found;

  const isWithheld = (cell: RawCell): boolean =>
    cell.visibility === 'published' && !isExact(said.get(cell.id));
  const zeroWithheld = zeroPieces(input, isWithheld);
  const floor = (cell: RawCell): number =>
    rule.showZero && cell.visibility === 'published' && !zeroWithheld.has(cell.id) ? 1 : 0;
  const held = (cell: RawCell): readonly [number, number] => {
    const answer = said.get(cell.id);
    if (cell.visibility === 'known' || isExact(answer)) return [cell.value, cell.value];
    if (answer?.state === 'suppressed') return [Math.max(answer.low, floor(cell)), answer.high];
    return [floor(cell), Number.POSITIVE_INFINITY];
  };
  // What a reader holds whatever is withheld: known numbers and, where no zero had to be withheld, "at least 1".
  const prior = (cell: RawCell): readonly [number, number] =>
    cell.visibility === 'known' ? [cell.value, cell.value] : [floor(cell), Number.POSITIVE_INFINITY];
  const cap =
    8 *
    (input.cells.length + 2) *
    (input.cells.reduce((most, cell) => Math.max(most, cell.value), 0) + 2 * rule.minimumCell);
  const narrow = (
    range: (cell: RawCell) => readonly [number, number],
    whatever: (cell: RawCell) => readonly [number, number],
    isTarget: (cell: RawCell) => boolean,
  ): void => {
    const before = pieces(input, whatever);
    for (const piece of pieces(input, range)) {
      const targets = piece.cells.flatMap((cell, at) => (isTarget(cell) ? [at] : []));
      const widths = measure(piece, targets, cap, solve);
      for (const [position, at] of targets.entries()) {
        const { id } = piece.cells[at]!;
        const width = widths[position];
        if (width === undefined) add(id, 'unproven');
        if (width === undefined || width >= rule.minimumCell) continue;
        // Narrower than k: allowed only as far as no release could have hidden it.
        const home = before.find((other) => other.cells.some((cell) => cell.id === id))!;
        const [most] = measure(home, [home.cells.findIndex((cell) => cell.id === id)], cap, solve);
        if (most === undefined) add(id, 'unproven');
        else if (width < Math.min(rule.minimumCell, most)) add(id, 'narrow');
      }
    }
  };
  narrow(held, prior, (cell) => isSensitive(cell, rule) || isWithheld(cell));
  // The reader who knows which cells are empty, sent or derived: a zero must not be what covers a small number.
  const knowing =
    (range: (cell: RawCell) => readonly [number, number]) =>
    (cell: RawCell): readonly [number, number] =>
      cell.value === 0 ? [0, 0] : range(cell);
  if (input.cells.some((cell) => cell.value === 0 && held(cell)[1] > 0))
    narrow(knowing(held), knowing(prior), (cell) => cell.n > 0 && isSensitive(cell, rule));
  return found;
}

function faults(cell: RawCell, answer: ReleasedCell, rule: DisclosureRule): Fault[] {
  if (answer.kind !== cell.kind) return ['untrue'];
  switch (answer.state) {
    case 'value':
    case 'zero':
      if (answer.value !== cell.value || (answer.state === 'zero') !== (cell.value === 0)) return ['untrue'];
      return isSensitive(cell, rule) ? ['open'] : [];
    case 'suppressed':
      if (!Number.isSafeInteger(answer.low) || !Number.isSafeInteger(answer.high) || answer.low < 0)
        return ['untrue'];
      if (cell.value < answer.low || cell.value > answer.high) return ['untrue'];
      return answer.high - answer.low < rule.minimumCell ? ['narrow'] : [];
    case 'not-applicable':
    case 'error':
      return [];
  }
}

function isExact(answer: ReleasedCell | undefined): boolean {
  return answer?.state === 'value' || answer?.state === 'zero';
}

/** Ids of all cells that hang together with an empty cell that was withheld: there a reader cannot count on "at least 1". */
function zeroPieces(input: RawCells, isWithheld: (cell: RawCell) => boolean): Set<string> {
  const whole = pieces(input, (cell) =>
    cell.visibility === 'known' ? [cell.value, cell.value] : [0, Number.POSITIVE_INFINITY],
  );
  const hit = whole.filter((piece) => piece.cells.some((cell) => cell.value === 0 && isWithheld(cell)));
  return new Set(hit.flatMap((piece) => piece.cells.map((cell) => cell.id)));
}

/** Splits the cells that are not constants into pieces joined by links; constants are moved to the other side. */
function pieces(input: RawCells, range: (cell: RawCell) => readonly [number, number]): Piece[] {
  const cells = new Map(input.cells.map((cell) => [cell.id, { cell, range: range(cell) }]));
  const isOpen = (id: string): boolean => {
    const {
      range: [low, high],
    } = cells.get(id)!;
    return low !== high;
  };
  const touching = new Map<string, number[]>();
  input.links.forEach((link, index) => {
    for (const id of [link.total, ...link.parts]) touching.set(id, [...(touching.get(id) ?? []), index]);
  });
  const visited = new Set<string>();
  const result: Piece[] = [];
  for (const { cell } of cells.values()) {
    if (visited.has(cell.id)) continue;
    if (!isOpen(cell.id)) {
      // A constant, yet a number can follow from it only through links; alone it is a piece of width 0.
      visited.add(cell.id);
      result.push({
        cells: [cell],
        low: [cells.get(cell.id)!.range[0]],
        high: [cells.get(cell.id)!.range[1]],
        equations: [],
      });
      continue;
    }
    const members: string[] = [];
    const links = new Set<number>();
    const queue = [cell.id];
    visited.add(cell.id);
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      members.push(id);
      for (const index of touching.get(id) ?? []) {
        links.add(index);
        const link = input.links[index]!;
        for (const other of [link.total, ...link.parts]) {
          if (visited.has(other) || !isOpen(other)) continue;
          visited.add(other);
          queue.push(other);
        }
      }
    }
    const place = new Map(members.map((id, at) => [id, at]));
    result.push({
      cells: members.map((id) => cells.get(id)!.cell),
      low: members.map((id) => cells.get(id)!.range[0]),
      high: members.map((id) => cells.get(id)!.range[1]),
      equations: [...links].map((index) => {
        const { total, parts, relation } = input.links[index]!;
        const terms = [{ id: total, sign: 1 }, ...parts.map((id) => ({ id, sign: -1 }))];
        const constant = terms.reduce(
          (sum, { id, sign }) => (place.has(id) ? sum : sum + sign * cells.get(id)!.range[0]),
          0,
        );
        const inside = terms.filter(({ id }) => place.has(id));
        return {
          at: inside.map(({ id }) => place.get(id)!),
          sign: inside.map(({ sign }) => sign),
          low: relation === 'at-most' ? Number.NEGATIVE_INFINITY : -constant,
          high: relation === 'at-least' ? Number.POSITIVE_INFINITY : -constant,
        };
      }),
    });
  }
  return result;
}

/** The proved width of each target, or undefined where nothing could be proved. */
function measure(
  piece: Piece,
  targets: readonly number[],
  cap: number,
  solve: LinearSolver,
): (number | undefined)[] {
  if (targets.length === 0) return [];
  if (piece.equations.length === 0)
    return targets.map((at) => Math.min(piece.high[at]!, cap) - piece.low[at]!);
  const high = piece.high.map((value) => Math.min(value, cap));
  const program = solve({
    low: piece.low,
    high,
    rows: piece.equations.map(({ at, sign, low, high: most }) => ({
      low,
      high: most,
      columns: at,
      factors: sign,
    })),
  });
  try {
    return targets.map((at) => {
      const least = proved(piece, high, program, at, 1);
      const most = proved(piece, high, program, at, -1);
      return least === undefined || most === undefined ? undefined : most - least;
    });
  } finally {
    program.close();
  }
}

/** The cell at one end of its range, in a table of whole numbers that keeps every equation and bound exactly. */
function proved(
  piece: Piece,
  high: readonly number[],
  program: OpenProgram,
  at: number,
  sign: number,
): number | undefined {
  for (const whole of [false, true]) {
    const answer = program.minimize([[at, sign]], whole);
    if (answer.kind !== 'optimal') continue;
    const point = piece.cells.map((_, column) => Math.round(answer.point[column]!));
    const inside = point.every(
      (value, column) =>
        value >= piece.low[column]! &&
        value <= high[column]! &&
        Math.abs(value - answer.point[column]!) < 1e-3,
    );
    const agrees = piece.equations.every((equation) => {
      const sum = equation.at.reduce(
        (total, column, place) => total + equation.sign[place]! * point[column]!,
        0,
      );
      return sum >= equation.low && sum <= equation.high;
    });
    if (inside && agrees) return point[at]!;
  }
  return undefined;
}
