/** A whole definition in the model: entry, limits, rules, exits, collapse; and the inclusion tables. */

import { resolveSets } from './concept-sets.ts';
import { type Cdm, dateOf, dayOf, type Json, numberIn } from './data.ts';
import { exposureEnd } from './event-type.ts';
import { eventsOf, type IndexEvent, isEmpty, observed, type World } from './events.ts';
import { holds } from './groups.ts';

export interface Asked {
  readonly definition: Json;
  readonly parity: boolean;
  readonly withoutRules: readonly number[];
}

export interface Answer {
  /** `person start end`, in order. */
  readonly rows: readonly string[];
  /** [mode, mask, count], in order; empty without rules. */
  readonly masks: readonly (readonly [number, number | bigint, number])[];
}

interface Qualified extends IndexEvent {
  readonly ordinal: number;
  readonly mask: number;
}

type Span = Pick<IndexEvent, 'person' | 'start' | 'end'>;

export function answerOf(cdm: Cdm, { definition, parity, withoutRules }: Asked): Answer {
  const world: World = { cdm, sets: resolveSets(cdm, definition), parity, holds };
  const rules = definition.InclusionRules.filter((_rule: Json, at: number) => !withoutRules.includes(at));
  const qualified = qualifiedEvents(world, definition, rules);
  const passed = qualified.filter((event) => event.mask === 2 ** rules.length - 1);
  const included = limited(passed, definition.ExpressionLimit);
  const spans = included.flatMap((event) => {
    const ends = endsOf(world, definition, event).filter((end) => end >= event.start);
    return ends.length === 0 ? [] : [{ person: event.person, start: event.start, end: Math.min(...ends) }];
  });
  const rows = collapsed(spans, definition.CollapseSettings?.EraPad ?? 0).flatMap((span) =>
    censored(span, definition.CensorWindow),
  );
  return {
    rows: rows
      .sort((a, b) => a.person - b.person || a.start - b.start || a.end - b.end)
      .map(({ person, start, end }) => `${person} ${dateOf(start)} ${dateOf(end)}`),
    masks: rules.length === 0 ? [] : [...masksOf(0, qualified), ...masksOf(1, bestEvents(qualified))],
  };
}

function qualifiedEvents(world: World, definition: Json, rules: readonly Json[]): readonly Qualified[] {
  const entry = entryEvents(world, definition.PrimaryCriteria);
  const additional = definition.AdditionalCriteria;
  const qualified =
    additional === undefined
      ? entry
      : limited(
          entry.filter((event) => isEmpty(additional) || holds(world, additional, event)),
          definition.QualifiedLimit,
        );
  return qualified.map((event) => ({
    ...event,
    mask: rules.reduce((mask, rule, at) => mask + (holds(world, rule.expression, event) ? 2 ** at : 0), 0),
  }));
}

/** Numbered by person in the order of the limit; a tie goes to the lower row id, then to the earlier criterion. */
function entryEvents(world: World, primary: Json): readonly (IndexEvent & { readonly ordinal: number })[] {
  const limit = typeOf(primary.PrimaryCriteriaLimit);
  const sign = limit === 'LAST' ? -1 : 1;
  const { PriorDays = 0, PostDays = 0 } = primary.ObservationWindow ?? {};
  const events = (primary.CriteriaList as Json[])
    .flatMap((criterion, at) => eventsOf(world, criterion).map((event) => ({ event, at })))
    .flatMap(({ event, at }) => observed(world, event).map((index) => ({ index, at })))
    .filter(({ index }) => index.opStart + PriorDays <= index.start && index.start + PostDays <= index.opEnd)
    .sort((a, b) => sign * (a.index.sort - b.index.sort) || a.index.id - b.index.id || a.at - b.at);
  const seen = new Map<number, number>();
  const numbered = events.map(({ index }) => {
    const ordinal = (seen.get(index.person) ?? 0) + 1;
    seen.set(index.person, ordinal);
    return { ...index, ordinal };
  });
  return limit === 'ALL' ? numbered : numbered.filter((event) => event.ordinal === 1);
}

