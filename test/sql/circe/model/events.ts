/** Events of one criterion in the model: rows of the concept set, ranked for First, dated, filtered, and nested. */

import type { Sets } from './concept-sets.ts';
import { type Cdm, dayOf, type Json, numberIn, type Row, type Value, yearOf } from './data.ts';
import { type Dates, type EventType, unread } from './event-type.ts';
import { eventTypes } from './types.ts';
import { fourPlaces, inConcepts, inRange, meetsText } from './values.ts';

export interface World {
  readonly cdm: Cdm;
  readonly sets: Sets;
  /** Circe's own defects, as far as they can be reproduced. */
  readonly parity: boolean;
  /** Whether a group holds for an event; handed in, since groups are made of criteria and criteria nest groups. */
  readonly holds: (world: World, group: Json, index: IndexEvent) => boolean;
}

export interface Event extends Dates {
  readonly person: number;
  readonly id: number;
  readonly visit: number | null;
  readonly image: number | null;
  /** What entry events are ordered by: differs from the start only under a period of the definition's own. */
  readonly sort: number;
  readonly counted: (column: string) => Value;
}

/** An event inside the observation period that contains its start. */
export interface IndexEvent extends Event {
  readonly opStart: number;
  readonly opEnd: number;
}

export function eventsOf(world: World, criterion: Json): readonly Event[] {
  const [name = ''] = Object.keys(criterion);
  const type = eventTypes[name];
  if (type === undefined) throw new Error(`no such type: ${name}`);
  const said = criterion[name];
  const dropped = world.parity ? unread(name) : [];
  const asked = Object.fromEntries(
    Object.entries<Json>(said).filter(([attribute]) => !dropped.includes(attribute)),
  );
  const inSets = (world.cdm[type.table] ?? []).filter((row) =>
    Object.entries(type.codesets).every(
      ([attribute, column]) =>
        asked[attribute] === undefined ||
        setOf(world, asked[attribute]).has(numberIn(row, column) ?? Number.NaN),
    ),
  );
  const ranked = asked.First
    ? inSets.filter((row) => !inSets.some((other) => isBefore(type, other, row)))
    : inSets;
  const events = ranked.flatMap((row) => {
    const adjustment = world.parity && name === 'Specimen' ? undefined : asked.DateAdjustment;
    const dates = adjusted(type, row, adjustment, world.parity && name === 'Death');
    if (adjustment && !(dates.end >= dates.start)) return [];
    return meetsAll(world, name, type, asked, row, dates)
      ? [eventOf(type, row, dates, asked.UserDefinedPeriod)]
      : [];
  });
  const group = asked.CorrelatedCriteria;
  if (!group || isEmpty(group)) return events;
  return events.filter((event) => observed(world, event).some((index) => world.holds(world, group, index)));
}

/** The event with each observation period that contains its start. */
export function observed(world: World, event: Event): readonly IndexEvent[] {
  return (world.cdm.observation_period ?? []).flatMap((period) => {
    const opStart = Number(period.observation_period_start_date);
    const opEnd = Number(period.observation_period_end_date);
    const inside = period.person_id === event.person && opStart <= event.start && event.start <= opEnd;
    return inside ? [{ ...event, opStart, opEnd }] : [];
  });
}

export function isEmpty(group: Json): boolean {
  return [group.CriteriaList, group.DemographicCriteriaList, group.Groups].every((list) => !list?.length);
}

function isBefore(type: EventType, one: Row, other: Row): boolean {
  if (one.person_id !== other.person_id) return false;
  const days = Number(one[type.start]) - Number(other[type.start]);
  return days < 0 || (days === 0 && Number(one[type.id]) < Number(other[type.id]));
}

/** `own`: Circe shifts each date of a death from itself, whatever is said. */
function adjusted(type: EventType, row: Row, adjustment: Json, own: boolean): Dates {
  const start = Number(row[type.start]);
  const end = type.end(row);
  if (!adjustment) return { start, end };
  const from = (word: string) => (word === 'END_DATE' ? end : start);
  return {
    start: (own ? start : from(adjustment.StartWith)) + adjustment.StartOffset,
    end: (own ? end : from(adjustment.EndWith)) + adjustment.EndOffset,
  };
}

function eventOf(type: EventType, row: Row, dates: Dates, period: Json): Event {
  const start = period?.StartDate === undefined ? dates.start : dayOf(period.StartDate);
  const end = period?.EndDate === undefined ? dates.end : dayOf(period.EndDate);
  const visit = type.visit === undefined ? null : numberIn(row, type.visit);
  return {
    person: Number(row.person_id),
    id: Number(row[type.id]),
    start,
    end,
    visit,
    image: type.image === undefined ? null : numberIn(row, type.image),
    sort: dates.start,
    counted(column) {
      if (column === 'START_DATE') return start;
      if (column === 'END_DATE') return known(end);
      if (column === 'VISIT_ID') return visit;
      const value = type.counts[column];
      if (value === undefined) throw new Error(`no such column: ${column}`);
      return known(value(row, { start, end }));
    },
  };
}

function known(value: Value): Value {
  return Number.isNaN(value) ? null : value;
}

