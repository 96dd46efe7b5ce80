/** The smallest input that fails alike, found by leaving out pieces. */

export async function minimise(
  input: Buffer,
  failsAlike: (input: Buffer) => Promise<boolean>,
  budgetMs = 3_000,
): Promise<Buffer> {
  const end = performance.now() + budgetMs;
  let best = input;
  for (let piece = Math.ceil(best.length / 2); piece >= 1; piece = Math.floor(piece / 2)) {
    for (let at = 0; at < best.length; ) {
      if (performance.now() > end) return best;
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + piece)]);
      if (await failsAlike(shorter)) best = shorter;
      else at += piece;
    }
  }
  return best;
}
