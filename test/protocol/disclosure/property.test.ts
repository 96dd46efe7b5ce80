import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadSolver } from '#node/disclosure/solver.ts';
import { audit } from '#protocol/disclosure/audit.ts';
import { protect } from '#protocol/disclosure/protect.ts';
import { isSensitive } from '#protocol/disclosure/rule.ts';
import { attacker } from './attacker.ts';
import { anything, rule } from './releases.ts';

const solve = await loadSolver();

test('what is released is true, what is withheld is bounded by the truth and at least k wide', () => {
  fc.assert(
    fc.property(anything, rule, (input, set) => {
      const { cells } = protect(input, set, solve);
      const raw = new Map(input.cells.map((cell) => [cell.id, cell]));
      assert.deepEqual(
        cells.map((cell) => cell.id),
        input.cells.flatMap((cell) => (cell.visibility === 'published' ? [cell.id] : [])),
      );
      for (const cell of cells) {
        const { value } = raw.get(cell.id)!;
        if (cell.state === 'suppressed') {
          assert.ok(cell.low <= value && value <= cell.high && cell.high - cell.low >= set.minimumCell);
        } else if (cell.state === 'value' || cell.state === 'zero') {
          assert.equal(cell.value, value);
          assert.equal(isSensitive(raw.get(cell.id)!, set), false);
        } else assert.fail('no other state');
      }
    }),
    { numRuns: 250 },
  );
});

test('a patient reader who tries every table never narrows a small cell below k', () => {
  fc.assert(
    fc.property(anything, rule, (input, set) => {
      const reader = attacker(input, protect(input, set, solve).cells);
      for (const cell of input.cells) {
        if (!isSensitive(cell, set)) continue;
        const [low, high] = reader.pin(cell.id);
        assert.ok(low <= cell.value && cell.value <= high);
        if (high - low >= set.minimumCell) continue;
        const [least, most] = attacker(input, [], { zerosShown: set.showZero }).pin(cell.id);
        assert.ok(high - low >= most - least, `${cell.id} is narrowed to ${low}..${high}`);
      }
    }),
    { numRuns: 150 },
  );
});

test('nor does one who knows which cells are empty, sent or derived', () => {
  fc.assert(
    fc.property(anything, rule, (input, set) => {
      const reader = attacker(input, protect(input, set, solve).cells, { zeros: true });
      for (const cell of input.cells) {
        if (cell.n === 0 || !isSensitive(cell, set)) continue;
        const [low, high] = reader.pin(cell.id);
        assert.ok(low <= cell.value && cell.value <= high);
        if (high - low >= set.minimumCell) continue;
        const [least, most] = attacker(input, [], { zeros: true, zerosShown: set.showZero }).pin(cell.id);
        assert.ok(high - low >= most - least, `${cell.id} is narrowed to ${low}..${high}`);
      }
    }),
    { numRuns: 150 },
  );
});

test('the auditor passes every release of the rule', () => {
  fc.assert(
    fc.property(anything, rule, (input, set) => {
      assert.deepEqual(audit(input, protect(input, set, solve).cells, set, solve), []);
    }),
    { numRuns: 200 },
  );
});

test('the same input gives the same release', () => {
  fc.assert(
    fc.property(anything, rule, (input, set) => {
      assert.deepEqual(protect(input, set, solve), protect(input, set, solve));
    }),
    { numRuns: 40 },
  );
});

test('a minimum cell of 1 withholds nothing', () => {
  fc.assert(
    fc.property(anything, fc.boolean(), (input, showZero) => {
      const { cells, solved } = protect(input, { minimumCell: 1, showZero }, solve);
      assert.equal(solved, 0);
      assert.ok(cells.every((cell) => cell.state === 'value' || cell.state === 'zero'));
    }),
    { numRuns: 40 },
  );
});
