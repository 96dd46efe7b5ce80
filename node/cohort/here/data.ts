/** Concepts of a definition that no row of this hospital has. Asks whether rows are there, never what they say. */

import type { ClientBase } from 'pg';
import type { ConceptSet } from '#sql/circe/expression.ts';
import { qualifiedTable } from '#sql/circe/imaging-schema.ts';
import { idArray, identifier } from '#sql/circe/literal.ts';
import type { Told } from '#sql/circe/told.ts';
import { conceptFinding, type HereFound } from './finding.ts';
import { hereMessages } from './messages.ts';
import type { Placed } from './sources.ts';

/** Findings of one place that a concept set is looked for in; `ids` are what the set holds here. */
export async function unusedFindings(
  client: ClientBase,
  { source, path }: Placed,
  sets: readonly ConceptSet[],
  ids: readonly number[],
  options: { readonly cdmSchema: string; readonly tables: ReadonlySet<string> },
): Promise<readonly HereFound[]> {
  if (ids.length === 0) return [];
  const { table, column, CodesetId } = source;
  const listed = sets
    .filter(({ id }) => id === CodesetId)
    .flatMap(({ items }) => items.filter(({ isExcluded }) => !isExcluded))
    .map(({ concept }) => Number(concept.CONCEPT_ID))
    .filter((id) => ids.includes(id));
  const byDescendant = options.tables.has('concept_ancestor')
    ? `and not exists (select 1 from ${identifier(options.cdmSchema)}.concept_ancestor a join used u on u.id = a.descendant_concept_id where a.ancestor_concept_id = i.id)`
    : '';
  const { rows } = await client.query<{ used: string; unused: number[] | null }>(
    `with used as materialized (
       select i.id from unnest(${idArray(ids)}) as i(id)
       where exists (select 1 from ${qualifiedTable(table, options)} x where x.${column} = i.id)
     ) select (select count(*) from used)::text as used,
       (select array_agg(i.id order by i.id) from unnest(${idArray(listed)}) as i(id)
         where not exists (select 1 from used u where u.id = i.id) ${byDescendant})::int[] as unused`,
  );
  const used = Number(rows[0]?.used ?? 0);
  const unused = rows[0]?.unused ?? [];
  if (used === 0) {
    const message = hereMessages.noRow(table, column, CodesetId);
    return [{ code: 'no-row-here', severity: 'warning', path, message }];
  }
  if (unused.length === 0) return [];
  const message = (list: Told) =>
    hereMessages.unused(`${table}.${column}`, { count: used, of: ids.length, set: CodesetId, list });
  return [conceptFinding({ code: 'concept-unused-here', severity: 'info', path, message }, unused)];
}
