/** SQL that resolves all concept sets of a definition at once. */

import type { ConceptSet } from '#sql/circe/expression.ts';
import { idArray, identifier } from '#sql/circe/literal.ts';

const excluded = 1;
const descendants = 2;
const mapped = 4;

export interface ConceptSetOptions {
  readonly cdmSchema: string;
  /** Vocabulary tables this CDM lacks: what they would add is nothing. */
  readonly absent?: ReadonlySet<string>;
}

/**
 * One SELECT that gives `(codeset_id int, concept_ids int[])`, a row for every set, ids ascending. Rules of Circe:
 * a listed id must exist in CONCEPT (valid or not); descendants only where `invalid_reason is null`; mapped are the
 * sources of a valid "Maps to" into the listed and their descendants; the excluded items make a query of the same form,
 * which is subtracted. Sets that share an id are one set.
 */
export function conceptSetQuery(sets: readonly ConceptSet[], options: ConceptSetOptions): string {
  const schema = identifier(options.cdmSchema);
  const items = sets.flatMap((set) =>
    set.items.map((item) => ({
      set: set.id,
      id: item.concept.CONCEPT_ID,
      flags:
        (item.isExcluded ? excluded : 0) |
        (item.includeDescendants ? descendants : 0) |
        (item.includeMapped ? mapped : 0),
    })),
  );
  const ids = [...new Set(sets.map((set) => set.id))];
  const has = (flag: number, table: string) =>
    items.some((item) => (item.flags & flag) !== 0) && options.absent?.has(table) !== true;
  const lists = [
    items.map((item) => item.set),
    items.map((item) => item.id),
    items.map((item) => item.flags),
  ];
  return [
    'with item as (',
    `  select * from unnest(${lists.map(idArray).join(', ')}) as i(codeset_id, concept_id, flags)`,
    '), listed as (',
    `  select i.codeset_id, c.concept_id, i.flags from item i join ${schema}.concept c on c.concept_id = i.concept_id`,
    ...(has(descendants, 'concept_ancestor')
      ? [
          '  union all',
          `  select i.codeset_id, c.concept_id, i.flags from item i`,
          `  join ${schema}.concept_ancestor a on a.ancestor_concept_id = i.concept_id`,
          `  join ${schema}.concept c on c.concept_id = a.descendant_concept_id and c.invalid_reason is null`,
          `  where i.flags & ${descendants} <> 0`,
        ]
      : []),
    '), found as (',
    '  select l.codeset_id, l.concept_id, l.flags from listed l',
    ...(has(mapped, 'concept_relationship')
      ? [
          '  union all',
          '  select l.codeset_id, r.concept_id_1, l.flags from listed l',
          `  join ${schema}.concept_relationship r on r.concept_id_2 = l.concept_id`,
          "    and r.relationship_id = 'Maps to' and r.invalid_reason is null",
          `  where l.flags & ${mapped} <> 0`,
        ]
      : []),
    '), kept as (',
    '  select f.codeset_id, f.concept_id from found f group by f.codeset_id, f.concept_id',
    `  having max(f.flags & ${excluded}) = 0`,
    ')',
    "select s.codeset_id, coalesce(array_agg(k.concept_id order by k.concept_id) filter (where k.concept_id is not null), '{}')::int[] as concept_ids",
    `from unnest(${idArray(ids)}) as s(codeset_id) left join kept k on k.codeset_id = s.codeset_id`,
    'group by s.codeset_id',
  ].join('\n');
}
