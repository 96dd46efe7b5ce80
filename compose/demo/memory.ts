/** Proportional set size (PSS) of processes and all that descend from them, from /proc; undefined where the system has none. */

import { readdirSync, readFileSync } from 'node:fs';

/** MB (10⁶ bytes) in all. */
export function pssMb(roots: readonly number[]): number | undefined {
  const parents = new Map<number, number>();
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = read(`/proc/${name}/stat`);
      const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
      if (parent !== undefined) parents.set(Number(name), Number(parent));
    }
  } catch {
    return undefined;
  }
  const wanted = new Set(roots);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, parent] of parents) {
      if (wanted.has(parent) && !wanted.has(pid)) {
        wanted.add(pid);
        grown = true;
      }
    }
  }
  let kb = 0;
  for (const pid of wanted)
    kb += Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0);
  return kb === 0 ? undefined : Math.round((kb * 1024) / 1e6);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
