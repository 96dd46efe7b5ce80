/** Where a home keeps its PostgreSQL. */

import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileFailure } from './failure.ts';

export interface Layout {
  /** Holds everything below; mode 0700. */
  readonly folder: string;
  readonly data: string;
  /** Mode 0600. */
  readonly password: string;
  readonly log: string;
  /** The port of the last start, tried first at the next one. */
  readonly port: string;
  /** One file a process that uses the server. */
  readonly users: string;
  readonly lock: string;
}

/** Makes the folders where they are missing. Throws MoimError `home-unwritable` or `disk-full`. */
export function makeLayout(home: string): Layout {
  try {
    // With `recursive`, the mode would be that of the parents as well.
    mkdirSync(dirname(resolve(home)), { recursive: true });
    if (!existsSync(home)) mkdirSync(home, { mode: 0o700 });
    const folder = join(realpathSync(home), 'postgres');
    mkdirSync(join(folder, 'users'), { recursive: true, mode: 0o700 });
    return {
      folder,
      data: join(folder, 'data'),
      password: join(folder, 'password'),
      log: join(folder, 'server.log'),
      port: join(folder, 'port'),
      users: join(folder, 'users'),
      lock: join(folder, 'lock'),
    };
  } catch (error) {
    throw fileFailure(error, home);
  }
}
