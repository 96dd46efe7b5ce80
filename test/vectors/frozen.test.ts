import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

test('no vector of version 1 was edited since it was written', () => {
  const lines = readFileSync(here('v1.sha256'), 'utf8').trimEnd().split('\n');
  assert.ok(lines.length >= 8);
  for (const line of lines) {
    const [sha256, file = ''] = line.split('  ');
    assert.equal(
      createHash('sha256')
        .update(readFileSync(here(file)))
        .digest('hex'),
      sha256,
      file,
    );
  }
});
