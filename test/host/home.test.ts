import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  errno,
  makeHome,
  readRunInfo,
  readText,
  removeRunInfo,
  writeRunInfo,
  writeWhole,
} from '#host/home.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('a home is made with a folder for keys, both closed to others, and may be there already', (t) => {
  const home = join(temporaryHome(t), 'a', 'b');
  makeHome(home);
  makeHome(home);
  assert.equal(modeOf(home), 0o700);
  assert.equal(modeOf(join(home, 'keys')), 0o700);
});

test('a home that cannot be made is refused with its reason', (t) => {
  const file = join(temporaryHome(t), 'file');
  writeFileSync(file, '');
  assert.throws(() => makeHome(join(file, 'home')), { code: 'home-unwritable', message: /ENOTDIR/ });
});

test('a file is written whole, over an older one, readable by its owner alone unless said otherwise', (t) => {
  const home = temporaryHome(t);
  const path = join(home, 'x.json');
  writeWhole(path, 'one');
  assert.equal(modeOf(path), 0o600);
  writeWhole(path, 'two', 0o644);
  assert.equal(modeOf(path), 0o644);
  assert.equal(readFileSync(path, 'utf8'), 'two');
  assert.deepEqual(readdirSync(home), ['x.json']);
});

test('a write that fails leaves the old file as it was, and no half file beside it', (t) => {
  const home = temporaryHome(t);
  const path = join(home, 'x.json');
  mkdirSync(join(path, 'in the way'), { recursive: true });
  assert.throws(() => writeWhole(path, 'text'), { code: 'home-unwritable' });
  assert.deepEqual(readdirSync(home), ['x.json']);
  assert.deepEqual(readdirSync(path), ['in the way']);
  assert.throws(
    () => writeWhole(join(home, 'absent', 'x'), 'SECRET'),
    (cause: Error) => {
      assert.match(cause.message, /ENOENT/);
      assert.doesNotMatch(cause.message, /SECRET/);
      return true;
    },
  );
});

test('a link that somebody else put in the way is not written through', (t) => {
  const folder = temporaryHome(t);
  const [path, victim] = [join(folder, 'x'), join(folder, 'victim')];
  writeFileSync(victim, 'as it was');
  symlinkSync(victim, `${path}.${process.pid}.tmp`);
  writeWhole(path, 'secret');
  assert.equal(readFileSync(victim, 'utf8'), 'as it was');
  assert.equal(readFileSync(path, 'utf8'), 'secret');
});

test('a file that cannot be read is named, with what it is and why', (t) => {
  const path = join(temporaryHome(t), 'token');
  assert.throws(() => readText(path, '--token-file'), {
    code: 'file-unreadable',
    message: `--token-file: ${path} cannot be read (ENOENT)`,
  });
  writeFileSync(path, 'x\n');
  assert.equal(readText(path, '--token-file'), 'x\n');
  assert.equal(errno(new Error('no system error')), 'unknown fault');
});

test('run.json tells of a process that lives', (t) => {
  const home = temporaryHome(t);
  assert.equal(readRunInfo(home), undefined);
  const run = { url: 'http://127.0.0.1:20000', pid: process.pid };
  writeRunInfo(home, run);
  assert.deepEqual(readRunInfo(home), run);
  removeRunInfo(home);
  removeRunInfo(home);
  assert.equal(readRunInfo(home), undefined);
});

test('run.json of a process that is gone, or damaged, tells of none', (t) => {
  const home = temporaryHome(t);
  const path = join(home, 'run.json');
  for (const text of [
    '{"url":"http://x","pid":2147483646}',
    '',
    '{',
    'null',
    '{"url":1,"pid":1}',
    '{"url":"http://x","pid":0}',
    '{"url":"http://x","pid":-1}',
  ]) {
    writeFileSync(path, text);
    assert.equal(readRunInfo(home), undefined, text);
  }
});
