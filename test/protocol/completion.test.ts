import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CompletionRule, completionInWords, isComplete, isLate, isOver } from '#protocol/completion.ts';

const day = '2026-03-10';
const at = (text: string) => Date.parse(text);
const [during, past] = [at(`${day}T23:59:59.999Z`), at('2026-03-11T00:00:00.000Z')];
const complete = (rule: CompletionRule, inTime: number, now = during) =>
  isComplete(rule, { sites: 3, inTime }, now);

test('all: every site, whenever', () => {
  const rule: CompletionRule = { kind: 'all' };
  assert.deepEqual(
    [2, 3].map((n) => complete(rule, n)),
    [false, true],
  );
  assert.equal(isLate(rule, '2099-01-01T00:00:00.000Z'), false);
  assert.equal(isOver(rule, past), false);
});

test('at least k: any of them, by the day where one is given', () => {
  const rule: CompletionRule = { kind: 'at-least', sites: 2 };
  assert.deepEqual(
    [1, 2, 3].map((n) => complete(rule, n)),
    [false, true, true],
  );
  const dated: CompletionRule = { ...rule, by: day };
  assert.deepEqual(
    [1, 2].map((n) => complete(dated, n, past)),
    [false, true],
  );
  assert.equal(isLate(dated, '2026-03-11T00:00:00.000Z'), true);
});

test('by a day: once it has passed with an answer, or as soon as everybody answered', () => {
  const rule: CompletionRule = { kind: 'by-date', date: day };
  assert.deepEqual(
    [1, 2, 3].map((n) => complete(rule, n)),
    [false, false, true],
  );
  assert.deepEqual(
    [0, 1].map((n) => complete(rule, n, past)),
    [false, true],
  );
});

test('the day ends with its last millisecond, UTC', () => {
  const rule: CompletionRule = { kind: 'by-date', date: day };
  assert.equal(isLate(rule, `${day}T23:59:59.999Z`), false);
  assert.equal(isLate(rule, '2026-03-11T00:00:00.000Z'), true);
  assert.deepEqual([isOver(rule, during), isOver(rule, past)], [false, true]);
});

test('every rule has its words', () => {
  assert.equal(completionInWords({ kind: 'all' }), 'all sites');
  assert.equal(completionInWords({ kind: 'at-least', sites: 2 }), 'any 2 of the sites');
  assert.match(completionInWords({ kind: 'at-least', sites: 2, by: day }), /by the end of 2026-03-10/);
  assert.match(completionInWords({ kind: 'by-date', date: day }), /whoever answers by the end of 2026-03-10/);
});
