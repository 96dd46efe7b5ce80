import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadSolver } from '#node/disclosure/solver.ts';
import type { RawCells, ReleasedCell } from '#protocol/cell.ts';
import { audit } from '#protocol/disclosure/audit.ts';
import { protect } from '#protocol/disclosure/protect.ts';
import type { DisclosureRule } from '#protocol/disclosure/rule.ts';
import { attacker } from './attacker.ts';
import { chain, complement, join, persons, primaryOnly, twoWay } from './tables.ts';

const solve = await loadSolver();
const five: DisclosureRule = { minimumCell: 5, showZero: true };
const input = join(
  twoWay([
    [20, 50, 10],
    [8, 19, 22],
    [17, 3, 0],
  ]),
  chain([160, 152, 149], 's', 't'),
  complement(170, 's0', 160),
);
const good = protect(input, five, solve).cells;

function faults(cells: readonly ReleasedCell[], given: RawCells = input, rule = five): string[] {
  return audit(given, cells, rule, solve).map(({ id, fault }) => `${id} ${fault}`);
}

function change(id: string, to: (cell: ReleasedCell) => ReleasedCell[]): ReleasedCell[] {
  return good.flatMap((cell) => (cell.id === id ? to(cell) : [cell]));
}

function exact(cells: readonly ReleasedCell[], given: RawCells, id: string): ReleasedCell[] {
  const { kind, value } = given.cells.find((cell) => cell.id === id)!;
  return cells.map((cell) =>
    cell.id !== id
      ? cell
      : value === 0
        ? { id, kind, state: 'zero', value }
        : { id, kind, state: 'value', value },
  );
}

test('passes what the rule made', () => {
  assert.deepEqual(faults(good), []);
});

test('reports each withheld cell that is released after all', () => {
  const withheld = good.flatMap((cell) => (cell.state === 'suppressed' ? [cell.id] : []));
  assert.ok(withheld.length >= 5);
  for (const id of withheld)
    assert.notDeepEqual(faults(exact(good, input, id)), [], `${id} was released unnoticed`);
});

test('reports bounds that leave the truth out, that are narrow, or that narrow a neighbour', () => {
  const set =
    (low: number, high: number) =>
    (cell: ReleasedCell): ReleasedCell[] => [
      { id: cell.id, kind: cell.kind, state: 'suppressed', low, high },
    ];
  assert.deepEqual(faults(change('c2-1', set(4, 30))), ['c2-1 untrue']);
  assert.deepEqual(faults(change('c2-1', set(1, 5))), ['c2-1 narrow']);
  assert.deepEqual(faults(change('c2-1', set(0.5, 9))), ['c2-1 untrue']);
  const twin = {
    cells: [persons('a', 6), persons('b', 4), persons('t', 10)],
    links: [{ total: 't', parts: ['a', 'b'] }],
  };
  const cells = (low: number, high: number): ReleasedCell[] => [
    { id: 'a', kind: 'persons', state: 'suppressed', low, high },
    { id: 'b', kind: 'persons', state: 'suppressed', low: 1, high: 9 },
    { id: 't', kind: 'persons', state: 'value', value: 10 },
  ];
  assert.deepEqual(faults(cells(1, 9), twin), []);
  assert.deepEqual(faults(cells(1, 6), twin), []);
  assert.deepEqual(faults(cells(2, 7), twin), []);
  assert.deepEqual(faults(cells(6, 11), twin), ['a narrow', 'b narrow']);
});

test('reports cells that are missing, not asked, twice, or of another kind or value', () => {
  assert.deepEqual(faults(change('t', () => [])), ['t missing']);
  assert.deepEqual(faults([...good, { id: 'x', kind: 'persons', state: 'error' }]), []);
  assert.deepEqual(faults([...good, { id: 'x', kind: 'persons', state: 'value', value: 90 }]), [
    'x not-asked',
  ]);
  assert.deepEqual(faults([...good, { id: 's-left1', kind: 'persons', state: 'value', value: 8 }]), [
    's-left1 not-asked',
  ]);
  assert.deepEqual(faults(change('t', (cell) => [cell, cell])), ['t not-asked']);
  assert.deepEqual(faults(change('t', () => [{ id: 't', kind: 'rows', state: 'value', value: 149 }])), [
    't untrue',
  ]);
  assert.deepEqual(faults(change('t', () => [{ id: 't', kind: 'persons', state: 'value', value: 150 }])), [
    't untrue',
  ]);
});

