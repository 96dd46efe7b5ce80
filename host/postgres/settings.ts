/** What our own server is told, and why. Everything else stays as PostgreSQL has it. */

import { statfsSync } from 'node:fs';
import { totalmem } from 'node:os';

export type Settings = Readonly<Record<string, string>>;

/** The settings of a server that holds a hospital's data. */
export function defaultSettings(): Settings {
  return {
    // Acknowledged means on the disk.
    fsync: 'on',
    // Four servers of a demo share a laptop; the operating system's cache does the rest.
    shared_buffers: '64MB',
    max_connections: '60',
    effective_cache_size: `${Math.max(256, Math.floor(totalmem() / 2 ** 21))}MB`,
    // Cohort queries sort and hash: at 4 MB they spill to disk.
    work_mem: '32MB',
    maintenance_work_mem: '128MB',
    // Solid-state disks: a random page costs about what a sequential one does.
    random_page_cost: '1.1',
    // Compiling a plan costs more than it saves on queries of some hundred milliseconds.
    jit: 'off',
    // No replicas: a table filled in the transaction that made it skips the log and is synced once.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '1GB',
    // Reading ahead: one helper process instead of three.
    io_workers: '1',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // The text of an error or a statement can hold a patient's value: only the server's own affairs are logged.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    ...sharedMemory(),
  };
}

/** For clusters that are thrown away: a power cut may destroy them. */
export const fastAndFragile: Settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };

/** Containers often have a /dev/shm of 64 MB, where parallel queries end with "no space left on device". */
function sharedMemory(): Settings {
  try {
    const { bsize, blocks } = statfsSync('/dev/shm');
    return bsize * blocks < 256 * 2 ** 20 ? { dynamic_shared_memory_type: 'sysv' } : {};
  } catch {
    return {};
  }
}

/** As command-line arguments of `postgres`. */
export function settingArguments(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
