/** Where tests put what they throw away: in memory where there is room (a cluster is a thousand small files), else on disk. */

import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** `/dev/shm` where it is writable and has 2 GiB free, else the system's folder for temporary files. */
export function scratchFolder(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    const { bsize, bavail } = statfsSync('/dev/shm');
    if (bsize * bavail >= 2 ** 31) return '/dev/shm';
  } catch {
    // Another system, or a container without it.
  }
  return tmpdir();
}
