/** English. */

import type { Bound, Language, RangeWords } from '#sql/circe/describe/language.ts';
import type { TextOperator } from '#sql/circe/expression.ts';

export const en: Language = {
  code: 'en',
  entry: 'Cohort entry',
  qualifying: 'Additional criteria for entry events',
  rules: 'Inclusion rules',
  limit: 'Limit of the cohort',
  exit: 'Cohort exit',
  eras: 'Cohort eras',
  conceptSets: 'Concept sets',
  none: 'none',
  always: 'nothing is asked (always true)',
  person: 'the person at the index event:',
  first: "the first in the person's history, before the other conditions are looked at",
  abnormal: 'abnormal value (outside its range of normal, or called abnormal)',
  nested: 'around this event, whose dates are the index here,',
  sameVisit: 'in the same visit as the index event',
  sameImage: 'of the same image series as the index event',
  outsideObservation: 'also outside the observation period',
  censoring: 'Earlier, on the first day on or after entry that begins any of',
  noConcepts: 'no concept',
  combination: 'Combination of cohorts',
  entryOf: (criteria) => (criteria === 1 ? 'Events of a person:' : 'Events of a person, any of:'),
  kept(limit, of) {
    const which = {
      entry: 'these events',
      qualifying: 'the events that meet them',
      rules: 'the events that meet all rules',
    };
    if (limit === 'All') return `Kept of ${which[of]}: all`;
    return `Kept of ${which[of]}: each person's ${limit === 'First' ? 'earliest' : 'latest'}`;
  },
  observed: (prior, post) =>
    prior === 0 && post === 0
      ? 'The event starts in an observation period'
      : `Observed without a break for at least ${days(prior)} before and ${days(post)} after the event starts`,
  rule: (index, name) => `Rule ${index} "${name}"`,
  group(type, count) {
    const heads = {
      ALL: 'all of',
      ANY: 'any of',
      AT_LEAST: `at least ${count} of`,
      AT_MOST: `at most ${count} of`,
    };
    return heads[type];
  },
  criterion: (type, set) => (set === undefined ? `any ${type}` : `${type} of ${set}`),
  correlated(type, set, { Type, Count, IsDistinct }, countedBy) {
    const none = Count === 0 && Type !== 2;
    const amount = none ? 'no' : `${['exactly', 'at most', 'at least'][Type]} ${Count}`;
    const events = none || Count === 1 ? type : plural(type);
    const of = set === undefined ? '' : ` of ${set}`;
    return `${amount} ${events}${of}${IsDistinct ? `, counted by distinct ${countedBy}` : ''}`;
  },
  window({ from, to, event, index }) {
    const what = event === 'start' ? 'starting' : 'ending';
    if (from.kind === 'observation-start' && to.kind === 'observation-end')
      return `${what} at any time in the observation period`;
    if (from.kind === 'none' && to.kind === 'none') return `${what} at any time`;
    if (to.kind === 'none') return `${what} at any time from ${bound(from, index)} on`;
    if (from.kind === 'none') return `${what} at any time up to ${bound(to, index)}`;
    if (from.kind === 'days' && to.kind === 'days' && from.days === to.days)
      return `${what} on ${bound(from, index)}`;
    return `${what} from ${bound(from, index)} to ${bound(to, index)}`;
  },
  adjusted: ({ StartWith, StartOffset, EndWith, EndOffset }) =>
    `taken to last from ${shifted(StartWith, StartOffset)} to ${shifted(EndWith, EndOffset)}`,
  period: ({ StartDate, EndDate }) =>
    `taken to last from ${StartDate ?? 'its own start'} to ${EndDate ?? 'its own end'}, where that lies within it`,
  setName(id, name) {
    if (name === undefined) return `concept set ${id}, which is missing and so empty`;
    return name === '' ? `concept set ${id}` : `"${name}"`;
  },
  oneOf(attribute, concepts, exclude) {
    const of = concepts.length === 1 ? (exclude ? 'not ' : '') : exclude ? 'none of ' : 'one of ';
    return `${attribute}: ${of}${concepts.join(', ')}`;
  },
  inSet: (attribute, set, exclude) => `${attribute}: ${exclude ? 'not ' : ''}in ${set}`,
  dates(attribute, { op, value, extent }) {
    const words = {
      lt: 'before',
      lte: 'on or before',
      eq: 'on',
      '!eq': 'not on',
      gt: 'after',
      gte: 'on or after',
    };
    return `${attribute}: ${op === 'bt' || op === '!bt' ? between(op, value, extent) : `${words[op]} ${value}`}`;
  },
  numbers(attribute, { op, value, extent }) {
    const words = {
      lt: 'less than',
      lte: 'at most',
      eq: 'exactly',
      '!eq': 'other than',
      gt: 'more than',
      gte: 'at least',
    };
    return `${attribute}: ${op === 'bt' || op === '!bt' ? between(op, value, extent) : `${words[op]} ${value}`}`;
  },
  text: (attribute, { Op, Text }) => `${attribute}: ${textOperators[Op]} "${Text}"`,
  known: (attribute, known) => `${attribute}: ${known ? 'any concept' : 'none recorded'}`,
  flag: (attribute, value) => `${attribute}: ${value ? 'yes' : 'no'}`,
  cohort: (attribute, name) => `${attribute}: "${name}" of this study`,
  combined(op, by) {
    const what = by === 'days' ? 'days' : 'persons';
    const which = {
      union: 'in any of',
      intersect: 'in all of',
      minus: 'in the first and in none of the others of',
    };
    return `${what} ${which[op]}`;
  },
  pinned: (concepts) => `the study says its ${concepts} concepts itself`,
  unanswerable: (attribute, reason) => `${attribute}: cannot be answered (${reason})`,
  endOf(strategy, drugs) {
    if (strategy === undefined) return 'At the end of the observation period';
    if (strategy.kind === 'DateOffset') {
      const from = strategy.DateField === 'StartDate' ? 'starts' : 'ends';
      return `${offset(strategy.Offset)} the event ${from}, at the latest at the end of the observation period`;
    }
    const override = strategy.DaysSupplyOverride;
    const supply = override === undefined ? '' : `each exposure is taken to last ${days(override)}; `;
    return (
      `When continuous exposure to ${drugs} ends, at the latest at the end of the observation period ` +
      `(${supply}${days(strategy.Offset)} are added to the end of each exposure; those then at most ${days(strategy.GapDays)} apart are continuous)`
    );
  },
  joined: (pad) =>
    pad === 0
      ? "A person's stays that touch or overlap are joined into one"
      : `A person's stays at most ${days(pad)} apart are joined into one`,
  censored({ StartDate, EndDate }) {
    const sides = [
      ...(StartDate === undefined ? [] : [`from ${StartDate}`]),
      ...(EndDate === undefined ? [] : [`to ${EndDate}`]),
    ];
    return `Stays are cut to what lies ${sides.join(' ')}`;
  },
  set: (id, name) => (name === '' ? `Set ${id}` : `Set ${id} "${name}"`),
  item(item, concept) {
    const more = [
      ...(item.includeDescendants ? ['its descendants'] : []),
      ...(item.includeMapped ? ['the source concepts mapped to it'] : []),
    ];
    const tail = more.length === 0 ? '' : `, with ${more.join(' and ')}`;
    return `${item.isExcluded ? 'exclude' : 'include'} ${concept}${tail}`;
  },
};

