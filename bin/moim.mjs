#!/usr/bin/env node
// Finds the pinned Node and hands over to moim.ts. Plain JavaScript, so that any Node >= 20 can run it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedEnvironment, pinnedNode } from '../scripts/pinned-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(join(root, 'node_modules'))) {
  process.stderr.write('Moim is not installed yet. Remedy: run `npm ci` in its folder.\n');
  process.exit(4);
}
const child = spawn(pinnedNode(root), [join(root, 'moim.ts'), ...process.argv.slice(2)], {
  // The channel says nothing: it closes when this process is killed, and the other then ends in order (host/signals.ts).
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: cachedEnvironment(root),
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (!(signal === 'SIGINT' && process.stdin.isTTY)) child.kill(signal);
  });
}
child.on('error', (error) => {
  process.stderr.write(`cannot start Node: ${error.message}\n`);
  process.exit(4);
});
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 70);
});
