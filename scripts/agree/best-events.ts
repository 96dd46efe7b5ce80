/**
 * Whether a difference in the inclusion table by person (mode 1) comes from ties: the best event of a person is that of most
 * rules, then of the lowest rule, then the earliest, and of several such Circe takes one by chance.
 */

import type { Pool } from 'pg';
import { prepareCohort } from '#node/cohort/generate.ts';
import { withSession } from '#node/cohort/session.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import type { ReferenceRecord } from './reference.ts';

/** Explained only where some choice among the tied events counts exactly as the reference does. */
export async function bestEventsExplain(
  pool: Pool,
  schema: string,
  expression: CohortExpression,
  expected: ReferenceRecord,
): Promise<string | undefined> {
  const [persons, all] = await withSession(pool, { readOnly: true }, async (client) => {
    const { ctes, events } = await prepareCohort(client, expression, { cdmSchema: schema, parity: true });
    const order = 'bit_count(mask::bit(64)) desc, mask & -mask, start_date';
    const { rows } = await client.query<{ masks: readonly string[] }>(
      `with ${ctes}, ranked as (
         select person_id, mask, rank() over (partition by person_id order by ${order}) as place from ${events}
       ) select array_agg(distinct mask::text) as masks from ranked where place = 1 group by person_id`,
    );
    const counted = await client.query<{ mask: string; events: number }>(
      `with ${ctes} select mask::text as mask, count(*)::int as events from ${events} group by mask`,
    );
    return [
      rows.map(({ masks }) => masks),
      new Map(counted.rows.map(({ mask, events: count }) => [mask, count])),
    ] as const;
  });
  const tied = persons.filter((masks) => masks.length > 1);
  const ofEvents = masksOf(expected, 0);
  if (all.size !== ofEvents.size || [...all].some(([mask, count]) => ofEvents.get(mask) !== count))
    return undefined;
  if (tied.length === 0 || !canCount(persons, masksOf(expected, 1))) return undefined;
  return `${tied.length} persons have several best events, tied on rules and start date; another choice among them counts as the reference does`;
}

/** How many events, or persons, the reference counts with each mask. */
export function masksOf({ inclusionResult }: ReferenceRecord, mode: 0 | 1): ReadonlyMap<string, number> {
  const entries = (inclusionResult ?? []) as readonly (readonly [number, number, number])[];
  return new Map(entries.filter(([of]) => of === mode).map(([, mask, count]) => [String(mask), count]));
}

/** Can each person take one of their masks, so that every mask is taken as often as it is counted? (Augmenting paths.) */
function canCount(persons: readonly (readonly string[])[], counts: ReadonlyMap<string, number>): boolean {
  if (persons.length !== [...counts.values()].reduce((sum, count) => sum + count, 0)) return false;
  const takers = new Map([...counts.keys()].map((mask) => [mask, [] as number[]]));
  const place = (person: number, seen: Set<string>): boolean =>
    (persons[person] ?? []).some((mask) => {
      const taken = takers.get(mask);
      if (taken === undefined || seen.has(mask)) return false;
      seen.add(mask);
      if (taken.length < (counts.get(mask) ?? 0)) return taken.push(person) > 0;
      const moved = taken.findIndex((other) => (persons[other]?.length ?? 0) > 1 && place(other, seen));
      if (moved < 0) return false;
      taken[moved] = person;
      return true;
    });
  return persons.every((_, person) => place(person, new Set()));
}
