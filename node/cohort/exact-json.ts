/** JSON of answers whose numbers may be wider than 2^53: the mask of many inclusion rules. */

/** Integers beyond 2^53 are written out whole, as the reference does. */
export function exactJson(value: unknown): string {
  const { rawJSON } = JSON as typeof JSON & { readonly rawJSON: (text: string) => unknown };
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? rawJSON(`${part}`) : part));
}
