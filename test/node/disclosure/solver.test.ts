import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSolver } from '#node/disclosure/solver.ts';
import type { LinearAnswer, LinearProgram } from '#protocol/disclosure/linear.ts';

const solve = await loadSolver();

/** x + y + z = 10, x ≤ 4. */
const sum: LinearProgram = {
  low: [0, 0, 0],
  high: [4, 20, 20],
  rows: [{ low: 10, high: 10, columns: [0, 1, 2], factors: [1, 1, 1] }],
};

/** An odd cycle: 2 × (x + y + z) pairs, whose vertices are halves. */
const cycle: LinearProgram = {
  low: [0, 0, 0],
  high: [9, 9, 9],
  rows: [
    [0, 1],
    [1, 2],
    [0, 2],
  ].map((columns) => ({ low: Number.NEGATIVE_INFINITY, high: 1, columns, factors: [1, 1] })),
};

function value(answer: LinearAnswer, column: number): number {
  assert.equal(answer.kind, 'optimal');
  return answer.kind === 'optimal' ? answer.point[column]! : Number.NaN;
}

test('finds both ends of a column, again after a bound moved and moved back', () => {
  const program = solve(sum);
  assert.equal(value(program.minimize([[1, 1]], false), 1), 0);
  assert.equal(value(program.minimize([[1, -1]], false), 1), 10);
  program.bound(2, 3, 5);
  assert.equal(value(program.minimize([[1, 1]], false), 1), 1);
  assert.equal(value(program.minimize([[1, -1]], false), 1), 7);
  program.bound(2, 0, 20);
  assert.equal(value(program.minimize([[1, -1]], false), 1), 10);
  program.close();
});

test('solves over whole numbers where asked, and over fractions again after', () => {
  const program = solve(cycle);
  const all: [number, number][] = [
    [0, -1],
    [1, -1],
    [2, -1],
  ];
  const size = (answer: LinearAnswer) => value(answer, 0) + value(answer, 1) + value(answer, 2);
  assert.equal(size(program.minimize(all, false)), 1.5);
  assert.equal(size(program.minimize(all, true)), 1);
  assert.equal(size(program.minimize(all, false)), 1.5);
  program.close();
});

test('says when no table agrees, and stays usable', () => {
  const program = solve(sum);
  program.bound(1, 0, 2);
  program.bound(2, 0, 2);
  assert.equal(program.minimize([[0, 1]], false).kind, 'infeasible');
  program.bound(2, 0, 20);
  assert.equal(value(program.minimize([[2, 1]], false), 2), 4);
  program.close();
});

test('fails rather than answers where there is no end', () => {
  const program = solve({
    low: [0],
    high: [Number.POSITIVE_INFINITY],
    rows: [{ low: 0, high: Number.POSITIVE_INFINITY, columns: [0], factors: [1] }],
  });
  assert.equal(program.minimize([[0, -1]], false).kind, 'failed');
  program.close();
});

test('programs opened side by side do not touch each other', () => {
  const [one, two] = [solve(sum), solve(sum)];
  one.bound(1, 0, 1);
  assert.equal(value(two.minimize([[1, -1]], false), 1), 10);
  assert.equal(value(one.minimize([[1, -1]], false), 1), 1);
  one.close();
  two.close();
});
