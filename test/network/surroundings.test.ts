import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { startMoim } from '#test/support/process.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { openNetwork, type Party, type Site, succeed } from './network.ts';
import { type Answer, type Environment, until } from './party.ts';
import { reach, sendStudy } from './study.ts';

const network = await openNetwork({ after }, { sites: { alpha: { persons: 40, salt: 1 } }, minimumCell: 1 });
const { hub, lead } = network;
const [alpha] = network.sites as [Site];

/** Runs `moim` as a process of its own, to its end. */
async function moim(
  t: TestContext,
  home: string,
  env: Environment,
  ...words: readonly string[]
): Promise<Answer> {
  const child = startMoim(t, home, words, { env: { PATH: process.env.PATH, ...env }, lifeMs: 60_000 });
  const { code } = await child.ended;
  return { code: code ?? -1, out: child.stdout(), err: child.stderr() };
}

async function occupy(t: TestContext): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A hub that does not run: the one of the network is served already, which is refused for its own reason. */
const spare: Party = { ...hub, home: temporaryHome({ after }) };
await succeed(spare, 'hub', 'init');

for (const [noun, party] of [
  ['hub', spare],
  ['node', alpha],
] as [string, Party][]) {
  test(`a ${noun} whose port is taken ends with 4, names the port and the remedy, and leaves nothing running`, async (t) => {
    const port = await occupy(t);
    const { code, out, err } = await moim(
      t,
      party.home,
      { ...party.env, MOIM_PORT: String(port) },
      noun,
      'run',
    );
    assert.equal(code, 4);
    assert.equal(out, '');
    assert.match(err, new RegExp(`port ${port} of 127\\.0\\.0\\.1 is taken[\\s\\S]*MOIM_PORT`));
  });

  test(`a ${noun} given an address that is not of this machine ends with 4 and says what to set`, async (t) => {
    const { code, err } = await moim(t, party.home, { ...party.env, MOIM_HOST: '192.0.2.1' }, noun, 'run');
    assert.equal(code, 4);
    assert.match(err, /192\.0\.2\.1[\s\S]*MOIM_HOST/);
  });

  test(`a ${noun} refuses a setting it does not know or cannot use, by its name and not by its value`, async (t) => {
    const unknown = join(party.home, `${noun}.toml`);
    const { readFileSync } = await import('node:fs');
    const kept = readFileSync(unknown, 'utf8');
    writeFileSync(unknown, `${kept}\ncolour = "marker-value"\n`);
    const refused = await moim(t, party.home, party.env, noun, 'run');
    assert.equal(refused.code, 5);
    assert.match(refused.err, /colour/);
    assert.doesNotMatch(refused.err, /marker-value/);
    writeFileSync(unknown, kept);
    const wrong = await moim(t, party.home, { ...party.env, MOIM_PORT: 'marker-port' }, noun, 'run');
    assert.equal(wrong.code, 5);
    assert.match(wrong.err, /port/);
    assert.doesNotMatch(wrong.err, /marker-port/);
  });
}

test('a home that is no hub, no node, or not enrolled says which command comes first', async (t) => {
  const home = temporaryHome(t);
  for (const [words, remedy] of [
    [['hub', 'run'], /moim hub init/],
    [['node', 'run'], /moim node init/],
    [['node', 'enroll', '--hub', 'http://127.0.0.1:1', '--token', 'x'], /moim node init/],
  ] as const) {
    const { code, err } = await moim(t, home, alpha.env, ...words);
    assert.equal(code, 2, err);
    assert.match(err, remedy);
  }
});

const noMount = (): false | string => {
  if (process.getuid?.() !== 0) return 'A full disk needs root: a small file system is mounted.';
  const probe = temporaryHome({ after });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]).status === 0;
  if (mounted) spawnSync('umount', [probe]);
  return mounted ? false : 'A full disk needs root that may mount a file system.';
};

/** A folder on a file system of its own, so small that it can be filled. */
function smallDisk(t: TestContext, size: string): { folder: string; grow: (size: string) => void } {
  let folder = '';
  // Hooks run in the order they were made: unmounted first, removed then.
  t.after(async () => void spawnSync('umount', ['-l', folder]));
  folder = temporaryHome(t);
  // Readable by the account that PostgreSQL runs as; the home inside is private.
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', folder]).status, 0);
  return {
    folder,
    grow: (more) => assert.equal(spawnSync('mount', ['-o', `remount,size=${more}`, folder]).status, 0),
  };
}

const skip = noMount();

test('a node without room for its database says so, exit 4, leaves nothing half made, and begins again when there is room', {
  skip,
}, async (t) => {
  for (const size of ['4k', '8m']) {
    const disk = smallDisk(t, size);
    const home = join(disk.folder, 'home');
    const full = await moim(t, home, {}, 'node', 'init');
    assert.equal(full.code, 4, full.err);
    assert.match(full.err, /Free some space and run again/);
    assert.equal(existsSync(join(home, 'postgres', 'data')), false, 'no half-made cluster');
    const left = existsSync(join(home, 'postgres')) ? readdirSync(join(home, 'postgres')) : [];
    assert.equal(
      left.some((name) => name.startsWith('unfinished')),
      false,
    );
    disk.grow('600m');
    const made = await moim(t, home, {}, 'node', 'init', '--json');
    assert.equal(made.code, 0, made.err);
    const again = await moim(t, home, {}, 'node', 'policy', 'show');
    assert.equal(again.code, 0, again.err);
  }
});

test('keys and configuration are written whole or not at all on a full disk', { skip }, async (t) => {
  const disk = smallDisk(t, '64k');
  const home = join(disk.folder, 'home');
  mkdirSync(home, { mode: 0o700 });
  spawnSync('dd', ['if=/dev/zero', `of=${join(disk.folder, 'ballast')}`, 'bs=4k', 'count=64']);
  const { code, err } = await moim(t, home, alpha.env, 'node', 'init');
  assert.equal(code, 4, err);
  assert.match(err, /Free some space/);
  const files = existsSync(join(home, 'keys')) ? readdirSync(join(home, 'keys')) : [];
  assert.deepEqual(files, []);
});

test('after all of this the network answers as ever', async () => {
  await alpha.start();
  const study = await sendStudy(network);
  await reach(lead, study, { alpha: 'answered' });
  await until('the link to be up', () => alpha.lines.some((line) => line.includes('link-up')));
});
