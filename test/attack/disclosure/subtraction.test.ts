/**
 * Attacks that break primary suppression (withhold 1 … k − 1, release the rest), each shown to work, then shown to fail
 * against the rule. The reader is the patient one of attacker.ts: no linear program, whole numbers only.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSolver } from '#node/disclosure/solver.ts';
import type { RawCells, ReleasedCell } from '#protocol/cell.ts';
import { audit } from '#protocol/disclosure/audit.ts';
import { protect } from '#protocol/disclosure/protect.ts';
import { attacker } from '#test/protocol/disclosure/attacker.ts';
import { chain, complement, join, persons, primaryOnly, twoWay } from '#test/protocol/disclosure/tables.ts';

const solve = await loadSolver();

interface Attack {
  readonly name: string;
  readonly k: number;
  readonly input: RawCells;
  /** The small cells that primary suppression gives away. */
  readonly stolen: readonly string[];
}

const attacks: Attack[] = [
  {
    // PCORnet DataCommittee issue 8: threshold 11; 1000 in all, 995 without the condition, "NULL" with it.
    name: 'subtracts the released part from the total (1000, 995, NULL)',
    k: 11,
    input: {
      cells: [persons('all', 1000), persons('without', 995), persons('with', 5)],
      links: [{ total: 'all', parts: ['without', 'with'] }],
    },
    stolen: ['with'],
  },
  {
    name: 'subtracts a cohort from the known number of persons',
    k: 5,
    input: join({ cells: [persons('n', 998)], links: [] }, complement(1000, 'n', 998)),
    stolen: ['n-others'],
  },
  {
    name: 'subtracts successive attrition steps',
    k: 5,
    input: chain([412, 410, 377, 374, 120]),
    stolen: ['s-left1', 's-left3'],
  },
  {
    name: 'adds up withheld attrition steps',
    k: 5,
    input: chain([6, 4, 2]),
    stolen: [],
  },
  {
    name: 'solves a sex × age table by its margins, two small cells a row',
    k: 5,
    input: twoWay([
      [12, 3, 31],
      [44, 2, 17],
      [9, 21, 1],
    ]),
    stolen: ['c2-2'],
  },
  {
    name: 'bounds two withheld cells by a small total',
    k: 5,
    input: {
      cells: [persons('a', 1), persons('b', 4), persons('c', 60), persons('ab', 5), persons('t', 65)],
      links: [
        { total: 'ab', parts: ['a', 'b'] },
        { total: 't', parts: ['a', 'b', 'c'] },
      ],
    },
    stolen: [],
  },
  {
    name: 'compares two cohorts that share a total',
    k: 5,
    input: {
      cells: [
        persons('all', 90),
        persons('x', 50),
        persons('y', 40),
        persons('u', 53),
        persons('v', 37),
        persons('both', 48),
        persons('x-only', 2),
        persons('u-only', 5),
        persons('neither', 35),
      ],
      links: [
        { total: 'all', parts: ['x', 'y'] },
        { total: 'all', parts: ['u', 'v'] },
        { total: 'x', parts: ['both', 'x-only'] },
        { total: 'u', parts: ['both', 'u-only'] },
        { total: 'v', parts: ['x-only', 'neither'] },
      ],
    },
    stolen: ['x-only'],
  },
  {
    name: 'reads the persons off the rows behind them',
    k: 5,
    input: {
      cells: [
        persons('a', 3),
        persons('b', 4),
        persons('t', 7),
        { id: 'rows', kind: 'rows', visibility: 'published', n: 7, value: 7 },
        { id: 'a-rows', kind: 'rows', visibility: 'published', n: 3, value: 3 },
        { id: 'b-rows', kind: 'rows', visibility: 'published', n: 4, value: 4 },
      ],
      links: [
        { total: 't', parts: ['a', 'b'] },
        { total: 'rows', parts: ['a-rows', 'b-rows'] },
        { total: 'rows', parts: ['t'], relation: 'at-least' },
        { total: 'a-rows', parts: ['a'], relation: 'at-least' },
        { total: 'b-rows', parts: ['b'], relation: 'at-least' },
      ],
    },
    stolen: [],
  },
];

function width(input: RawCells, cells: readonly ReleasedCell[], id: string): number {
  const [low, high] = attacker(input, cells, { most: 1100 }).pin(id);
  return high - low;
}

for (const { name, k, input, stolen } of attacks) {
  test(`primary suppression falls to a reader who ${name}`, () => {
    const naive = primaryOnly(input, k);
    for (const id of stolen) assert.equal(width(input, naive, id), 0, `${id} should be stolen`);
    assert.notDeepEqual(audit(input, naive, { minimumCell: k, showZero: true }, solve), []);
  });

  for (const showZero of [true, false]) {
    test(`the rule holds against a reader who ${name}, zeros ${showZero ? 'shown' : 'hidden'}`, () => {
      const rule = { minimumCell: k, showZero };
      const { cells } = protect(input, rule, solve);
      for (const cell of input.cells) {
        if (cell.visibility === 'known' || cell.n === 0 || cell.n >= k) continue;
        assert.ok(width(input, cells, cell.id) >= k, `${cell.id} is narrowed`);
      }
      assert.deepEqual(audit(input, cells, rule, solve), []);
    });
  }
}
