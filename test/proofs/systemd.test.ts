/** The systemd units: systemd itself finds nothing wrong with them, and what they start serves under a plain user, hardened. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errors } from '#protocol/errors.ts';
import { systemTool } from '../../scripts/system-tools.ts';
import { startProcess } from '../support/process.ts';
import { temporaryHome } from '../support/temporary-home.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const folder = join(root, 'compose/systemd');
const units = readdirSync(folder).filter((name) => /\.(service|timer)$/.test(name));
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

/** The values of a directive, in order; an empty one counts too. */
const values = (unit: string, directive: string): string[] =>
  [...unit.matchAll(new RegExp(`^${directive}=(.*)$`, 'gm'))].map(([, value = '']) => value);

const analyze = systemTool({ name: 'systemd-analyze', packages: ['systemd', 'libsystemd-shared'] });
const skip = analyze.kind === 'missing' ? analyze.reason : false;

function run(...args: string[]) {
  if (analyze.kind === 'missing') throw new Error(analyze.reason);
  const { path, env } = analyze;
  return spawnSync(path, args, { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 60_000 });
}

/** The units with the program where it lies here. */
function here(t: { after(work: () => void): void }, change = (text: string) => text): string[] {
  const copy = mkdtempSync(join(tmpdir(), 'moim-units-'));
  t.after(() => rmSync(copy, { recursive: true, force: true }));
  return units.map((name) => {
    const path = join(copy, name);
    writeFileSync(path, change(read(name).replaceAll('/opt/moim', root)));
    return path;
  });
}

it('finds nothing to say about the units, and does about a broken one', { skip }, (t) => {
  const verify = ['verify', '--man=no', '--recursive-errors=no'];
  const good = run(...verify, ...here(t));
  assert.equal(good.status, 0, good.stderr);
  assert.equal(good.stderr, '');
  const bad = run(...verify, ...here(t, (text) => text.replace('KillMode=', 'KilMode=')));
  assert.match(bad.stderr, /KilMode/);
  const gone = run(...verify, ...here(t, (text) => text.replaceAll('bin/moim.mjs', 'bin/gone.mjs')));
  assert.notEqual(gone.status, 0);
});

it('leaves the services little to be attacked by', { skip }, (t) => {
  for (const path of here(t).filter((name) => name.endsWith('.service'))) {
    const { stdout } = run('security', '--offline=true', '--no-pager', path);
    const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
    assert.ok(exposure <= 2, `${path}: exposure ${exposure}`);
  }
});

it('starts again after a fault that passes, and not after one that only a person mends', () => {
  const prevented = new Set([2, 3, 5]);
  for (const name of ['moim-node.service', 'moim-hub.service']) {
    const unit = read(name);
    assert.deepEqual(values(unit, 'Restart'), ['on-failure']);
    assert.deepEqual(values(unit, 'RestartPreventExitStatus'), ['2 3 5']);
    // Our own grace is 10 s, then PostgreSQL's 8.
    assert.ok(Number(values(unit, 'TimeoutStopSec')[0]) > 18);
    assert.deepEqual(values(unit, 'KillMode'), ['mixed']);
    assert.ok(!/^MemoryDenyWriteExecute=yes/m.test(unit), 'V8 compiles at run time');
  }
  const mended = ['not-initialised', 'not-enrolled', 'key-locked', 'bad-config', 'cdm-writable'] as const;
  const passing = ['database-unavailable', 'disk-full', 'port-taken', 'already-running', 'internal'] as const;
  for (const code of mended) assert.ok(prevented.has(errors[code].exit), code);
  for (const code of passing) assert.ok(!prevented.has(errors[code].exit), code);
});

it('gives secrets as files alone', () => {
  for (const name of units) {
    for (const setting of values(read(name), 'Environment')) {
      assert.match(setting, /^(MOIM_HOME|NODE_COMPILE_CACHE|MOIM_[A-Z_]+_FILE)=/, `${name}: ${setting}`);
    }
  }
});

for (const party of ['hub', 'node'] as const) {
  it(`${party}: what the unit starts serves as a plain user without privileges, and ends with its PostgreSQL`, {
    skip: plainUser() === undefined ? 'This needs root or a plain user, and setpriv.' : false,
  }, async (t) => {
    const user = plainUser() ?? [];
    const state = temporaryHome(t);
    chmodSync(state, 0o711);
    const unit = read(`moim-${party}.service`).replaceAll('/opt/moim', root);
    const [command = ''] = values(unit, 'ExecStart');
    const passphrase = join(state, 'key-passphrase');
    writeFileSync(passphrase, 'correct horse battery staple\n', { mode: 0o644 });
    const home = join(state, `moim-${party}`);
    const folders: Record<string, string> = { '%S': state, '%C': join(state, 'cache'), '%d': state };
    // What systemd makes: the state folder of the user, and an environment of these variables alone.
    mkdirSync(home, { mode: 0o700 });
    if (process.getuid?.() === 0) chownSync(home, 65_534, 65_534);
    const env: Record<string, string> = { PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin` };
    for (const setting of values(unit, 'Environment')) {
      const [name = '', value = ''] = setting.split('=', 2);
      env[name] = value.replaceAll(/%[SCd]/g, (specifier) => folders[specifier] ?? specifier);
    }
    assert.equal(env.MOIM_HOME, home);
    const start = (words: readonly string[]) => {
      const [file = '', ...args] = [...user, ...words];
      return startProcess({ after: (work) => t.after(work) }, file, args, { env, cwd: '/', lifeMs: 120_000 });
    };
    const moim = command.split(' ')[0] ?? '';
    const made = start([moim, party, 'init']);
    assert.equal((await made.ended).code, 0, made.stderr());
    assert.equal(statSync(home).mode & 0o777, 0o700);
    const served = start(command.split(' '));
    if (party === 'node') {
      // Not enrolled yet: the one exit that a fresh node has, and no restart would help.
      assert.equal((await served.ended).code, 2, served.stderr());
      return;
    }
    await served.line(/^ready /, 90_000);
    served.kill('SIGTERM');
    assert.equal((await served.ended).code, 0, served.stderr());
    const left = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(home));
    assert.deepEqual(left, []);
  });
}

/** How to run a program as a plain user with no powers to gain: as ourselves, or for root as `nobody`. */
function plainUser(): string[] | undefined {
  const setpriv = systemTool({ name: 'setpriv', packages: ['util-linux'] });
  if (setpriv.kind === 'missing') return undefined;
  if (process.getuid?.() !== 0) return [setpriv.path, '--no-new-privs'];
  const words = [
    setpriv.path,
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set=-all',
  ];
  const [file = '', ...args] = [...words, process.execPath, '--version'];
  const readable = spawnSync(file, [...args]).status === 0;
  const reaches =
    spawnSync(file, [...words.slice(1), '/bin/sh', '-c', `test -r ${root}/moim.ts`]).status === 0;
  return readable && reaches ? words : undefined;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
