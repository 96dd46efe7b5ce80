/** Counts of what happened in this process, by name and labels. One a process, handed down: two nodes in one process count apart. */

export interface Counted {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Counters {
  /** `labels` are codes and kinds of closed lists: never an id, a name or a figure of a study. */
  count(name: string, labels?: Readonly<Record<string, string>>): void;
  read(): Counted[];
}

export function createCounters(): Counters {
  const rows = new Map<string, { name: string; labels: Readonly<Record<string, string>>; value: number }>();
  return {
    count(name, labels = {}) {
      const key = JSON.stringify([name, ...Object.entries(labels).sort()]);
      const row = rows.get(key);
      if (row) row.value += 1;
      else rows.set(key, { name, labels: { ...labels }, value: 1 });
    },
    read: () => [...rows.values()].map((row) => ({ ...row })),
  };
}
