/** What qualifies entry events, and which of them are in the cohort. */

import { type Cover, joinCovers } from '#sql/circe/cover.ts';
import { type Cte, type EntryColumn, entryColumns, entryEvents } from '#sql/circe/entry.ts';
import { eventsOf } from '#sql/circe/event.ts';
import type { CohortExpression, CriteriaGroup, Limit } from '#sql/circe/expression.ts';
import { groupCondition } from '#sql/circe/group.ts';
import { isOfImage } from '#sql/circe/image-link.ts';
import type { EventList } from '#sql/circe/joined.ts';
import { joinMembers, keptPerson } from '#sql/circe/members.ts';
import type { Scope } from '#sql/circe/scope.ts';

const carried = [
  'person_id',
  'event_id',
  'start_date',
  'end_date',
  'op_start_date',
  'op_end_date',
  'visit_occurrence_id',
] as const satisfies readonly EntryColumn[];

/** Masks of up to two rules are told apart by how many rules hold and which is the lowest; of more, the earlier event decides. */
export const fewestTiedRules = 3;

/**
 * `primary_events` and, of these, `qualified_events`: those that satisfy AdditionalCriteria, limited by QualifiedLimit (which acts only where
 * AdditionalCriteria is present, be it an empty group), with the mask of inclusion rules: bit i set where rule i holds. With
 * `rowsOnly` they have the columns that rows and masks need.
 */
export function askedEvents(
  scope: Scope,
  expression: CohortExpression,
  rules: readonly CriteriaGroup[],
  rowsOnly: boolean,
): readonly Cte[] {
  const primary = expression.PrimaryCriteria;
  const entry = entryEvents(scope, primary);
  const additional = expression.AdditionalCriteria;
  const images = primary.CriteriaList.some(isOfImage);
  const covers: Cover[] = [];
  const index = {
    person: 'q.person_id',
    start: 'q.start_date',
    end: 'q.end_date',
    opStart: 'q.op_start_date',
    opEnd: 'q.op_end_date',
    visit: 'q.visit_occurrence_id',
    image: images ? 'q.image_occurrence_id' : undefined,
    calls: entry.count,
    all: { key: ['q.person_id', 'q.event_id'], list: (alias: string) => primaryList(alias, images) },
    covers,
  };
  const condition = additional === undefined ? 'true' : groupCondition(scope, additional, index, eventsOf);
  const ofAdditional = covers.length;
  const bits = rules.map(
    (rule, bit) => `(${groupCondition(scope, rule, index, eventsOf)})::int::bigint << ${bit}`,
  );
  const mask = bits.length === 0 ? '0::bigint' : bits.map((bit) => `(${bit})`).join('\n  | ');
  const members = joinMembers(scope, 'q.person_id', 'full');
  const joined = (some: readonly Cover[], where: readonly string[]) => {
    const joins = members.joins + joinCovers(some);
    return joins + whereOf([...where, ...(joins === '' ? [] : [keptPerson('q.person_id')])]);
  };
  const limited = additional !== undefined && expression.QualifiedLimit !== 'All';
  const asked = condition === 'true' ? [] : [condition];
  const source = limited
    ? `(${latest(expression.QualifiedLimit, `primary_events q${joined(covers.slice(0, ofAdditional), asked)}`)}) q${joined(covers.slice(ofAdditional), [])}`
    : `primary_events q${joined(covers, asked)}`;
  const ordered =
    !rowsOnly || limited || rules.length >= fewestTiedRules || includedLimit(expression) !== 'All';
  const given = rowsOnly ? neededOf(expression, ordered) : carried;
  const sql = `select ${given.map((column) => `q.${column}`).join(', ')},\n  ${mask} as mask\nfrom ${source}`;
  const columns = entryColumns(primary).filter((name) => !rowsOnly || named(sql, name));
  return [
    {
      name: 'primary_events',
      materialized: true,
      sql: entry.query(primary.PrimaryCriteriaLimit, columns, ordered ? 'ordered' : 'any'),
    },
    ...covers,
    { name: 'qualified_events', materialized: true, sql },
  ];
}

