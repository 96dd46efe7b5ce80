import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemTool } from '../../scripts/system-tools.ts';

test('a program on the path is used as it is', () => {
  const tool = systemTool({ name: 'sh', packages: ['dash'] });
  assert.equal(tool.kind, 'found');
});

test('a missing program is taken from its Debian package, without installing it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'moim-tools-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tool = systemTool({ name: 'hello', packages: ['hello'] }, '', folder);
  if (tool.kind === 'missing') return t.skip(tool.reason);
  assert.ok(tool.path.startsWith(folder));
  assert.match(spawnSync(tool.path, { env: { ...tool.env }, encoding: 'utf8' }).stdout, /Hello, world/);
});

test('a package that does not exist gives a sentence, and leaves nothing behind', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'moim-tools-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tool = systemTool({ name: 'no-such-tool', packages: ['moim-has-no-such-package'] }, '', folder);
  assert.equal(tool.kind, 'missing');
  assert.match(
    tool.kind === 'missing' ? tool.reason : '',
    /^The tool no-such-tool cannot be had here: .+\.$/,
  );
  assert.ok(!existsSync(join(folder, 'moim-has-no-such-package.download')));
});
