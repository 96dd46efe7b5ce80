/** What would leave, as a person reads it: a table a cohort, a line a cell. */

import type { SiteAnswer } from '#protocol/reply.ts';
import { vocabularyInWords } from '#protocol/vocabulary.ts';
import { plain } from './plain.ts';

type Cell = SiteAnswer['cohorts'][number]['cells'][number];

export function answerInWords(answer: SiteAnswer, cohorts: readonly string[]): string[] {
  const beside = answer.vocabulary === undefined ? [] : ['', vocabularyInWords(answer.vocabulary)];
  const tables = answer.cohorts.flatMap(({ cohort, cells }) => {
    const wide = Math.max(...cells.map(({ id }) => id.length), 4);
    const withheld = cells.filter(({ state }) => state === 'suppressed').length;
    return [
      '',
      `Cohort ${cohort + 1}, ${plain(cohorts[cohort] ?? '', 2000)}: ${cells.length} figures, ${withheld} of them withheld`,
      ...cells.map((cell) => `  ${cell.id.padEnd(wide)}  ${cell.kind.padEnd(7)}  ${shown(cell)}`),
    ];
  });
  return [...beside, ...tables];
}

function shown(cell: Cell): string {
  switch (cell.state) {
    case 'value':
      return String(cell.value);
    case 'zero':
      return '0';
    case 'suppressed':
      return `withheld (${cell.low} to ${cell.high})`;
    case 'not-applicable':
      return 'does not apply';
    case 'error':
      return 'could not be computed';
  }
}