/** What rows and masks need of events. */
function neededOf({ EndStrategy }: CohortExpression, ordered: boolean): readonly EntryColumn[] {
  const ofEnd = EndStrategy?.kind === 'DateOffset' && EndStrategy.DateField === 'EndDate';
  const numbered = ordered || EndStrategy?.kind === 'CustomEra';
  return [
    'person_id',
    ...(numbered ? (['event_id'] as const) : []),
    'start_date',
    ...(ofEnd ? (['end_date'] as const) : []),
    'op_end_date',
  ];
}

/** Whether a column of the entry events is named: as that of `q`, or of a list of them all. */
function named(sql: string, column: EntryColumn): boolean {
  return new RegExp(`\\b(?:q|i\\d+)\\.${column}\\b`).test(sql);
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `\nwhere ${conditions.join('\n and ')}`;
}

/** All entry events, whatever is asked of them. */
function primaryList(alias: string, images: boolean): EventList {
  const at = (column: EntryColumn) => `${alias}.${column}`;
  return {
    from: `primary_events ${alias}`,
    where: [],
    key: [at('person_id'), at('event_id')],
    event: {
      person: at('person_id'),
      start: at('start_date'),
      end: at('end_date'),
      opStart: at('op_start_date'),
      opEnd: at('op_end_date'),
      visit: at('visit_occurrence_id'),
      image: images ? at('image_occurrence_id') : undefined,
    },
  };
}

/** Entry events as qualified events, where nothing more is asked of them: one pass less. */
export function unaskedEvents(scope: Scope, { PrimaryCriteria: primary }: CohortExpression): Cte {
  const columns = [...entryColumns(primary), 'mask'] as const;
  const sql = entryEvents(scope, primary).query(primary.PrimaryCriteriaLimit, columns, 'ordered');
  return { name: 'qualified_events', materialized: true, sql };
}

/** Entry events as included events, where nothing more is asked of them and the rows alone are wanted: those that the limits leave. */
export function unaskedRows(scope: Scope, expression: CohortExpression): Cte {
  const { PrimaryCriteria: primary, ExpressionLimit } = expression;
  const limits = [primary.PrimaryCriteriaLimit, ExpressionLimit];
  const kept = limits.find((limit) => limit !== 'All') ?? 'All';
  const columns = neededOf(expression, false);
  return { name: 'included_events', sql: entryEvents(scope, primary).query(kept, columns, 'any') };
}

/** `included_events`: events with every bit set, limited by ExpressionLimit. */
export function includedEvents(expression: CohortExpression, rules: number): Cte {
  const limit = includedLimit(expression);
  const all = (1n << BigInt(rules)) - 1n;
  const source = `qualified_events q${rules === 0 ? '' : `\nwhere q.mask = ${all}`}`;
  const sql = limit === 'All' ? `select q.* from ${source}` : latest(limit, source);
  return { name: 'included_events', sql };
}

/** What ExpressionLimit still has to do. */
function includedLimit(expression: CohortExpression): Limit {
  return isSingle(expression, 'qualified') ? 'All' : expression.ExpressionLimit;
}

/** True where a limit leaves at most one event a person: of qualified events, or of those that are in the cohort. */
export function isSingle(expression: CohortExpression, of?: 'qualified'): boolean {
  const qualified = expression.AdditionalCriteria !== undefined && expression.QualifiedLimit !== 'All';
  const entry = expression.PrimaryCriteria.PrimaryCriteriaLimit !== 'All';
  return qualified || entry || (of === undefined && expression.ExpressionLimit !== 'All');
}

/**
 * One event a person: the first or the last by start date. Circe leaves ties open; where it has one event to choose, the
 * lowest event id comes first and the highest last.
 */
function latest(limit: Limit, source: string): string {
  const direction = limit === 'Last' ? ' desc' : '';
  return `select distinct on (q.person_id) q.* from ${source}\norder by q.person_id, q.start_date${direction}, q.event_id${direction}`;
}
