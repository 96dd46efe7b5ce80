/** One pooled figure, and a small table of them, as text. */

import type { Figure } from '#sql/analysis/count/pool.ts';

/** A number, `0`, or the bounds of a figure that a hospital withheld. */
export function figure(of: Figure | undefined): string {
  if (!of) return '';
  switch (of.state) {
    case 'value':
      return String(of.value);
    case 'zero':
      return '0';
    case 'range':
    case 'suppressed':
      return `${of.low}–${of.high}`;
    case 'not-applicable':
      return 'n/a';
    case 'error':
      return 'error';
  }
}

export const shown = (of: Figure): boolean => of.state !== 'zero' && of.state !== 'not-applicable';

/** Lines of equal columns, the first to the left. */
export function rows(cells: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of cells)
    for (const [i, text] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, text.length);
  return cells.map((row) =>
    `  ${row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('   ')}`.trimEnd(),
  );
}