const textOperators: Readonly<Record<TextOperator, string>> = {
  startsWith: 'begins with',
  '!startsWith': 'does not begin with',
  contains: 'contains',
  '!contains': 'does not contain',
  endsWith: 'ends with',
  '!endsWith': 'does not end with',
  eq: 'is',
  '!eq': 'is not',
};

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`;
}

function offset(count: number): string {
  if (count === 0) return 'On the day';
  return `${days(Math.abs(count))} ${count < 0 ? 'before' : 'after'}`;
}

function bound(side: Bound, index: 'start' | 'end'): string {
  const date = index === 'start' ? 'the index date' : 'the end of the index event';
  switch (side.kind) {
    case 'days':
      if (side.days === 0) return date;
      return `${days(Math.abs(side.days))} ${side.days < 0 ? 'before' : 'after'} ${date}`;
    case 'observation-start':
      return 'the start of the observation period';
    case 'observation-end':
      return 'the end of the observation period';
    case 'none':
      return 'any time';
  }
}

function between(op: RangeWords['op'], value: string, extent: string): string {
  return `${op === '!bt' ? 'outside ' : 'from '}${value} to ${extent}`;
}

function shifted(date: 'START_DATE' | 'END_DATE', count: number): string {
  const of = date === 'START_DATE' ? 'its start' : 'its end';
  return count === 0 ? of : `${days(Math.abs(count))} ${count < 0 ? 'before' : 'after'} ${of}`;
}

/** Of `stay in another cohort` the first word takes the s; of `image series` none does. */
function plural(type: string): string {
  if (type.endsWith('s')) return type;
  return type.includes(' in ') ? type.replace(' in ', 's in ') : `${type}s`;
}
