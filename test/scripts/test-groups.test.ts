import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { groupNames, testGroups } from '../../scripts/test/groups.ts';
import { isKnownSkip } from '../../scripts/test/skip-reasons.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('a test belongs to the group of what it stands on, however far away', (t) => {
  const tree = mkdtempSync(join(tmpdir(), 'moim-groups-'));
  t.after(() => rmSync(tree, { recursive: true, force: true }));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  };
  write('test/support/hospital.ts', "import {\n  testDatabase,\n} from './database.ts';\n");
  write('test/support/database.ts', '');
  write('test/support/process.ts', '');
  write(
    'test/sql/text.test.ts',
    "import { cell } from '#protocol/cell.ts';\nconst text = `from '#test/support/database.ts'`;\n",
  );
  write('test/sql/types.test.ts', "import type { TestDatabase } from '#test/support/database.ts';\n");
  write('test/sql/run.test.ts', "import { testDatabase } from '#test/support/database.ts';\n");
  write('test/node/job.test.ts', "import { hospital } from '#test/support/hospital.ts';\n");
  write(
    'test/node/link.test.ts',
    "import { start } from '../support/process.ts';\nimport '#test/support/database.ts';\n",
  );
  write('test/proofs/kill.test.ts', '');
  assert.deepEqual(Object.fromEntries(testGroups(tree, [])), {
    unit: ['test/sql/text.test.ts', 'test/sql/types.test.ts'],
    database: ['test/node/job.test.ts', 'test/sql/run.test.ts'],
    processes: ['test/node/link.test.ts'],
    proofs: ['test/proofs/kill.test.ts'],
  });
});

test('every test file is in exactly one group, and no planted breach is among them', () => {
  const files = groupNames.flatMap((name) => testGroups(root, []).get(name) ?? []);
  assert.equal(new Set(files).size, files.length);
  assert.ok(files.includes('test/scripts/test-groups.test.ts'));
  assert.deepEqual(
    files.filter((file) => file.includes('/breach/')),
    [],
  );
});

test('a filter is a file, a folder or a pattern', () => {
  for (const filter of [
    'test/scripts/test-groups.test.ts',
    './test/scripts/',
    'test/**/test-groups.test.ts',
  ]) {
    assert.ok(testGroups(root, [filter]).get('unit')?.includes('test/scripts/test-groups.test.ts'), filter);
    assert.ok(!testGroups(root, [filter]).get('unit')?.includes('test/architecture.test.ts'), filter);
  }
});

test('a skip without a sentence, or with a new one, is not known', () => {
  assert.ok(
    isKnownSkip('The data set ohdsi/plsynth is not here: set MOIM_DATA to the folder that holds it.'),
  );
  assert.ok(isKnownSkip('The tool hello cannot be had here: there is no apt-get.'));
  assert.ok(!isKnownSkip(''));
  assert.ok(!isKnownSkip('flaky'));
});
