/** The judgement of what runs on the machine: no process, session or lock that nobody answers for. Pure over what was read. */

import { breachOf } from './check.ts';
import type { Breach, SeenProcess, SeenSession } from './seen.ts';

export interface Expected {
  /** Processes that we started and that live. */
  readonly pids: ReadonlySet<number>;
  /** Postmasters, one a home that is up. */
  readonly servers: ReadonlySet<number>;
}

/** Every process of ours is one we started, a server of a home, or a worker of such a server. */
export function checkProcesses(
  processes: readonly SeenProcess[],
  { pids, servers }: Expected,
): readonly Breach[] {
  const known = new Set([...pids, ...servers]);
  const orphans = processes.filter(({ pid, parent }) => !known.has(pid) && !known.has(parent));
  return orphans.map(({ pid, parent, command }) =>
    breachOf('process')(`process ${pid} (of ${parent}) belongs to nobody: ${command.slice(0, 120)}`),
  );
}

/** Seconds that a statement or a transaction of these small hospitals may last when all is quiet. */
const longestSeconds = 20;

/** No statement runs on and no transaction stays open when the work is done. */
export function checkSessions(sessions: readonly SeenSession[]): readonly Breach[] {
  return sessions
    .filter(({ state, seconds }) => state !== 'idle' && seconds > longestSeconds)
    .map(({ party, pid, state, seconds }) =>
      breachOf('session')(`${party}: session ${pid} is "${state}" since ${Math.round(seconds)} s`),
    );
}