function meetsAll(world: World, name: string, type: EventType, asked: Json, row: Row, dates: Dates): boolean {
  const has = (attribute: string) => asked[attribute] !== undefined;
  const dateOfEvent = (attribute: string, of: 'start' | 'end') =>
    world.parity && name === 'DrugExposure' && attribute === 'OccurrenceEndDate' ? dates.start : dates[of];
  const numeric = (attribute: string) =>
    world.parity && attribute === 'GapDays' && has('EraLength') ? asked.EraLength : asked[attribute];
  const years = (of: 'start' | 'end') => {
    const born = numberIn(personOf(world, row), 'year_of_birth');
    return born === null ? null : yearOf(dates[of]) - born;
  };
  const conditions = [
    ...given(type.dates, has, (attribute, of) =>
      inRange(dateOfEvent(attribute, of), dayRange(asked[attribute]), Number),
    ),
    ...given(type.ages, has, (attribute, of) =>
      inRange(years(world.parity && name === 'VisitDetail' ? 'end' : of), asked[attribute], Math.trunc),
    ),
    ...given(type.whole, has, (attribute, value) =>
      inRange(value(row, dates), numeric(attribute), Math.trunc),
    ),
    ...given(type.decimal, has, (attribute, value) =>
      inRange(value(row, dates), asked[attribute], fourPlaces),
    ),
    ...given(type.texts, has, (attribute, column) => {
      const text = row[column] ?? null;
      return meetsText(text === null ? null : String(text), asked[attribute]);
    }),
    ...given(type.sets, has, (attribute, column) =>
      inConcepts(numberIn(row, column), setOf(world, asked[attribute]), false),
    ),
    ...Object.entries(type.lists).map(([attribute, { through, column }]) => {
      const excludable = type.excludable.includes(attribute);
      return atPlace(
        world,
        row,
        through,
        (place) =>
          meetsLists(
            world,
            asked,
            attribute,
            excludable && asked[`${attribute}Exclude`] === true,
            numberIn(place, column),
          ),
        (has(attribute) && asked[attribute].length > 0) || has(`${attribute}CS`),
      );
    }),
    !type.gender || meetsPerson(world, asked, 'Gender', 'gender_concept_id', personOf(world, row)),
    ...given(type.flags ?? {}, has, (attribute, column) => row[column] === asked[attribute]),
    asked.Abnormal !== true || isAbnormal(row),
    ...Object.values(asked.UserDefinedPeriod ?? {}).map((date) => {
      const day = dayOf(String(date));
      return dates.start <= day && dates.end >= day;
    }),
  ];
  return conditions.every(Boolean);
}

function given<Part>(
  parts: Readonly<Record<string, Part>>,
  has: (name: string) => boolean,
  meets: (name: string, part: Part) => boolean,
): boolean[] {
  return Object.entries(parts).flatMap(([name, part]) => (has(name) ? [meets(name, part)] : []));
}

/** `Gender`, `Race` and `Ethnicity`, asked of the person; without a person nothing is met. */
export function meetsPerson(
  world: World,
  asked: Json,
  name: string,
  column: string,
  person: Row | undefined,
): boolean {
  const wants = (asked[name] !== undefined && asked[name].length > 0) || asked[`${name}CS`] !== undefined;
  if (!wants) return true;
  if (person === undefined) return false;
  return meetsLists(
    world,
    asked,
    name,
    false,
    numberIn(person, column),
    world.parity ? numberIn(person, 'gender_concept_id') : undefined,
  );
}

function meetsLists(
  world: World,
  asked: Json,
  name: string,
  excluded: boolean,
  value: number | null,
  selected = value,
): boolean {
  const list = asked[name] as Json[] | undefined;
  const selection = asked[`${name}CS`];
  const listed =
    !list?.length || inConcepts(value, new Set(list.map((one: Json) => one.CONCEPT_ID)), excluded);
  if (!listed || selection === undefined) return listed;
  const unwanted = selection.IsExclusion === true;
  // Without a set any concept is meant, or none at all.
  if (selection.CodesetId === undefined) return (selected === null) === unwanted;
  return inConcepts(selected, setOf(world, selection.CodesetId), unwanted);
}

/** The visit and the care site must be there; a provider that is not has no specialty. */
function atPlace(
  world: World,
  row: Row,
  through: 'visit' | 'provider' | 'care_site' | undefined,
  meets: (row: Row | undefined) => boolean,
  asked: boolean,
): boolean {
  if (!asked) return true;
  const rows = (table: string, id: string) =>
    (world.cdm[table] ?? []).filter(
      (other) => row[id] !== null && row[id] !== undefined && other[id] === row[id],
    );
  switch (through) {
    case undefined:
      return meets(row);
    case 'visit':
      return rows('visit_occurrence', 'visit_occurrence_id')
        .filter((visit) => visit.person_id === row.person_id)
        .some(meets);
    case 'care_site':
      return rows('care_site', 'care_site_id').some(meets);
    case 'provider':
      return meets(rows('provider', 'provider_id')[0]);
  }
}

export function personOf(world: World, row: { readonly person_id?: Value }): Row | undefined {
  return world.cdm.person?.find((person) => person.person_id === row.person_id);
}

export function dayRange(range: Json): Json {
  return {
    ...range,
    Value: dayOf(range.Value),
    ...(range.Extent === undefined ? {} : { Extent: dayOf(range.Extent) }),
  };
}

function isAbnormal(row: Row): boolean {
  const [value, low, high] = [
    numberIn(row, 'value_as_number'),
    numberIn(row, 'range_low'),
    numberIn(row, 'range_high'),
  ];
  const outside = value !== null && ((low !== null && value < low) || (high !== null && value > high));
  return outside || [4155142, 4155143].includes(numberIn(row, 'value_as_concept_id') ?? 0);
}

function setOf(world: World, id: number): ReadonlySet<number> {
  return world.sets.get(id) ?? new Set();
}
