/** Faults of reading or compiling, planted in what the engine is asked while the model is asked the truth. */

import type { Json } from './data.ts';

/** A copy of the definition in which every object with the key is changed. */
function everywhere(key: string, change: (holder: Json) => Json): (definition: Json) => Json {
  const walk = (part: Json): Json => {
    if (part === null || typeof part !== 'object') return part;
    if (Array.isArray(part)) return part.map(walk);
    const copy = Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, walk(inner)]));
    return key in copy ? change(copy) : copy;
  };
  return walk;
}

const without = (key: string) => everywhere(key, ({ [key]: _gone, ...rest }) => rest);

export const planted: Readonly<Record<string, (definition: Json) => Json>> = {
  'First is lost': without('First'),
  'a nested group is lost': without('CorrelatedCriteria'),
  'the date adjustment is lost': without('DateAdjustment'),
  'the period of the definition is lost': without('UserDefinedPeriod'),
  'restriction to the visit is lost': without('RestrictVisit'),
  'the observation period is always asked': without('IgnoreObservationPeriod'),
  'distinct counts count events': without('IsDistinct'),
  'another column is counted': everywhere('CountColumn', (holder) => ({
    ...holder,
    CountColumn: 'START_DATE',
  })),
  'the end window is lost': without('EndWindow'),
  'the end window asks the start of the event': everywhere('EndWindow', (holder) => ({
    ...holder,
    EndWindow: { UseEventEnd: false, ...holder.EndWindow },
  })),
  'the index end is not used': without('UseIndexEnd'),
  'descendants are left out': everywhere('includeDescendants', (item) => ({
    ...item,
    includeDescendants: false,
  })),
  'mapped concepts are left out': everywhere('includeMapped', (item) => ({ ...item, includeMapped: false })),
  'excluded concepts stay': everywhere('isExcluded', ({ isExcluded, ...item }) =>
    isExcluded ? { ...item, concept: { CONCEPT_ID: 7 } } : item,
  ),
  'Last means First': everywhere('Type', (holder) =>
    holder.Type === 'Last' ? { ...holder, Type: 'First' } : holder,
  ),
  'exactly means at least': everywhere('Type', (holder) =>
    holder.Type === 0 ? { ...holder, Type: 2 } : holder,
  ),
  'censoring events are lost': without('CensoringCriteria'),
  'the censor window is lost': without('CensorWindow'),
  'eras are not padded': everywhere('EraPad', (holder) => ({ ...holder, EraPad: 0 })),
  'gaps of exposure end an era': everywhere('GapDays', (holder) =>
    typeof holder.GapDays === 'number' ? { ...holder, GapDays: 0 } : holder,
  ),
  'the supply is as recorded': without('DaysSupplyOverride'),
  'age is not asked': without('Age'),
  'exclusion is lost': without('IsExclusion'),
  'text is found anywhere': everywhere('Text', (holder) => ({ ...holder, Op: 'contains' })),
};
