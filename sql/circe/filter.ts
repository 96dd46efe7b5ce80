/** The SQL condition of one attribute of a criterion. */

import { describeType, isCriterionType } from '#sql/circe/criteria/types.ts';
import type { DateRange, Filter, NumericRange, Operator, Place, TextFilter } from '#sql/circe/expression.ts';
import { dateLiteral, decimalNumber, textLiteral, wholeNumber } from '#sql/circe/literal.ts';
import { inConcepts, type Scope } from '#sql/circe/scope.ts';

/** The row a filter looks at: its alias, its person, and its dates after adjustment. */
export interface FilteredRow {
  readonly alias: string;
  readonly person: string;
  readonly start: string;
  readonly end: string;
}

/** Conditions to join with AND. Those about the person share one probe of PERSON, as Circe joins it once. */
export function conditions(
  scope: Scope,
  filters: readonly Filter[],
  row: FilteredRow,
  type: string,
): readonly string[] {
  const direct: string[] = [];
  const person: string[] = [];
  const alias = scope.alias('p');
  for (const filter of filters) {
    const aboutPerson = filter.kind === 'age' || ('place' in filter && filter.place.of === 'person');
    const list = aboutPerson ? person : direct;
    list.push(...conditionOf(scope, filter, filters, row, type, alias));
  }
  if (person.length === 0) return direct;
  const probe = `select 1 from ${scope.table('person')} ${alias} where ${alias}.person_id = ${row.person}`;
  return [...direct, `exists (${[probe, ...person].join(' and ')})`];
}

function conditionOf(
  scope: Scope,
  filter: Filter,
  filters: readonly Filter[],
  row: FilteredRow,
  type: string,
  person: string,
): readonly string[] {
  // What Circe does otherwise than the definition says.
  const slips = scope.parity && isCriterionType(type) ? describeType(type).circe : undefined;
  if (slips?.unread?.includes(filter.name)) return [];
  switch (filter.kind) {
    case 'codeset':
    case 'cohort':
      return [];
    case 'concepts': {
      const exclude = filter.exclude && !slips?.unread?.includes(`${filter.name}Exclude`);
      return [
        atPlace(scope, parityPlace(scope, filter.name, filter.place), row, person, exclude, (column) =>
          inConcepts(column, filter.concepts, exclude),
        ),
      ];
    }
    case 'presence':
      return [
        atPlace(
          scope,
          parityPlace(scope, filter.name, filter.place),
          row,
          person,
          filter.exclude,
          (column) => `${column} is ${filter.exclude ? '' : 'not '}null`,
        ),
      ];
    case 'selection':
      return [
        atPlace(scope, parityPlace(scope, filter.name, filter.place), row, person, filter.exclude, (column) =>
          scope.inSet(column, filter.CodesetId, filter.exclude),
        ),
      ];
    case 'dates': {
      // Circe filters the start date by the end date's range for drug exposures.
      const swapped = scope.parity && type === 'DrugExposure' && filter.name === 'OccurrenceEndDate';
      return [dateCondition(filter.of === 'start' || swapped ? row.start : row.end, filter.range)];
    }
    case 'number': {
      // Circe reads the EraLength filter where GapDays is asked (and fails where there is none).
      const length = filters.find((one) => one.kind === 'number' && one.name === 'EraLength');
      const mistaken =
        scope.parity && filter.name === 'GapDays' && length?.kind === 'number' ? length : filter;
      return [numberCondition(template(filter.value, row), mistaken.range, filter.decimals)];
    }
    case 'age': {
      const date = filter.of === 'start' && !slips?.ageAtEnd ? row.start : row.end;
      return [numberCondition(`extract(year from ${date})::int - ${person}.year_of_birth`, filter.range, 0)];
    }
    case 'text':
      return [textCondition(`${row.alias}.${filter.column}`, filter.filter)];
    case 'flag':
      return [`${row.alias}.${filter.column} is ${filter.value}`];
    case 'abnormal':
      return [
        `(${row.alias}.value_as_number < ${row.alias}.range_low or ${row.alias}.value_as_number > ${row.alias}.range_high` +
          ` or ${row.alias}.value_as_concept_id in (4155142, 4155143))`,
      ];
    case 'unanswerable':
      throw new Error(`refused before compiling: ${filter.path}`);
  }
}

