/** A fresh clone installs exactly what was tested, from wherever its owner's npm looks, and starts by one command. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { treeFiles } from '../scripts/check/source-tree.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const json = (path: string) => JSON.parse(read(path)) as Record<string, unknown>;
const start = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'scripts/start.mjs'), ...args], { encoding: 'utf8' });

/** Findings of `pattern` in the text files of the project, as `file: match`. */
function mentions(pattern: RegExp, text: (path: string) => string = read): readonly string[] {
  return treeFiles(root).flatMap((path) => {
    const content = text(path);
    if (content.includes('\0')) return [];
    return [...content.matchAll(pattern)].map(([found]) => `${path}: ${found}`);
  });
}

test('the lock file names no download host', () => {
  const packages = Object.entries(json('package-lock.json').packages as Record<string, object>);
  assert.ok(packages.length > 10);
  assert.deepEqual(
    packages.filter(([, entry]) => 'resolved' in entry).map(([name]) => name),
    [],
  );
});

test('every package of the lock file carries the hash of its content', () => {
  const packages = Object.entries(json('package-lock.json').packages as Record<string, object>);
  assert.deepEqual(
    packages.filter(([name, entry]) => name !== '' && !('integrity' in entry)).map(([name]) => name),
    [],
  );
});

test('every dependency is pinned to one version, and the lock file was made from this package.json', () => {
  const own = json('package.json');
  const locked = (json('package-lock.json').packages as Record<string, Record<string, unknown>>)[''] ?? {};
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    const wanted = own[kind] as Record<string, string>;
    for (const [name, version] of Object.entries(wanted)) {
      assert.match(version, /^(npm:(@[^/]+\/)?[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/, name);
    }
    assert.deepEqual(locked[kind], wanted, kind);
  }
});

test('no dependency that is shipped comes from the development list', () => {
  const own = json('package.json');
  const shipped = Object.keys(own.dependencies as object);
  assert.deepEqual(
    shipped.filter((name) => Object.hasOwn(own.devDependencies as object, name)),
    [],
  );
});

test('npm writes lock files without hosts, and stays quiet', () => {
  const settings = read('.npmrc').trim().split('\n');
  for (const setting of ['omit-lockfile-registry-resolved=true', 'loglevel=error']) {
    assert.ok(settings.includes(setting), setting);
  }
  assert.ok(settings.every((setting) => !/registry\s*=|_auth|_password/.test(setting)));
});

test('the front door refuses an unknown verb, an inherited one and none at all with exit 2', () => {
  for (const args of [['no-such-verb'], ['constructor'], []]) {
    const { status, stdout, stderr } = start(...args);
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^usage: node scripts\/start\.mjs demo\|test\|check/);
  }
});

test('every script of package.json is a verb of the front door', () => {
  const verbs =
    start()
      .stderr.match(/start\.mjs (\S+)/)?.[1]
      ?.split('|') ?? [];
  for (const [name, command] of Object.entries(json('package.json').scripts as Record<string, string>)) {
    const verb = command.match(/^node scripts\/start\.mjs (\S+)$/)?.[1] ?? '';
    assert.ok(verbs.includes(verb), `${name}: ${command}`);
  }
});

test('the pinned Node is what runs the tests', () => {
  assert.ok(Number(process.versions.node.split('.')[0]) >= 24, process.versions.node);
});

test('no file names a folder of the machine it was written on', () => {
  // Spelled in parts, so that this file is not its own finding.
  const folders = ['work', 'root', 'home/[a-z]+', 'Users/[A-Za-z]+'].join('|');
  assert.deepEqual(mentions(new RegExp(`(?<![\\w.:/*-])/(${folders})/[\\w.-]+`, 'g')), []);
});

test('no file names a package registry', () => {
  const hosts = ['registry\\.np' + 'mjs', 'registry\\.yarn' + 'pkg', 'deb\\.deb' + 'ian', 'np' + 'mmirror'];
  assert.deepEqual(mentions(new RegExp(hosts.join('|'), 'g')), []);
});

test('the search for machine folders finds a planted one', () => {
  const planted = (path: string): string => (path === 'LICENSE' ? `see "/${'work'}/shared/data"` : '');
  assert.deepEqual(mentions(/(?<![\w.:/*-])\/work\/[\w.-]+/g, planted), [`LICENSE: /${'work'}/shared`]);
});
