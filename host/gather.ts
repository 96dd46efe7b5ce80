/**
 * Work that is cheaper for many than for each: what arrives while one batch is at work forms the next. Nothing waits for a timer, so a
 * single item is served at once.
 */

/** What became of one item: a value, or the error that is this item's own. */
export type Outcome<R> =
  | { readonly ok: true; readonly value: R }
  | { readonly ok: false; readonly error: unknown };

/**
 * Gives a function that adds an item and resolves with its outcome. `work` serves at most `most` items at a time, one batch after the
 * other; where it throws, every item of the batch gets the error.
 */
export function gather<T, R>(
  most: number,
  work: (items: readonly T[]) => Promise<readonly Outcome<R>[]>,
): (item: T) => Promise<R> {
  const waiting: { item: T; resolve: (value: R) => void; reject: (cause: unknown) => void }[] = [];
  let busy = false;
  const serve = async () => {
    if (busy) return;
    busy = true;
    // What arrives in the same turn belongs together.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most);
      try {
        const outcomes = await work(batch.map(({ item }) => item));
        for (const [i, { resolve, reject }] of batch.entries()) {
          const outcome = outcomes[i];
          if (outcome?.ok) resolve(outcome.value);
          else reject(outcome?.error);
        }
      } catch (cause) {
        for (const { reject } of batch) reject(cause);
      }
    }
    busy = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      void serve();
    });
}
