/** A table for a person's eyes: columns as wide as their widest cell. */

export function showTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  indent = '',
): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
    )
    .join('\n');
}
