/** Where a home keeps its PostgreSQL. */

import { chownSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
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
  /** When root works in the home of somebody else: gives them a file that we made there. */
  keep(path: string): void;
}

/** Makes the folders where they are missing. Throws MoimError `home-unwritable` or `disk-full`. */
export function makeLayout(home: string): Layout {
  try {
    // With `recursive`, the mode would be that of the parents as well.
    mkdirSync(dirname(resolve(home)), { recursive: true });
    if (!existsSync(home)) mkdirSync(home, { mode: 0o700 });
    const folder = join(realpathSync(home), 'postgres');
    const owner = statSync(home);
    const keep = (path: string) => {
      if (process.getuid?.() === 0) chownSync(path, owner.uid, owner.gid);
    };
    const users = join(folder, 'users');
    if (!existsSync(users)) {
      mkdirSync(users, { recursive: true, mode: 0o700 });
      keep(folder);
      keep(users);
    }
    return {
      folder,
      data: join(folder, 'data'),
      password: join(folder, 'password'),
      log: join(folder, 'server.log'),
      port: join(folder, 'port'),
      users,
      lock: join(folder, 'lock'),
      keep,
    };
  } catch (error) {
    throw fileFailure(error, home);
  }
}
