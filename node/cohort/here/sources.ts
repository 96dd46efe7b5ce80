/** Where a definition looks for its concept sets, each place once. */

import { type Source, sourceKey, sourcesOf } from '#sql/circe/estimate.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

export interface Placed {
  readonly source: Source;
  readonly path: string;
}

/** Each source with the first criterion that asks it. */
export function placedSources(expression: CohortExpression): readonly Placed[] {
  const found = new Map<string, Placed>();
  walk(expression, {
    criterion(criterion) {
      for (const source of sourcesOf(criterion)) {
        if (!found.has(sourceKey(source))) found.set(sourceKey(source), { source, path: criterion.path });
      }
    },
  });
  return [...found.values()];
}
