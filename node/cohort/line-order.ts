/** Holds lines back until those before them are out. */

/** Hands lines on in the order of `names`; names may repeat. */
export function inOrder<Line extends { readonly name: string }>(
  names: readonly { readonly name: string }[],
  onLine: (line: Line) => void,
): (line: Line) => void {
  const held = new Map<string, Line[]>();
  let next = 0;
  return (line) => {
    held.set(line.name, [...(held.get(line.name) ?? []), line]);
    for (;;) {
      const name = names[next]?.name;
      const lines = name === undefined ? undefined : held.get(name);
      const first = lines?.shift();
      if (first === undefined) return;
      next += 1;
      onLine(first);
    }
  };
}