/** One event of each person by start date, or all; a tie goes to the event that came first at entry, for Last to the last. */
function limited<Kind extends IndexEvent & { readonly ordinal: number }>(
  events: readonly Kind[],
  limit: Json,
): readonly Kind[] {
  const type = typeOf(limit);
  if (type === 'ALL') return events;
  const sign = type === 'LAST' ? -1 : 1;
  const sorted = [...events].sort((a, b) => sign * (a.start - b.start || a.ordinal - b.ordinal));
  return sorted.filter((event, at) => sorted.findIndex((other) => other.person === event.person) === at);
}

/** A limit that is not there means First. */
function typeOf(limit: Json): string {
  return String(limit?.Type ?? 'First').toUpperCase();
}

function endsOf(world: World, definition: Json, event: IndexEvent): readonly number[] {
  const { DateOffset, CustomEra } = definition.EndStrategy ?? {};
  const ends = DateOffset
    ? [
        Math.min(
          event.opEnd,
          (DateOffset.DateField === 'EndDate' ? event.end : event.start) + (DateOffset.Offset ?? 0),
        ),
      ]
    : [event.opEnd];
  if (CustomEra) ends.push(...eraEnds(world, CustomEra, event));
  const censors = (definition.CensoringCriteria ?? [])
    .flatMap((criterion: Json) => eventsOf(world, criterion))
    .filter(
      (censor: Span) =>
        censor.person === event.person && censor.start >= event.start && censor.start <= event.opEnd,
    )
    .map((censor: Span) => censor.start);
  return [...ends, ...censors];
}

/** Ends of the exposure eras of the person that contain the event's start. */
function eraEnds(world: World, era: Json, event: IndexEvent): readonly number[] {
  const { GapDays = 0, Offset = 0, DaysSupplyOverride } = era;
  const drugs = world.sets.get(era.DrugCodesetId) ?? new Set();
  const spans = (world.cdm.drug_exposure ?? [])
    .filter((row) => row.person_id === event.person)
    .filter((row) =>
      [row.drug_concept_id, row.drug_source_concept_id].some((id) => drugs.has(Number(id ?? Number.NaN))),
    )
    .map((row) => {
      const start = Number(row.drug_exposure_start_date);
      const end =
        numberIn({ end: DaysSupplyOverride ?? null }, 'end') === null
          ? exposureEnd(row)
          : start + DaysSupplyOverride;
      return { person: event.person, start, end: end + Offset };
    });
  return collapsed(spans, GapDays).flatMap(({ start, end }) =>
    start <= event.start && event.start <= end ? [end] : [],
  );
}

/** Spans of a person that touch within the pad become one. */
function collapsed(spans: readonly Span[], pad: number): readonly Span[] {
  const eras: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.person - b.person || a.start - b.start || b.end - a.end)) {
    const last = eras.at(-1);
    if (last !== undefined && last.person === span.person && span.start <= last.end + pad) {
      eras[eras.length - 1] = { ...last, end: Math.max(last.end, span.end) };
    } else eras.push(span);
  }
  return eras;
}

function censored(span: Span, window: Json): readonly Span[] {
  const start = window?.StartDate === undefined ? span.start : Math.max(span.start, dayOf(window.StartDate));
  const end = window?.EndDate === undefined ? span.end : Math.min(span.end, dayOf(window.EndDate));
  return start > end ? [] : [{ ...span, start, end }];
}

/** Of each person the event that meets most rules, then the lowest rule, then the earliest. */
function bestEvents(events: readonly Qualified[]): readonly Qualified[] {
  const sorted = [...events].sort(
    (a, b) =>
      bitsOf(b.mask).length - bitsOf(a.mask).length ||
      (bitsOf(a.mask)[0] ?? 0) - (bitsOf(b.mask)[0] ?? 0) ||
      a.start - b.start ||
      a.ordinal - b.ordinal,
  );
  return sorted.filter((event, at) => sorted.findIndex((other) => other.person === event.person) === at);
}

function bitsOf(mask: number): readonly number[] {
  return Array.from({ length: 32 }, (_, at) => at).filter((at) => Math.floor(mask / 2 ** at) % 2 === 1);
}

function masksOf(mode: number, events: readonly Qualified[]): readonly (readonly [number, number, number])[] {
  const counts = new Map<number, number>();
  for (const { mask } of events) counts.set(mask, (counts.get(mask) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b).map(([mask, count]) => [mode, mask, count] as const);
}
