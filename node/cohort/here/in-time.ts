/** Questions of the data under a limit of time: one that takes too long is given up, and after so long none is asked any more. */

import type { PoolClient } from 'pg';
import { sqlState } from '#host/postgres/error.ts';
import type { HereFinding } from './finding.ts';

export interface InTime {
  /** Asks inside the session's transaction, which goes on though the question is stopped. Throws what else goes wrong. */
  ask(path: string, question: () => Promise<readonly HereFinding[]>): Promise<readonly HereFinding[]>;
}

/** Each question has the session's own time limit, all together `budgetMs`. */
export function createInTime(
  client: PoolClient,
  { budgetMs, signal }: { readonly budgetMs: number; readonly signal?: AbortSignal | undefined },
): InTime {
  const until = performance.now() + budgetMs;
  return {
    async ask(path, question) {
      if (performance.now() >= until) return [givenUp(path, 'the time for this check was used up before')];
      await client.query('savepoint question');
      try {
        const findings = await question();
        await client.query('release savepoint question');
        return findings;
      } catch (error) {
        // 57014: stopped by the time limit, or by the user; the session tells the second from the first.
        if (sqlState(error) !== '57014' || signal?.aborted) throw error;
        await client.query('rollback to savepoint question');
        return [givenUp(path, 'it took too long')];
      }
    },
  };
}

function givenUp(path: string, why: string): HereFinding {
  const message = `not looked for in the data here: ${why}`;
  return { code: 'not-looked-here', severity: 'info', path, message };
}
