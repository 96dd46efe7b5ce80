/** Rows as an aligned table of plain text: numbers to the right, the last column as it is. */

/** Takes rows and the keys to show; gives lines with a heading, without a newline at the end. */
export function layOut<K extends string>(
  rows: readonly Readonly<Record<K, string | number>>[],
  keys: readonly K[],
): string {
  const cells = [keys as readonly string[], ...rows.map((row) => keys.map((key) => String(row[key])))];
  const numeric = keys.map((key) => typeof rows[0]?.[key] === 'number');
  const widths = keys.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, column) =>
        numeric[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return cells.map(line).join('\n');
}
