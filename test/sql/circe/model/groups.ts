/** Groups of the model: whether they hold for an index event (notes, semantics 4 to 8). */

import type { Json } from './data.ts';
import { numberIn, yearOf } from './data.ts';
import {
  dayRange,
  type Event,
  eventsOf,
  type IndexEvent,
  isEmpty,
  meetsPerson,
  personOf,
  type World,
} from './events.ts';
import { inRange } from './values.ts';

export function holds(world: World, group: Json, index: IndexEvent): boolean {
  if (isEmpty(group)) return true;
  const members = [
    ...(group.CriteriaList ?? []).map((member: Json) => correlates(world, member, index)),
    ...(group.DemographicCriteriaList ?? []).map((member: Json) => describes(world, member, index)),
    ...(group.Groups ?? []).map((member: Json) => holds(world, member, index)),
  ];
  const met = members.filter(Boolean).length;
  switch (String(group.Type).toUpperCase()) {
    case 'ALL':
      return met === members.length;
    case 'ANY':
      return met > 0;
    case 'AT_LEAST':
      // Without a match the event is not looked at, unless nothing is asked for.
      return met >= group.Count && (met > 0 || group.Count === 0);
    case 'AT_MOST':
      return met <= group.Count;
    default:
      throw new Error(`no such group: ${group.Type}`);
  }
}

function describes(world: World, asked: Json, index: IndexEvent): boolean {
  const person = personOf(world, { person_id: index.person });
  if (person === undefined) return false;
  const born = numberIn(person, 'year_of_birth');
  return (
    (asked.Age === undefined ||
      inRange(born === null ? null : yearOf(index.start) - born, asked.Age, Math.trunc)) &&
    (asked.OccurrenceStartDate === undefined ||
      inRange(index.start, dayRange(asked.OccurrenceStartDate), Number)) &&
    (asked.OccurrenceEndDate === undefined ||
      inRange(index.end, dayRange(asked.OccurrenceEndDate), Number)) &&
    meetsPerson(world, asked, 'Gender', 'gender_concept_id', person) &&
    meetsPerson(world, asked, 'Race', 'race_concept_id', person) &&
    meetsPerson(world, asked, 'Ethnicity', 'ethnicity_concept_id', person)
  );
}

function correlates(world: World, asked: Json, index: IndexEvent): boolean {
  const near = eventsOf(world, asked.Criteria).filter((event) => isNear(asked, index, event));
  const { Type, Count, IsDistinct, CountColumn } = asked.Occurrence;
  const outer = Type === 1 || Count === 0;
  if (near.length === 0 && !outer) return false;
  const counted = IsDistinct
    ? new Set(
        near.map((event) => event.counted(CountColumn ?? 'DOMAIN_CONCEPT')).filter((value) => value !== null),
      ).size
    : near.length;
  return Type === 0 ? counted === Count : Type === 1 ? counted <= Count : counted >= Count;
}

function isNear(asked: Json, index: IndexEvent, event: Event): boolean {
  if (event.person !== index.person) return false;
  const bounded = asked.IgnoreObservationPeriod !== true;
  if (bounded && (event.start < index.opStart || event.start > index.opEnd)) return false;
  if (asked.RestrictVisit && (event.visit === null || event.visit !== index.visit)) return false;
  if (asked.RestrictImage && (event.image === null || event.image !== index.image)) return false;
  return (
    inWindow(asked.StartWindow, asked.StartWindow?.UseEventEnd === true, index, event, bounded) &&
    inWindow(asked.EndWindow, asked.EndWindow?.UseEventEnd !== false, index, event, bounded)
  );
}

function inWindow(window: Json, byEnd: boolean, index: IndexEvent, event: Event, bounded: boolean): boolean {
  if (!window) return true;
  const date = byEnd ? event.end : event.start;
  const from = window.UseIndexEnd === true ? index.end : index.start;
  const bound = ({ Days, Coeff }: Json) =>
    Days !== undefined && Days !== null
      ? from + Coeff * Days
      : bounded
        ? Coeff === -1
          ? index.opStart
          : index.opEnd
        : undefined;
  const [least, most] = [bound(window.Start), bound(window.End)];
  return (least === undefined || date >= least) && (most === undefined || date <= most);
}