test('reports an empty cell where zeros are not shown, and a small one', () => {
  assert.ok(faults(good, input, { minimumCell: 5, showZero: false }).includes('c2-2 open'));
  assert.ok(faults(good, input, { minimumCell: 11, showZero: true }).includes('c0-2 open'));
});

test('counts on "at least 1" for a withheld cell where zeros are shown', () => {
  const twin = {
    cells: [persons('a', 2), persons('b', 3), persons('t', 5)],
    links: [{ total: 't', parts: ['a', 'b'] }],
  };
  const cells: ReleasedCell[] = [
    { id: 'a', kind: 'persons', state: 'suppressed', low: 0, high: 5 },
    { id: 'b', kind: 'persons', state: 'suppressed', low: 0, high: 5 },
    { id: 't', kind: 'persons', state: 'value', value: 5 },
  ];
  assert.deepEqual(faults(cells, twin), ['a narrow', 'b narrow']);
  assert.deepEqual(faults(cells, twin, { minimumCell: 5, showZero: false }), []);
});

test('reports a small cell that only empty cells cover, where a reader may know them empty', () => {
  // c0-0 = 2 + c1-2: as long as c1-2 may be anything it is 2 to 8; nobody is in the third column, and it is 2.
  const table = twoWay([
    [2, 6, 0],
    [21, 6, 0],
  ]);
  const sent = ['c1-1', 'r0', 'r1', 'k0', 't'];
  const cells = table.cells.map(
    ({ id, kind, value }): ReleasedCell =>
      sent.includes(id)
        ? { id, kind, state: 'value', value }
        : { id, kind, state: 'suppressed', low: 0, high: 35 },
  );
  assert.deepEqual(attacker(table, cells).pin('c0-0'), [2, 8]);
  assert.deepEqual(attacker(table, cells, { zeros: true }).pin('c0-0'), [2, 2]);
  assert.deepEqual(faults(cells, table, { minimumCell: 5, showZero: false }), ['c0-0 narrow']);
});

test('a cell said to be in error or not applicable still counts as withheld', () => {
  const twin = {
    cells: [persons('a', 3), persons('b', 9), persons('t', 12)],
    links: [{ total: 't', parts: ['a', 'b'] }],
  };
  assert.deepEqual(
    faults(
      [
        { id: 'a', kind: 'persons', state: 'error' },
        { id: 'b', kind: 'persons', state: 'value', value: 9 },
        { id: 't', kind: 'persons', state: 'value', value: 12 },
      ],
      twin,
    ),
    ['a narrow'],
  );
});

test('agrees with a reader who tries every table, on releases that withhold cells at random', () => {
  const grid = fc.array(fc.array(fc.nat(9), { minLength: 3, maxLength: 3 }), { minLength: 2, maxLength: 3 });
  fc.assert(
    fc.property(grid, fc.infiniteStream(fc.boolean()), (counts, chance) => {
      const table = twoWay(counts);
      const rule = { minimumCell: 4, showZero: false };
      const total = counts.flat().reduce((sum, value) => sum + value, 0);
      const cells = table.cells.map(
        ({ id, kind, value }): ReleasedCell =>
          value < 4 || chance.next().value === true
            ? { id, kind, state: 'suppressed', low: 0, high: total + 4 }
            : { id, kind, state: 'value', value },
      );
      const reader = attacker(table, cells);
      const knowing = attacker(table, cells, { zeros: true });
      const prior = attacker(table, [], { zeros: true });
      const width = (by: typeof reader, id: string): number => {
        const [low, high] = by.pin(id);
        return high - low;
      };
      const narrow = table.cells.flatMap(({ id, value }, at) => {
        if (cells[at]!.state !== 'suppressed') return [];
        const isKnown = value > 0 && value < 4 && width(knowing, id) < Math.min(4, width(prior, id));
        return isKnown || width(reader, id) < 4 ? [id] : [];
      });
      assert.deepEqual(
        audit(table, cells, rule, solve)
          .map(({ id }) => id)
          .sort(),
        narrow.sort(),
      );
    }),
    { numRuns: 120 },
  );
});

test('finds primary suppression alone unsafe whenever a margin is released', () => {
  assert.notDeepEqual(faults(primaryOnly(input, 5)), []);
});
