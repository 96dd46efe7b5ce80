/** Questions of the data under a limit of time: one that takes too long is given up, and after so long none is asked any more. */

import type { ClientBase } from 'pg';
import { sqlState } from '#host/postgres/error.ts';
import type { Told } from '#sql/circe/told.ts';
import type { HereFound } from './finding.ts';
import { hereMessages } from './messages.ts';

export interface InTime {
  /** Asks inside the session's transaction, which goes on though the question is stopped. Throws what else goes wrong. */
  ask(path: string, question: () => Promise<readonly HereFound[]>): Promise<readonly HereFound[]>;
}

/** Each question has the session's own time limit, all together `budgetMs`. */
export function createInTime(
  client: ClientBase,
  { budgetMs, signal }: { readonly budgetMs: number; readonly signal?: AbortSignal | undefined },
): InTime {
  const until = performance.now() + budgetMs;
  return {
    async ask(path, question) {
      if (performance.now() >= until) return [givenUp(path, hereMessages.timeUsedUp)];
      await client.query('savepoint question');
      try {
        const findings = await question();
        await client.query('release savepoint question');
        return findings;
      } catch (error) {
        // 57014: stopped by the time limit, or by the user; the session tells the second from the first.
        if (sqlState(error) !== '57014' || signal?.aborted) throw error;
        await client.query('rollback to savepoint question');
        return [givenUp(path, hereMessages.tookTooLong)];
      }
    },
  };
}

function givenUp(path: string, why: Told): HereFound {
  const message = hereMessages.notLooked(why);
  return { code: 'not-looked-here', severity: 'info', path, message };
}
