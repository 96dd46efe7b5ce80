/** Waiting for a study's jobs to change, without polling the database. */

export interface Watchers {
  /** Resolves when a job of the study changed, after `ms`, or when the hub closes. */
  wait(study: string, ms: number): Promise<void>;
  wake(study: string): void;
  close(): void;
}

export function createWatchers(): Watchers {
  const waiting = new Map<string, Set<() => void>>();
  const wake = (study: string) => {
    for (const done of waiting.get(study) ?? []) done();
  };
  return {
    wait: (study, ms) =>
      new Promise((resolve) => {
        const of = waiting.get(study) ?? new Set();
        waiting.set(study, of);
        const done = () => {
          clearTimeout(timer);
          of.delete(done);
          if (of.size === 0) waiting.delete(study);
          resolve();
        };
        const timer = setTimeout(done, ms);
        of.add(done);
      }),
    wake,
    close() {
      for (const study of [...waiting.keys()]) wake(study);
    },
  };
}
