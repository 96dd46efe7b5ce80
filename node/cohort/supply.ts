/** Hands definitions to the connections that work on them; what many of them need alike is asked for once, while others are worked on. */

import type { ClientBase } from 'pg';
import type { DefinitionFile, ReadFile } from './definitions.ts';
import type { EarlierRuns } from './record.ts';

/** A definition in its turn. */
export interface Supplied {
  readonly file: ReadFile;
  readonly earlier: EarlierRuns;
  /** Its place among all that were asked for, from 0. */
  readonly place: number;
  /** What its rows are written under; ids rise with the place. None where nothing is written. */
  readonly id: bigint | undefined;
}

export interface Supply {
  /**
   * The next definitions, at most `most` and fewer towards the end, so that no connection is left with the last of them; none where nothing
   * is left. The client may be asked for what some of them need first.
   */
  next(client: ClientBase, most: number): Promise<readonly Supplied[]>;
  /** Reads one more file, for the time that the database takes. */
  readAhead(): void;
  /** Hands out nothing from now on, and what was handed out need not be begun. */
  stop(): void;
  readonly stopped: boolean;
}

/** Definitions whose concept sets are resolved together; the first are fewer, so that work begins soon. */
const firstAtOnce = 60;
const atOnce = 150;
/** Characters of definitions read ahead: a definition may have millions, and is some ten times as large once it is read. */
const charactersAtOnce = 8_000_000;
/** Definitions for each connection that must be left while more are made ready. */
const leftOver = 24;

export interface SupplyOptions {
  readonly connections: number;
  /** Reads a file. */
  readonly read: (file: DefinitionFile) => ReadFile;
  /** Asks the database what these need alike. */
  readonly ready: (client: ClientBase, files: readonly ReadFile[]) => Promise<EarlierRuns>;
}

export function supplyOf(files: readonly DefinitionFile[], options: SupplyOptions): Supply {
  const { connections, read, ready } = options;
  const waiting = files.values();
  let unread = files.length;
  let ahead: ReadFile[] = [];
  let characters = 0;
  let limit = firstAtOnce;
  let place = 0;
  let queued = 0;
  let stopped = false;
  let filling: Promise<void> | undefined;
  const queue: Supplied[] = [];

  const readOne = (): boolean => {
    if (stopped || ahead.length >= limit || characters >= charactersAtOnce) return false;
    const { done, value } = waiting.next();
    if (done) return false;
    unread -= 1;
    const file = read(value);
    ahead.push(file);
    characters += file.characters;
    return true;
  };

  const fill = async (client: ClientBase): Promise<void> => {
    while (readOne());
    const some = ahead;
    ahead = [];
    characters = 0;
    limit = atOnce;
    if (some.length === 0) return;
    const earlier = await ready(client, some);
    for (const [at, file] of some.entries()) {
      queue.push({ file, earlier, place: place++, id: earlier.ids[at] });
      queued += file.characters;
    }
  };

  return {
    async next(client, most) {
      const enough = connections > 1 ? Math.min(leftOver * connections, atOnce / 2) : 0;
      for (let filled = false; ; ) {
        if (stopped) return [];
        const few = queue.length === 0 || (!filled && queue.length <= enough && queued < charactersAtOnce);
        if (filling === undefined && few && unread + ahead.length > 0) {
          filling = fill(client);
          try {
            await filling;
          } finally {
            filling = undefined;
          }
          filled = true;
        } else if (queue.length > 0) {
          const share = Math.ceil((queue.length + unread + ahead.length) / (2 * connections));
          const some = queue.splice(0, Math.min(most, connections > 1 ? share : most));
          for (const { file } of some) queued -= file.characters;
          return some;
        } else if (filling !== undefined) await filling;
        else return [];
      }
    },
    readAhead: () => void readOne(),
    stop() {
      stopped = true;
    },
    get stopped() {
      return stopped;
    },
  };
}
