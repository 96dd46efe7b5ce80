// The front door of a fresh clone: `node scripts/start.mjs <verb> [arguments]`, with no dependencies and Node >= 20.
// It makes node_modules match the lock file (one install at a time, recorded by a stamp), then hands over to the
// Node that the project pins. Verbs are files of scripts/, compose/ and test/ (see `verbs`).
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinnedNode } from './pinned-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const verbs = {
  demo: 'compose/demo/main.ts',
  test: 'scripts/test.ts',
  check: 'scripts/check.ts',
  agree: 'scripts/agree.ts',
  moim: 'moim.ts',
};

const [verb, ...rest] = process.argv.slice(2);
if (!verb || !Object.hasOwn(verbs, verb)) {
  process.stderr.write(`usage: node scripts/start.mjs ${Object.keys(verbs).join('|')} [arguments]\n`);
  process.exit(2);
}
if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write(`Node ${process.versions.node} is too old: install Node 20 or newer.\n`);
  process.exit(2);
}

await install();
await run(pinnedNode(root), [join(root, verbs[verb]), ...rest]);

/** Runs `npm ci` when node_modules does not match package-lock.json. A lock directory lets one process install at a time. */
async function install() {
  const want = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
  const stamp = join(root, 'node_modules', '.moim-lock-sha256');
  const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === want;
  if (installed()) return;
  mkdirSync(join(root, '.cache'), { recursive: true });
  const lock = join(root, '.cache', 'install.lock');
  for (let waited = 0; ; waited += 250) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      if (installed()) return;
      // A lock older than ten minutes was left by a process that was killed.
      if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 600_000) rmSync(lock, { recursive: true, force: true });
      if (waited > 900_000) throw new Error(`another install holds ${lock}; remove that folder if none is running`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
  try {
    if (installed()) return;
    process.stderr.write('Installing the pinned packages (npm ci) …\n');
    const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
    if (done.status !== 0) {
      process.stderr.write('npm ci failed. Remedy: see its message above, check that the npm registry is reachable, and run again.\n');
      process.exit(4);
    }
    writeFileSync(stamp, want);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Runs the program to its end, passes signals on, and exits as it exits. */
async function run(program, args) {
  const child = spawn(program, args, { stdio: 'inherit', cwd: process.cwd() });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // From a terminal the whole process group receives Ctrl-C already; passing it on again would read as a second one.
    process.on(signal, () => {
      if (!(signal === 'SIGINT' && process.stdin.isTTY)) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`cannot start ${program}: ${error.message}\n`);
    process.exit(4);
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 70);
  });
}
