// The front door of a fresh clone: `node scripts/start.mjs <verb> [arguments]`, with no dependencies and Node >= 20.
// It makes node_modules match the lock file (one install at a time, recorded by a stamp), then hands over to the
// Node that the project pins. Verbs are files of scripts/, compose/ and test/ (see `verbs`).
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedEnvironment, pinnedNode } from './pinned-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const verbs = {
  demo: 'compose/demo/main.ts',
  test: 'scripts/test.ts',
  check: 'scripts/check.ts',
  agree: 'scripts/agree.ts',
  openapi: 'scripts/openapi.ts',
  'soak:kill': 'scripts/soak-kill.ts',
  'fuzz:cohorts': 'scripts/fuzz-cohorts.ts',
  'fuzz:wire': 'scripts/fuzz-wire.ts',
  'bench:link': 'scripts/bench-link.ts',
  'bench:cohorts': 'scripts/bench-cohorts.ts',
  moim: 'moim.ts',
};

const [verb, ...words] = process.argv.slice(2);
// `npm run demo -- --once` loses its `--` on the way; typed by hand it does not.
const rest = words[0] === '--' ? words.slice(1) : words;
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

/** Makes node_modules match package-lock.json. A lock directory, with the pid of its holder, lets one process install at a time. */
async function install() {
  const want = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.moim-lock-sha256');
  const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === want;
  if (installed()) return;
  mkdirSync(join(root, '.cache'), { recursive: true });
  const lock = join(root, '.cache', 'install.lock');
  for (let waited = 0; !take(lock); waited += 250) {
    if (installed()) return;
    if (isLeft(lock)) rmSync(lock, { recursive: true, force: true });
    if (waited > 900_000)
      throw new Error(`another install holds ${lock}; remove that folder if none is running`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  try {
    if (installed() || installPackages()) {
      writeFileSync(stamp, want);
      return;
    }
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
  process.stderr.write(
    'npm ci failed. Remedy: see its message above, check that the npm registry is reachable, and run again.\n',
  );
  process.exit(4);
}

function take(lock) {
  try {
    mkdirSync(lock);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(lock, 'pid'), String(process.pid));
  return true;
}

/** True where the holder of the lock is gone: killed, or stopped before it wrote its pid (then after ten seconds). */
function isLeft(lock) {
  try {
    const pid = Number(readFileSync(join(lock, 'pid'), 'utf8'));
    if (!Number.isInteger(pid) || pid <= 0) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    if (error.code === 'ESRCH') return true;
    if (error.code !== 'ENOENT') return false;
    return existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 10_000;
  }
}

/** The tools of the checks too, whatever NODE_ENV says: the same tree for every verb. */
function installPackages() {
  process.stderr.write('Installing the pinned packages (npm ci) …\n');
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const shell = process.platform === 'win32';
  return spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2], shell }).status === 0;
}

/** Runs the program to its end, passes signals on, and exits as it exits. */
async function run(program, args) {
  const child = spawn(program, args, {
    stdio: 'inherit',
    cwd: process.cwd(),
    env: cachedEnvironment(root),
  });
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
