/** A criterion, a group of criteria and all that they ask, line by line. */

import type { Bound, Language } from '#sql/circe/describe/language.ts';
import { indent, item, type Lines, onOneLine } from '#sql/circe/describe/lines.ts';
import { attributeWord, countWords, typeWords, wordOf } from '#sql/circe/describe/words.ts';
import type {
  Concept,
  CorrelatedCriterion,
  CriteriaGroup,
  Criterion,
  DateRange,
  Endpoint,
  Filter,
  NumericRange,
  Window,
} from '#sql/circe/expression.ts';

/** The language, and the names of the concept sets by their ids. */
export interface Telling {
  readonly say: Language;
  readonly names: ReadonlyMap<number, string>;
}

export function criterionLines(telling: Telling, criterion: Criterion): Lines {
  const { say } = telling;
  const type = wordOf(typeWords, criterion.type, say.code);
  return [say.criterion(type, setOf(telling, criterion)), ...detailLines(telling, criterion)];
}

function correlatedLines(telling: Telling, correlated: CorrelatedCriterion): Lines {
  const { say } = telling;
  const { Criteria, Occurrence, StartWindow, EndWindow, IgnoreObservationPeriod: ignore } = correlated;
  const type = wordOf(typeWords, Criteria.type, say.code);
  const counted = wordOf(countWords, Occurrence.CountColumn ?? 'DOMAIN_CONCEPT', say.code);
  return [
    say.correlated(type, setOf(telling, Criteria), Occurrence, counted),
    ...windowLines(say, StartWindow, StartWindow?.UseEventEnd ?? false, ignore),
    ...windowLines(say, EndWindow, EndWindow?.UseEventEnd ?? true, ignore),
    ...(correlated.RestrictVisit ? [say.sameVisit] : []),
    ...(correlated.RestrictImage ? [say.sameImage] : []),
    ...(ignore ? [say.outsideObservation] : []),
    ...detailLines(telling, Criteria),
  ];
}

/** What is asked of a criterion beside its type and its concept set. */
function detailLines(telling: Telling, criterion: Criterion): Lines {
  const { say } = telling;
  const { DateAdjustment: adjustment, UserDefinedPeriod: period, CorrelatedCriteria: group } = criterion;
  return [
    ...(criterion.First ? [say.first] : []),
    ...criterion.filters
      .filter((filter) => filter.name !== 'CodesetId' || filter.kind !== 'codeset')
      .map((filter) => filterLine(telling, criterion.type, filter)),
    ...(adjustment === undefined ? [] : [say.adjusted(adjustment)]),
    ...(period === undefined ? [] : [say.period(period)]),
    ...(group === undefined ? [] : [say.nested, ...indent(groupLines(telling, group))]),
  ];
}

export function groupLines(telling: Telling, group: CriteriaGroup): Lines {
  const { say } = telling;
  const members = [
    ...group.CriteriaList.map((correlated) => correlatedLines(telling, correlated)),
    ...group.DemographicCriteriaList.map(({ filters }) => [
      say.person,
      ...(filters.length === 0
        ? [say.always]
        : filters.map((filter) => filterLine(telling, 'DemographicCriteria', filter))),
    ]),
    ...group.Groups.map((inner) => groupLines(telling, inner)),
  ];
  if (members.length === 0) return [say.always];
  return [say.group(group.Type, group.Count), ...members.flatMap(item)];
}

function windowLines(say: Language, window: Window | undefined, eventEnd: boolean, ignore: boolean): Lines {
  if (window === undefined) return [];
  const event = eventEnd ? 'end' : 'start';
  const index = window.UseIndexEnd ? 'end' : 'start';
  return [say.window({ from: boundOf(window.Start, ignore), to: boundOf(window.End, ignore), event, index })];
}

/** Without days a side is open: to the end of observation that its coefficient points to, or without any bound. */
function boundOf({ Days, Coeff }: Endpoint, ignore: boolean): Bound {
  if (Days !== undefined) return { kind: 'days', days: Days * Coeff + 0 };
  if (ignore) return { kind: 'none' };
  return { kind: Coeff === -1 ? 'observation-start' : 'observation-end' };
}

function filterLine(telling: Telling, type: string, filter: Filter): string {
  const { say } = telling;
  const name = attributeWord(type, filter.name, say.code);
  switch (filter.kind) {
    case 'codeset':
      return say.inSet(name, setName(telling, filter.CodesetId), false);
    case 'selection':
      return say.inSet(name, setName(telling, filter.CodesetId), filter.exclude);
    case 'concepts':
      return say.oneOf(
        name,
        filter.concepts.map((concept) => conceptText(concept)),
        filter.exclude,
      );
    case 'presence':
      return say.known(name, !filter.exclude);
    case 'dates':
      return say.dates(name, rangeOf(filter.range));
    case 'number':
    case 'age':
      return say.numbers(name, rangeOf(filter.range));
    case 'text':
      return say.text(name, { ...filter.filter, Text: onOneLine(filter.filter.Text) });
    case 'flag':
      return say.flag(name, filter.value);
    case 'cohort':
      return say.cohort(name, onOneLine(filter.Cohort));
    case 'abnormal':
      return say.abnormal;
    case 'unanswerable':
      return say.unanswerable(name, filter.reason);
  }
}

function rangeOf({ Op, Value, Extent }: NumericRange | DateRange) {
  return { op: Op, value: `${Value}`, extent: `${Extent ?? ''}` };
}

/** The concept set of the criterion itself, where it has one. */
function setOf(telling: Telling, criterion: Criterion): string | undefined {
  const set = criterion.filters.find((filter) => filter.name === 'CodesetId');
  return set?.kind === 'codeset' ? setName(telling, set.CodesetId) : undefined;
}

export function setName({ say, names }: Telling, id: number): string {
  return say.setName(id, names.get(id));
}

/** A concept by its id and name. */
export function conceptText(
  { CONCEPT_ID, CONCEPT_NAME = '', DOMAIN_ID = '' }: Concept,
  withDomain = false,
): string {
  const name = onOneLine(CONCEPT_NAME);
  const domain = withDomain ? onOneLine(DOMAIN_ID) : '';
  return [`${CONCEPT_ID}`, ...(name === '' ? [] : [name]), ...(domain === '' ? [] : [`(${domain})`])].join(
    ' ',
  );
}
