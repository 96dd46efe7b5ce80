/** The laws of the house hold, and each of them can fail: the same rules over the tree of planted breaches. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkLaws, lawFaults } from '../scripts/check/laws.ts';
import { readSources } from '../scripts/check/source-tree.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const breach = join(root, 'test/architecture/breach');
const project = checkLaws(root);
const planted = project.then(() => checkLaws(breach));

test('the project keeps every law', async () => {
  const report = await project;
  assert.deepEqual(lawFaults(report), []);
});

test('the rules read the modules of the project, not an empty graph', async () => {
  const report = await project;
  assert.ok(report.modules > 30, `dependency-cruiser read ${report.modules} modules`);
});

test('a tree of which no module was read is not a clean tree', async (t) => {
  const tree = mkdtempSync(join(tmpdir(), 'moim-tree-'));
  t.after(() => rmSync(tree, { recursive: true, force: true }));
  const report = await checkLaws(tree);
  assert.equal(report.modules, 0);
  assert.match(lawFaults({ ...report, findings: [] }).join(), /read no module/);
});

test('every rule fires where its breach is planted, and nowhere else', async () => {
  const report = await planted;
  const expected = readSources(breach).flatMap(({ path, text }) =>
    [...text.matchAll(/^\/\/ breach: (\S+)$/gm)].map(([, rule]) => `${path} ${rule}`),
  );
  const found = report.findings.map(({ file, rule }) => `${file} ${rule}`);
  assert.deepEqual(found.sort(), expected.sort());
});

test('no rule is without a planted breach', async () => {
  const report = await planted;
  const fired = new Set(report.findings.map(({ rule }) => rule));
  assert.deepEqual(
    report.rules.filter((rule) => !fired.has(rule)),
    [],
  );
  assert.equal(new Set(report.rules).size, report.rules.length);
});

test('the tree of planted breaches is outside the type check, the linter and the search for unused code', () => {
  for (const file of ['tsconfig.json', 'biome.json', 'knip.json']) {
    assert.match(readFileSync(join(root, file), 'utf8'), /test\/architecture\/breach/, file);
  }
});
