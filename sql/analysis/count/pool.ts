/** From pooled cells to what a study lead reads. */

import type { PooledCell } from '#protocol/cell.ts';
import { ageBands, sexes } from './spec.ts';

/** A pooled figure as it is written: state, value or bounds, and how many sites it stands on. */
export interface Figure {
  readonly state: PooledCell['state'];
  readonly value?: number;
  readonly low?: number;
  readonly high?: number;
  readonly sites: number;
}

export interface PooledCount {
  readonly name: string;
  readonly persons: Figure;
  readonly rows: Figure;
  /** Step 0 is the entry events; step i the inclusion rule i. Empty where the definition has no inclusion rule. */
  readonly attrition: readonly { readonly step: number; readonly name: string; readonly persons: Figure }[];
  readonly bySex: readonly { readonly sex: string; readonly persons: Figure }[];
  readonly byAgeBand: readonly { readonly ageBand: string; readonly persons: Figure }[];
  readonly strata: readonly { readonly sex: string; readonly ageBand: string; readonly persons: Figure }[];
}

/** `ruleNames` come from the study's own definition, in order. */
export function pooledCount(
  name: string,
  ruleNames: readonly string[],
  cells: readonly PooledCell[],
): PooledCount {
  const byId = new Map(cells.map((cell) => [cell.id, cell]));
  const figure = (id: string): Figure => {
    const cell = byId.get(id);
    if (!cell) return { state: 'not-applicable', sites: 0 };
    const { id: _, kind: __, ...rest } = cell;
    return rest;
  };
  const steps = ruleNames.length === 0 ? [] : ['Entry events', ...ruleNames];
  return {
    name,
    persons: figure('persons'),
    rows: figure('rows'),
    attrition: steps.map((step, i) => ({ step: i, name: step, persons: figure(`attrition:${i}`) })),
    bySex: sexes.map((sex) => ({ sex: sex.name, persons: figure(`sex:${sex.id}`) })),
    byAgeBand: ageBands.map((ageBand) => ({ ageBand, persons: figure(`age:${ageBand}`) })),
    strata: sexes.flatMap((sex) =>
      ageBands.map((ageBand) => ({
        sex: sex.name,
        ageBand,
        persons: figure(`sex:${sex.id}/age:${ageBand}`),
      })),
    ),
  };
}
