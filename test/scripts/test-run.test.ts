/** The runner itself: each of its guards is seen to fail on a small tree of its own. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const runner = fileURLToPath(new URL('../../scripts/test.ts', import.meta.url));
const head = "import { test } from 'node:test';\n";

function runTree(t: TestContext, files: Readonly<Record<string, string>>, env: Record<string, string> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'moim-run-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'test/proofs'), { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), head + text);
  const { NODE_TEST_CONTEXT: _inside, ...own } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [runner, '--no-check', '--root', root], {
    encoding: 'utf8',
    env: { ...own, ...env },
  });
  return { status, stdout };
}

/** The closing lines, which must be the last of all, as numbers. */
function closing(stdout: string): Record<string, number> {
  const lines = stdout.trimEnd().split('\n').slice(-8);
  assert.equal(stdout.match(/^ℹ tests /gm)?.length, 1, 'the closing lines stand once');
  return Object.fromEntries(
    lines.map((line) => line.split(' ').slice(1)).map(([name, n]) => [name, Number(n)]),
  );
}

test('the closing lines count all groups together, once, at the very end', (t) => {
  const { status, stdout } = runTree(t, {
    'test/one.test.ts': "test('a', () => {});\ntest('b', () => {});",
    'test/proofs/two.test.ts': "test('c', () => {});",
  });
  assert.equal(status, 0, stdout);
  const { duration_ms: _time, ...counts } = closing(stdout);
  assert.deepEqual(counts, { tests: 3, suites: 0, pass: 3, fail: 0, cancelled: 0, skipped: 0, todo: 0 });
  assert.match(stdout, /unit: \d+\.\d s[\s\S]*proofs: \d+\.\d s/);
});

test('a failure is told in full and fails the run', (t) => {
  const { status, stdout } = runTree(t, {
    'test/one.test.ts':
      "test('a', () => {\n  process.stderr.write('said before');\n  throw new Error('broken here');\n});",
    'test/two.test.ts': "test('b', () => {});",
  });
  assert.equal(status, 1);
  assert.match(stdout, /broken here[\s\S]*one\.test\.ts:\d+[\s\S]*said before/);
  assert.equal(closing(stdout).fail, 1);
});

test('a file that cannot be loaded, or holds no test, fails the run', (t) => {
  const broken = runTree(t, {
    'test/one.test.ts': "test('a', () => {});",
    'test/two.test.ts': "throw new Error('no load');",
  });
  assert.equal(broken.status, 1);
  assert.match(broken.stdout, /no load/);
  const empty = runTree(t, { 'test/one.test.ts': "test('a', () => {});", 'test/two.test.ts': '' });
  assert.equal(empty.status, 1);
  assert.match(empty.stdout, /test\/two\.test\.ts holds no test/);
});

test('a skip with a known reason is listed just before the closing lines; an unknown one fails the run', (t) => {
  const known = runTree(t, {
    'test/one.test.ts':
      "test('a', () => {});\ntest('b', { skip: 'The data set ohdsi is not here: set MOIM_DATA to the folder that holds it.' }, () => {});",
  });
  assert.equal(known.status, 0, known.stdout);
  assert.match(
    known.stdout,
    /Skipped \(1\):\n {2}The data set ohdsi is not here.*\n {4}test\/one\.test\.ts: b\nℹ tests 2/,
  );
  const unknown = runTree(t, {
    'test/one.test.ts': "test('a', () => {});\ntest('b', { skip: 'flaky' }, () => {});",
  });
  assert.equal(unknown.status, 1);
  assert.match(unknown.stdout, /unknown reason: "flaky"/);
});

test('a run in which every test skips, or that finds no file, is no success', (t) => {
  const skip = "test('b', { skip: 'The data set ohdsi is not here: set MOIM_DATA.' }, () => {});";
  const { status, stdout } = runTree(t, { 'test/one.test.ts': skip });
  assert.equal(status, 1);
  assert.match(stdout, /no test ran/);
  assert.equal(runTree(t, {}).status, 2);
});

test("tests see none of the person's own settings but where the data and the test server are", (t) => {
  const text =
    "test('a', (t) => t.diagnostic(Object.keys(process.env).filter((name) => name.startsWith('MOIM_')).join()));";
  const { stdout } = runTree(
    t,
    { 'test/one.test.ts': text },
    { MOIM_HOME: 'x', MOIM_DATA: 'y', MOIM_CDM_URL: 'z' },
  );
  assert.match(stdout, /^ {2}MOIM_DATA$/m);
});
