/**
 * Tools of Debian for proofs: the one on the PATH, else taken without root into `.cache/tools` (`apt-get download` and
 * `dpkg -x`: nothing is installed and no service is started). Never needed by the product itself.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type SystemTool =
  /** `env` is what the tool's process needs beside its own environment: where unpacked libraries lie. */
  | { readonly kind: 'found'; readonly path: string; readonly env: Readonly<Record<string, string>> }
  /** `reason` is a sentence for `{ skip: reason }`. */
  | { readonly kind: 'missing'; readonly reason: string };

export interface Wanted {
  /** Name of the program. */
  readonly name: string;
  /** Debian packages that hold it and the libraries it needs beyond a plain system. */
  readonly packages: readonly string[];
}

const cache = fileURLToPath(new URL('../.cache/tools', import.meta.url));

/** Finds a program, or takes it. `searchPath` is the PATH to look along first; `folder` is where packages are unpacked. */
export function systemTool(wanted: Wanted, searchPath = process.env.PATH ?? '', folder = cache): SystemTool {
  const installed = firstExecutable(searchPath.split(delimiter), wanted.name);
  if (installed) return { kind: 'found', path: installed, env: {} };
  const unpacked = join(folder, folderOf(wanted));
  const found = unpackedTool(unpacked, wanted.name) ?? takePackages(unpacked, wanted);
  if (typeof found !== 'string') return { kind: 'missing', reason: found.reason };
  const libraries = ['usr/lib', `usr/lib/${debianTriplet()}`, `lib/${debianTriplet()}`].map((path) =>
    join(unpacked, path),
  );
  return {
    kind: 'found',
    path: found,
    env: {
      LD_LIBRARY_PATH: libraries.filter((path) => existsSync(path)).join(delimiter),
      // A Python program looks for the modules of its packages there, before the system's own.
      PYTHONPATH: pythonFolders(unpacked).join(delimiter),
    },
  };
}

/** A folder's name has 255 letters: of a program with many packages only their hash stands in it. */
function folderOf({ name, packages }: Wanted): string {
  const all = packages.join('+');
  return all.length <= 100 ? all : `${name}-${createHash('sha256').update(all).digest('hex').slice(0, 12)}`;
}

function pythonFolders(unpacked: string): string[] {
  const lib = join(unpacked, 'usr/lib');
  if (!existsSync(lib)) return [];
  return readdirSync(lib)
    .filter((entry) => entry.startsWith('python3'))
    .map((entry) => (entry === 'python3' ? join(lib, entry, 'dist-packages') : join(lib, entry)));
}

function takePackages(unpacked: string, { name, packages }: Wanted): string | { readonly reason: string } {
  const missing = (why: string) => ({ reason: `The tool ${name} cannot be had here: ${why}.` });
  if (process.platform !== 'linux') return missing('its package is for Debian');
  const downloads = `${unpacked}.download`;
  rmSync(downloads, { recursive: true, force: true });
  mkdirSync(downloads, { recursive: true });
  try {
    const download = spawnSync('apt-get', ['download', '-qq', ...packages], {
      cwd: downloads,
      encoding: 'utf8',
      timeout: 120_000,
    });
    if (download.error) return missing('there is no apt-get');
    if (download.status !== 0) return missing(`apt-get download of ${packages.join(' ')} failed`);
    for (const file of readdirSync(downloads)) {
      const unpack = spawnSync('dpkg', ['-x', join(downloads, file), unpacked], {
        stdio: 'ignore',
        timeout: 120_000,
      });
      if (unpack.status !== 0) return missing('dpkg could not unpack it');
    }
    return unpackedTool(unpacked, name) ?? missing(`the packages ${packages.join(' ')} do not hold it`);
  } finally {
    rmSync(downloads, { recursive: true, force: true });
  }
}

function unpackedTool(unpacked: string, name: string): string | undefined {
  return firstExecutable(
    ['usr/bin', 'bin', 'usr/sbin', 'sbin', 'usr/games'].map((path) => join(unpacked, path)),
    name,
  );
}

function firstExecutable(folders: readonly string[], name: string): string | undefined {
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function debianTriplet(): string {
  return process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
}