/** Fills `$.`, `$start` and `$end` of a description's SQL template. */
export function template(text: string, row: Pick<FilteredRow, 'alias'> & Partial<FilteredRow>): string {
  return text
    .replaceAll('$start', () => `(${row.start})`)
    .replaceAll('$end', () => `(${row.end})`)
    .replaceAll('$.', () => `${row.alias}.`);
}

/** Circe 1.12 tests the gender where RaceCS and EthnicityCS are asked. */
function parityPlace(scope: Scope, name: string, place: Place): Place {
  return scope.parity && (name === 'RaceCS' || name === 'EthnicityCS')
    ? { ...place, column: 'gender_concept_id' }
    : place;
}

function atPlace(
  scope: Scope,
  place: Place,
  row: FilteredRow,
  person: string,
  exclude: boolean,
  condition: (column: string) => string,
): string {
  const alias = scope.alias('j');
  switch (place.of) {
    case 'row':
      return condition(`${row.alias}.${place.column}`);
    case 'person':
      return condition(`${person}.${place.column}`);
    case 'visit':
      return (
        `exists (select 1 from ${scope.table('visit_occurrence')} ${alias} where ` +
        `${alias}.visit_occurrence_id = ${row.alias}.visit_occurrence_id and ${alias}.person_id = ${row.person} and ` +
        `${condition(`${alias}.${place.column}`)})`
      );
    case 'care-site':
      return (
        `exists (select 1 from ${scope.table('care_site')} ${alias} where ` +
        `${alias}.care_site_id = ${row.alias}.care_site_id and ${condition(`${alias}.${place.column}`)})`
      );
    case 'provider': {
      const from = `from ${scope.table('provider')} ${alias} where ${alias}.provider_id = ${row.alias}.provider_id`;
      // Circe joins PROVIDER outward: a missing provider has a NULL specialty, which is outside an empty set only.
      return exclude
        ? condition(`(select ${alias}.${place.column} ${from})`)
        : `exists (select 1 ${from} and ${condition(`${alias}.${place.column}`)})`;
    }
  }
}

const comparisons: Readonly<Record<Exclude<Operator, 'bt' | '!bt'>, string>> = {
  lt: '<',
  lte: '<=',
  eq: '=',
  '!eq': '<>',
  gt: '>',
  gte: '>=',
};

function rangeCondition(value: string, op: Operator, least: string, most: string | undefined): string {
  if (op !== 'bt' && op !== '!bt') return `${value} ${comparisons[op]} ${least}`;
  if (most === undefined) throw new Error('a range without its extent is refused by reading');
  // NOT(a <= x <= b) of NULL stays NULL, so a missing value is outside no range.
  return `${op === '!bt' ? 'not ' : ''}(${value} >= ${least} and ${value} <= ${most})`;
}

export function dateCondition(date: string, range: DateRange): string {
  return rangeCondition(
    date,
    range.Op,
    dateLiteral(range.Value),
    range.Extent === undefined ? undefined : dateLiteral(range.Extent),
  );
}

/** Whole-number attributes cut decimals off, as Java's `intValue()` does. */
export function numberCondition(value: string, range: NumericRange, decimals: 0 | 4): string {
  const sql = (number: number) =>
    decimals === 0 ? wholeNumber(Math.trunc(number)) : decimalNumber(number, decimals);
  return rangeCondition(
    value,
    range.Op,
    sql(range.Value),
    range.Extent === undefined ? undefined : sql(range.Extent),
  );
}

/** LIKE as Circe has it: case-sensitive, wildcards in the text not escaped. */
function textCondition(column: string, filter: TextFilter): string {
  const op = filter.Op.replace('!', '');
  const before = op === 'endsWith' || op === 'contains' ? '%' : '';
  const after = op === 'startsWith' || op === 'contains' ? '%' : '';
  const pattern = `${before}${filter.Text}${after}`;
  // A lone escape character at the end is an error to PostgreSQL: it stands for itself.
  const dangling = (/\\*$/.exec(pattern)?.[0].length ?? 0) % 2 === 1;
  return `${column} ${filter.Op.startsWith('!') ? 'not ' : ''}like ${textLiteral(dangling ? `${pattern}\\` : pattern)}`;
}
