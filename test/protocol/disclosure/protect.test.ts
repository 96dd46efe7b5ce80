import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSolver } from '#node/disclosure/solver.ts';
import type { RawCells, ReleasedCell } from '#protocol/cell.ts';
import { audit } from '#protocol/disclosure/audit.ts';
import type { LinearSolver } from '#protocol/disclosure/linear.ts';
import { protect } from '#protocol/disclosure/protect.ts';
import { type DisclosureRule, stricter } from '#protocol/disclosure/rule.ts';
import { attacker } from './attacker.ts';
import { chain, complement, join, persons, twoWay } from './tables.ts';

const solve = await loadSolver();
const five: DisclosureRule = { minimumCell: 5, showZero: true };
const fiveNoZero: DisclosureRule = { minimumCell: 5, showZero: false };

/** `id=value` or `id=[low,high]`, one word a cell. */
function words(cells: readonly ReleasedCell[]): string {
  return cells
    .map(
      (cell) =>
        `${cell.id}=${cell.state === 'suppressed' ? `[${cell.low},${cell.high}]` : 'value' in cell ? cell.value : cell.state}`,
    )
    .join(' ');
}

function send(input: RawCells, rule: DisclosureRule): string {
  return words(protect(input, rule, solve).cells);
}

function withheld(input: RawCells, rule: DisclosureRule): string[] {
  return protect(input, rule, solve).cells.flatMap((cell) => (cell.state === 'suppressed' ? [cell.id] : []));
}

test('the stricter of two rules takes the larger cell and shows zeros only where both do', () => {
  assert.deepEqual(stricter({ minimumCell: 5, showZero: true }, { minimumCell: 11, showZero: false }), {
    minimumCell: 11,
    showZero: false,
  });
  assert.deepEqual(stricter(five, five), five);
});

test('a lone small total gets bounds k wide that hold it', () => {
  assert.equal(send({ cells: [persons('n', 3)], links: [] }, five), 'n=[1,6]');
  assert.equal(send({ cells: [persons('n', 3)], links: [] }, fiveNoZero), 'n=[0,5]');
  assert.equal(send({ cells: [persons('n', 0)], links: [] }, fiveNoZero), 'n=[0,5]');
  assert.equal(send({ cells: [persons('n', 0)], links: [] }, five), 'n=0');
  assert.equal(send({ cells: [persons('n', 5)], links: [] }, five), 'n=5');
});

test('a total whose complement is small is withheld and bounded from above', () => {
  const input = join({ cells: [persons('n', 998)], links: [] }, complement(1000, 'n', 998));
  assert.equal(send(input, fiveNoZero), 'n=[995,1000]');
  assert.equal(
    send(join({ cells: [persons('n', 995)], links: [] }, complement(1000, 'n', 995)), fiveNoZero),
    'n=995',
  );
});

test('one small cell of a 3 × 3 table takes three more with it, and keeps every margin', () => {
  const input = twoWay([
    [20, 50, 10],
    [8, 19, 22],
    [17, 3, 12],
  ]);
  const gone = withheld(input, five);
  assert.equal(gone.length, 4);
  assert.ok(gone.includes('c2-1'));
  assert.ok(gone.every((id) => id.startsWith('c')));
});

test('a small cell in a one-way table takes one more with it, and keeps the total', () => {
  const cells = [persons('a', 3), persons('b', 9), persons('c', 40), persons('t', 52)];
  const input = { cells, links: [{ total: 't', parts: ['a', 'b', 'c'] }] };
  assert.equal(send(input, five), 'a=[1,11] b=[1,11] c=40 t=52');
});

test('a small attrition step withholds a count in the middle and keeps the first and the last', () => {
  assert.equal(send(chain([100, 98, 60]), five), 's0=100 s1=[60,100] s2=60');
  assert.equal(send(chain([100, 97, 94]), five), 's0=100 s1=[94,100] s2=94');
  assert.deepEqual(withheld(chain([500, 400, 398, 300, 50]), five), ['s2']);
});

test('two small steps that add up to less than k cost an outer count', () => {
  const input = chain([100, 98, 96]);
  const cells = protect(input, five, solve).cells;
  const [low, high] = attacker(input, cells).pin('s-left1');
  assert.ok(high - low >= 5);
});

test('an equal step is hidden where zeros are not shown and kept where they are', () => {
  assert.equal(send(chain([100, 100, 60]), five), 's0=100 s1=100 s2=60');
  assert.equal(send(chain([100, 100, 60]), fiveNoZero), 's0=100 s1=[60,100] s2=60');
});

test('rows of few persons are withheld, and their bounds do not tell how many rows one person has', () => {
  const input: RawCells = {
    cells: [persons('n', 1), { id: 'rows', kind: 'rows', visibility: 'published', n: 1, value: 503 }],
    links: [{ total: 'rows', parts: ['n'], relation: 'at-least' }],
  };
  assert.equal(send(input, fiveNoZero), 'n=[0,5] rows=[0,640]');
});

