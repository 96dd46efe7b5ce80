/**
 * Whether a difference comes from events tied on their start date, of which Circe keeps one by chance: `row_number()` over
 * the start date alone has no second key. Ours keeps the lowest event id (First) or the highest (Last). A difference is
 * explained only where another choice among the tied events gives the reference's own md5, byte for byte, and its
 * inclusion table.
 */

import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { prepareCohort } from '#node/cohort/generate.ts';
import { withSession } from '#node/cohort/session.ts';
import type { CohortExpression, Period } from '#sql/circe/expression.ts';
import { bestEventsExplain, masksOf } from './best-events.ts';
import type { ReferenceRecord } from './reference.ts';

/** Choices tried at most; beyond it nothing is explained. */
const mostChoices = 1 << 18;

/** One event that may be kept of a person: its stay `person|start|end`, none where it has no end or fails a rule; its mask. */
interface Kept {
  readonly row: string | undefined;
  readonly days: number;
  readonly mask?: string;
}

const rowParts = ['md5', 'persons', 'rows', 'days'];
const ruleParts = ['inclusionResult', 'inclusionStats', 'summaryStats'];

/** How the reference's result comes about, or undefined where no order of tied events gives it. */
export async function tieExplanation(
  pool: Pool,
  schema: string,
  expression: CohortExpression,
  differing: readonly string[],
  expected: ReferenceRecord,
): Promise<string | undefined> {
  if (expression.AdditionalCriteria !== undefined && expression.QualifiedLimit !== 'All')
    return keptEventsExplain(pool, schema, expression, expected, 'QualifiedLimit');
  const ofRows = differing.some((part) => rowParts.includes(part));
  const ofRules = differing.some((part) => ruleParts.includes(part));
  if (ofRows && expression.ExpressionLimit === 'All') return undefined;
  const reasons = [
    ...(ofRows ? [await keptEventsExplain(pool, schema, expression, expected, 'ExpressionLimit')] : []),
    ...(ofRules ? [await bestEventsExplain(pool, schema, expression, expected)] : []),
  ];
  return reasons.every((reason) => reason !== undefined) ? reasons.join('; ') : undefined;
}

async function keptEventsExplain(
  pool: Pool,
  schema: string,
  expression: CohortExpression,
  expected: ReferenceRecord,
  limit: 'QualifiedLimit' | 'ExpressionLimit',
): Promise<string | undefined> {
  const persons = await keptOf(pool, schema, expression, limit);
  const tied = persons.filter((events) => events.length > 1);
  const choices = tied.reduce((product, events) => product * events.length, 1);
  if (tied.length === 0 || choices > mostChoices) return undefined;
  const masks = limit === 'QualifiedLimit' ? masksOf(expected, 0) : undefined;
  if (!isReachable(persons, expected, masks)) return undefined;
  return `${tied.length} persons have several events tied on the start date that ${limit} keeps; one of the ${choices} ways to choose among them gives the reference's md5`;
}

/** The events that may be kept of each person, in the order of persons. */
async function keptOf(
  pool: Pool,
  schema: string,
  expression: CohortExpression,
  limit: 'QualifiedLimit' | 'ExpressionLimit',
): Promise<readonly (readonly Kept[])[]> {
  const [pick, among] = [
    expression[limit] === 'Last' ? 'max' : 'min',
    limit === 'QualifiedLimit' ? 'qualified_events' : 'included_events',
  ];
  const all = { ...expression, QualifiedLimit: 'All' as const, ExpressionLimit: 'All' as const };
  return withSession(pool, { readOnly: true }, async (client) => {
    const query = await prepareCohort(client, all, { cdmSchema: schema, parity: true });
    const passed = (1n << BigInt(query.ruleCount)) - 1n;
    const { rows } = await client.query<{
      person: string;
      start: string;
      masks: readonly string[] | null;
      included: string;
      ends: readonly string[] | null;
      stays: string;
    }>(
      `with ${query.ctes}, kept as (select person_id, ${pick}(start_date) as start_date from ${among} group by person_id)
       select k.person_id::text as person, k.start_date::text as start,
         (select array_agg(distinct q.mask::text) from qualified_events q
            where (q.person_id, q.start_date) = (k.person_id, k.start_date) and q.mask <> ${passed}) as masks,
         (select count(*)::text from included_events i where (i.person_id, i.start_date) = (k.person_id, k.start_date)) as included,
         (select array_agg(distinct r.end_date::text) from cohort_rows r where (r.person_id, r.start_date) = (k.person_id, k.start_date)) as ends,
         (select count(*)::text from cohort_rows r where (r.person_id, r.start_date) = (k.person_id, k.start_date)) as stays
       from kept k order by k.person_id`,
    );
    const mask = String(passed);
    return rows.map(({ person, start, masks, included, ends, stays }) => [
      ...(ends ?? []).map((end) => ({ ...stayOf(person, start, end, expression.CensorWindow), mask })),
      ...(Number(included) > Number(stays) ? [{ row: undefined, days: 0, mask }] : []),
      ...(limit === 'QualifiedLimit' ? (masks ?? []) : []).map((other) => ({
        row: undefined,
        days: 0,
        mask: other,
      })),
    ]);
  });
}

function stayOf(person: string, start: string, end: string, window: Period | undefined): Kept {
  const from = window?.StartDate !== undefined && window.StartDate > start ? window.StartDate : start;
  const to = window?.EndDate !== undefined && window.EndDate < end ? window.EndDate : end;
  if (from > to) return { row: undefined, days: 0 };
  return { row: `${person}|${from}|${to}`, days: (Date.parse(to) - Date.parse(from)) / 86_400_000 };
}

/** Tries every choice whose days add up, until one has the md5 (and, of one event a person, the masks). */
function isReachable(
  persons: readonly (readonly Kept[])[],
  expected: ReferenceRecord,
  masks: ReadonlyMap<string, number> | undefined,
): boolean {
  const chosen: Kept[] = [];
  const least = fromEach(persons, Math.min);
  const most = fromEach(persons, Math.max);
  const choose = (at: number, days: number): boolean => {
    const events = persons[at];
    if (events === undefined)
      return days === expected.days && md5Of(chosen) === expected.md5 && haveMasks(chosen, masks);
    const missing = (expected.days ?? 0) - days;
    if (missing < (least[at] ?? 0) || missing > (most[at] ?? 0)) return false;
    return events.some((event) => {
      chosen[at] = event;
      return choose(at + 1, days + event.days);
    });
  };
  return choose(0, 0);
}

/** The fewest or most days of the persons from each one on. */
function fromEach(
  persons: readonly (readonly Kept[])[],
  pick: (...days: number[]) => number,
): readonly number[] {
  const sums = [0];
  for (const events of persons.toReversed())
    sums.push((sums.at(-1) ?? 0) + pick(...events.map(({ days }) => days)));
  return sums.toReversed();
}

function haveMasks(kept: readonly Kept[], masks: ReadonlyMap<string, number> | undefined): boolean {
  if (masks === undefined || masks.size === 0) return true;
  const counts = Map.groupBy(kept, ({ mask = '' }) => mask);
  return counts.size === masks.size && [...counts].every(([mask, some]) => masks.get(mask) === some.length);
}

function md5Of(kept: readonly Kept[]): string {
  return createHash('md5')
    .update(kept.flatMap(({ row }) => row ?? []).join(';'))
    .digest('hex');
}
