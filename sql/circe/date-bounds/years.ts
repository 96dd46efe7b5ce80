/** Calendar years of the index date that an analysis tells apart, as bounds that hold beside those of a definition. */

import { type Bound, dayNumber } from '#sql/circe/date-bounds/sides.ts';

export interface CalendarYears {
  readonly from: number;
  readonly to: number;
}

/** The bounds of each figure: those before the years, each year, those after. A year to come is left out: it holds a whole year or nothing. */
export function yearCells({ from, to }: CalendarYears, today: number): readonly (readonly Bound[])[] {
  const firstDay = (year: number): number => dayNumber(`${year}-01-01`);
  const bound = (side: Bound['side'], day: number, words: string): Bound => ({
    side,
    day,
    subject: 'index-start',
    path: `the part year, ${words}`,
  });
  const cells: (readonly Bound[])[] = [[bound('high', firstDay(from) - 1, `before ${from}`)]];
  for (let year = from; year <= to && firstDay(year) <= today; year++)
    cells.push([
      bound('low', firstDay(year), String(year)),
      bound('high', firstDay(year + 1) - 1, String(year)),
    ]);
  if (firstDay(to + 1) <= today) cells.push([bound('low', firstDay(to + 1), `after ${to}`)]);
  return cells;
}