test('a number of rows cannot be used to narrow the persons behind it', () => {
  const input: RawCells = {
    cells: [
      ...['a', 'b', 'c'].map((id, at) => persons(id, [3, 10, 40][at]!)),
      persons('t', 53),
      { id: 'b-rows', kind: 'rows', visibility: 'published', n: 10, value: 10 },
    ],
    links: [
      { total: 't', parts: ['a', 'b', 'c'] },
      { total: 'b-rows', parts: ['b'], relation: 'at-least' },
    ],
  };
  const cells = protect(input, five, solve).cells;
  const [low, high] = attacker(input, cells).pin('a');
  assert.ok(high - low >= 5);
  assert.deepEqual(audit(input, cells, five, solve), []);
});

test('what known numbers give away whatever is withheld is withheld with bounds k wide', () => {
  for (const all of [3, 4, 5]) {
    const input = join({ cells: [persons('n', 2)], links: [] }, complement(all, 'n', 2));
    for (const set of [five, fiveNoZero]) {
      assert.equal(send(input, set), 'n=[0,5]');
      assert.deepEqual(audit(input, protect(input, set, solve).cells, set, solve), []);
    }
  }
});

test('zeros that would give a small cell away are withheld with it', () => {
  const cells = [persons('all', 4, 'known'), persons('a', 0), persons('b', 4)];
  const input = { cells, links: [{ total: 'all', parts: ['a', 'b'] }] };
  assert.deepEqual(withheld(input, five), ['a', 'b']);
});

test('holds where fractions of a table promise more room than whole numbers keep', () => {
  const values = { x0: 4, x1: 4, y0: 9, y1: 8, y2: 21, y3: 29, y5: 50 };
  const input: RawCells = {
    cells: [...Object.entries(values).map(([id, value]) => persons(id, value)), persons('y4', 59, 'known')],
    links: [
      { total: 'y0', parts: ['x0', 'x1'], relation: 'at-least' },
      { total: 'y1', parts: ['x1', 'x0'] },
      { total: 'y2', parts: ['y1', 'x1', 'y0'] },
      { total: 'y3', parts: ['y1', 'y2'] },
      { total: 'y4', parts: ['y0', 'y3', 'y2'] },
      { total: 'y5', parts: ['x0', 'y3'], relation: 'at-least' },
    ],
  };
  assert.deepEqual(audit(input, protect(input, five, solve).cells, five, solve), []);
});

test('a dearer weight moves the complement elsewhere', () => {
  const cells = (weight: number) => [
    persons('a', 3),
    { ...persons('b', 9), weight },
    persons('c', 40),
    persons('t', 52),
  ];
  const links = [{ total: 't', parts: ['a', 'b', 'c'] }];
  assert.deepEqual(withheld({ cells: cells(1), links }, five), ['a', 'b']);
  assert.deepEqual(withheld({ cells: cells(9), links }, five), ['a', 'c']);
});

test('the order in which cells and links are given changes nothing', () => {
  const input = join(
    twoWay([
      [20, 3, 10],
      [0, 19, 22],
      [17, 7, 12],
    ]),
    chain([140, 113, 110], 's', 't'),
  );
  const turned = { cells: [...input.cells].reverse(), links: [...input.links].reverse() };
  const sorted = (cells: readonly ReleasedCell[]) => [...cells].sort((a, b) => (a.id < b.id ? -1 : 1));
  assert.deepEqual(sorted(protect(input, five, solve).cells), sorted(protect(turned, five, solve).cells));
});

test('refuses input that is not what it says it is', () => {
  const refused = (input: RawCells, rule = five) =>
    assert.throws(() => protect(input, rule, solve), { code: 'disclosure-failed' });
  refused({ cells: [persons('a', 3), persons('a', 3)], links: [] });
  refused({ cells: [persons('a', 3)], links: [{ total: 'a', parts: ['b'] }] });
  refused({ cells: [persons('a', 3), persons('b', 2)], links: [{ total: 'a', parts: ['b'] }] });
  refused({
    cells: [persons('a', 3), persons('b', 2)],
    links: [{ total: 'b', parts: ['a'], relation: 'at-least' }],
  });
  refused({ cells: [{ ...persons('a', 3), n: 2 }], links: [] });
  refused({ cells: [persons('a', -1)], links: [] });
  refused({ cells: [persons('a', 1)], links: [] }, { minimumCell: 0, showZero: true });
});

test('releases nothing when the solver fails or lies', () => {
  const input = twoWay([
    [20, 50, 10],
    [8, 19, 22],
    [17, 3, 12],
  ]);
  const stub =
    (point?: (program: Parameters<LinearSolver>[0]) => number[]): LinearSolver =>
    (program) => ({
      bound() {},
      minimize: () => (point === undefined ? { kind: 'failed' } : { kind: 'optimal', point: point(program) }),
      close() {},
    });
  const liars = [
    stub(),
    stub((program) => program.high.slice()),
    stub((program) => program.low.map((low) => low + 0.5)),
  ];
  for (const liar of liars) {
    assert.throws(() => protect(input, five, liar), { code: 'disclosure-failed' });
    assert.notDeepEqual(audit(input, protect(input, five, solve).cells, five, liar), []);
  }
});
