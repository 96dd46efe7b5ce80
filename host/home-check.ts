/** What `moim doctor` looks at in any home: room on the disk, who may read the keys, whether they are locked, the clock. */

import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from './diagnosis.ts';
import { readRunInfo } from './home.ts';

const mib = 2 ** 20;
const leastMib = 256;
const uneasyMib = 2_048;

/** `free` is given by tests. */
export function checkDisk(home: string, free: (path: string) => number = freeBytes): string | Finding {
  const left = Math.floor(free(home) / mib);
  const says = `${left} MiB free where the home is`;
  if (left >= uneasyMib) return says;
  const remedy =
    'Free some space, or move the home to a larger disk: the database and every answer live there.';
  return { check: 'disk', state: left < leastMib ? 'failed' : 'warning', says, remedy };
}

const freeBytes = (path: string): number => {
  const { bsize, bavail } = statfsSync(path);
  return bsize * bavail;
};

/** The home and its keys are their owner's alone. */
export function checkModes(home: string): string | Finding {
  const open = [join(home, 'keys'), ...keyFiles(home)].filter(
    (path) => existsSync(path) && (statSync(path).mode & 0o077) !== 0,
  );
  if (open.length === 0) return 'key files are their owner’s alone';
  return {
    check: 'key-files',
    state: 'failed',
    says: `others may read ${open.join(', ')}`,
    remedy: `Run \`chmod -R go= ${join(home, 'keys')}\`; where somebody else had access to this machine, rotate the keys.`,
  };
}

export function checkPassphrase(home: string): string | Finding {
  const files = keyFiles(home);
  const clear = files.filter((path) => !readFileSync(path, 'utf8').includes('"encrypted"'));
  if (clear.length === 0) return `${files.length} key files, each locked with the passphrase`;
  return {
    check: 'passphrase',
    state: 'warning',
    says: `${clear.length} of ${files.length} key files are not locked: a copy of the home is a copy of its keys`,
    remedy:
      'Set MOIM_KEY_PASSPHRASE_FILE before `init`. In a home that is in use, `moim key rotate` locks the key it makes; keep the others on an encrypted disk.',
  };
}

function keyFiles(home: string): string[] {
  const folder = join(home, 'keys');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(folder, name));
}

/** `date` is the other side's Date header. Signed times may differ by five minutes; a minute is already a fault to look into. */
export function checkClock(date: string | null, now: number): string | Finding {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return 'the hub does not tell its time';
  // The header has whole seconds.
  const seconds = Math.round((now - theirs) / 1000);
  if (Math.abs(seconds) <= 60) return 'within a minute of the hub’s';
  return {
    check: 'clock',
    state: Math.abs(seconds) > 300 ? 'failed' : 'warning',
    says: `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the hub’s`,
    remedy: 'Set the clock by NTP on the side that is wrong: beyond five minutes messages count as expired.',
  };
}

/** Whether a process serves this home, and whether it is ready. */
export async function checkProcess(home: string, party: 'node' | 'hub'): Promise<string | Finding> {
  const run = readRunInfo(home);
  if (!run)
    return {
      check: 'process',
      state: 'warning',
      says: `no ${party} runs in this home`,
      remedy: `Start it with \`moim ${party} run\`.`,
    };
  const says = `runs at ${run.url}, process ${run.pid}`;
  const ready = await fetch(`${run.url}/readyz`, { signal: AbortSignal.timeout(5_000) })
    .then(async (answer) => (await answer.json()) as { ok?: unknown; code?: unknown })
    .catch(() => ({ ok: false, code: 'no answer' }));
  if (ready.ok === true) return `${says}, ready`;
  const remedy = 'See the other findings, and the log lines of the process.';
  return { check: 'process', state: 'warning', says: `${says}, not ready (${String(ready.code)})`, remedy };
}
