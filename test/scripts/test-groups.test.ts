import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { groupNames, groupOf, testGroups } from '../../scripts/test/groups.ts';
import { isKnownSkip } from '../../scripts/test/skip-reasons.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('a test belongs to the group of what it stands on', () => {
  assert.equal(groupOf('test/sql/x.test.ts', "import { cell } from '#protocol/cell.ts';"), 'unit');
  assert.equal(
    groupOf('test/sql/x.test.ts', "import { testDatabase } from '#test/support/database.ts';"),
    'database',
  );
  assert.equal(groupOf('test/node/x.test.ts', "import { start } from '../support/process.ts';"), 'processes');
  assert.equal(groupOf('test/proofs/x.test.ts', ''), 'proofs');
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
