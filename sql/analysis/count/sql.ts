/** The statement that counts a compiled cohort: one row `counts` (json), the shape of `CohortCounts`; null where it is too long to be held. */

import type { CountAsked } from '#protocol/analysis.ts';
import type { CohortQuery } from '#sql/circe/compile.ts';
import { identifier } from '#sql/circe/literal.ts';

interface CountOptions {
  readonly cdmSchema: string;
  readonly asked?: CountAsked | undefined;
  /** The most bytes of an answer; a test asks for fewer. */
  readonly mostBytes?: number;
}

/** Persons may differ in the rules that each of their events passes, all of them: an answer of any length is no answer. */
const longestAnswer = 64 * 1024 * 1024;

/**
 * Persons and rows, persons by sex and 10-year age band at their first start (age = index year − year of birth; a negative
 * or unknown age counts in the first band, a person without a PERSON row as sex 0), persons with an entry event, and per
 * rule i those whose one event passes rules 0 … i; and what the parts asked for need. Nobody is lost: persons of events
 * that PERSON does not hold count in the population as well.
 */
export function countStatement(
  query: CohortQuery,
  { cdmSchema, asked, mostBytes = longestAnswer }: CountOptions,
): string {
  const person = `${identifier(cdmSchema)}.person`;
  const upTo = Array.from({ length: query.ruleCount }, (_, rule) => (1n << BigInt(rule + 1)) - 1n);
  const passed = upTo.map((mask) => `count(distinct person_id) filter (where mask & ${mask} = ${mask})`);
  const parts = asked?.parts ?? new Set();
  const more = [
    ...(parts.has('events') || parts.has('gain') || parts.has('standalone') ? [eventPart(query)] : []),
    ...(asked && (parts.has('year') || parts.has('rows')) ? [startPart(query, person, asked)] : []),
  ];
  return [
    // Without the offset the object would be computed twice.
    `select case when octet_length(c.counts::text) <= ${mostBytes} then c.counts end as counts from (`,
    `with ${query.ctes},`,
    'member as (',
    `  select person_id, min(start_date) as start_date, count(*) as n from ${query.final} group by person_id`,
    '), entry as (',
    `  select count(distinct person_id) as persons, json_build_array(${passed.join(', ')}) as rules from ${query.events}`,
    '), stratum as (',
    '  select coalesce(p.gender_concept_id, 0) as gender,',
    `    ${bandOf('m.start_date')} as band,`,
    `    count(*) as n from member m left join ${person} p on p.person_id = m.person_id group by 1, 2`,
    ')',
    ...more.map(({ ctes }) => `, ${ctes}`),
    "select json_build_object('persons', (select count(*) from member),",
    "  'rows', (select coalesce(sum(n), 0) from member),",
    "  'repeatPersons', (select count(*) from member where n > 1),",
    `  'population', greatest((select count(*) from ${person}), entry.persons),`,
    "  'strata', (select coalesce(json_agg(json_build_object('genderConceptId', gender, 'band', band, 'persons', n)), '[]') from stratum),",
    ...more.map(({ member }) => `  ${member},`),
    "  'entryPersons', entry.persons, 'rulePersons', entry.rules) as counts from entry",
    'offset 0) c',
  ].join('\n');
}

interface Part {
  readonly ctes: string;
  /** Key and value of the one object more. */
  readonly member: string;
}

const bandOf = (day: string): string =>
  `least(greatest(coalesce(extract(year from ${day})::int - p.year_of_birth, 0) / 10, 0), 9)`;

/** Each person's best event (as inclusion tables have it) and their others, by mask. Masks are text: they may exceed 2^53. */
function eventPart(query: CohortQuery): Part {
  const all = (1n << BigInt(query.ruleCount)) - 1n;
  const ctes = [
    'best_event as (',
    `  select distinct on (person_id) person_id, mask from ${query.events}`,
    '  order by person_id, bit_count(mask::bit(64)) desc, mask & -mask, start_date, event_id',
    '), event_mask as (',
    `  select e.person_id, b.mask as best, e.mask, count(*) - (e.mask = b.mask)::int as n`,
    `  from ${query.events} e join best_event b on b.person_id = e.person_id group by e.person_id, b.mask, e.mask`,
    '), event_profile as (',
    '  select best, others, count(*) as n from (',
    "    select person_id, best, coalesce(array_agg(mask::text order by mask) filter (where n > 0), '{}') as others",
    '    from event_mask group by person_id, best) p group by best, others',
    '), other_event as (',
    '  select mask, sum(n) as n from event_mask where n > 0 group by mask',
    '), merged as (',
    `  select count(*) as n from (select person_id, count(*) as n from ${query.events} where mask = ${all} group by person_id) e`,
    '  left join member m on m.person_id = e.person_id where e.n > coalesce(m.n, 0)',
    ')',
  ];
  const member = [
    `'events', json_build_object('ruleCount', ${query.ruleCount}, 'mergedPersons', (select n from merged),`,
    "    'profiles', (select coalesce(json_agg(json_build_array(best::text, others, n)), '[]') from event_profile),",
    "    'others', (select coalesce(json_agg(json_build_array(mask::text, n)), '[]') from other_event))",
  ];
  return { ctes: ctes.join('\n'), member: member.join('\n') };
}

/** Starts by year (those before and after the years asked for in one each), sex and age band; first ones and further ones. */
function startPart(query: CohortQuery, person: string, { years }: CountAsked): Part {
  const year = `extract(year from f.start_date)::int`;
  const folded = years ? `least(greatest(${year}, ${years.from - 1}), ${years.to + 1})` : year;
  const ctes = [
    'start as (',
    `  select f.person_id, coalesce(p.gender_concept_id, 0) as gender, ${folded} as year, ${bandOf('f.start_date')} as band,`,
    '    row_number() over (partition by f.person_id order by f.start_date, f.end_date) = 1 as first',
    `  from ${query.final} f left join ${person} p on p.person_id = f.person_id`,
    ')',
  ];
  const by = (key: string): string =>
    `(select coalesce(json_agg(s), '[]') from (select ${key} as key, count(*) filter (where first) as first,` +
    ' count(*) filter (where not first) as further,' +
    ' count(distinct person_id) filter (where not first) as "furtherPersons", count(distinct person_id) as persons' +
    ` from start group by ${key}) s)`;
  const member = [
    "'starts', json_build_object('years', (select coalesce(json_agg(json_build_object('genderConceptId', gender, 'year', year, 'persons', n)), '[]')",
    '      from (select gender, year, count(*) as n from start where first group by gender, year) s),',
    `    'byYear', ${by('year')},`,
    `    'bySex', ${by('gender')},`,
    `    'byBand', ${by('band')})`,
  ];
  return { ctes: ctes.join('\n'), member: member.join('\n') };
}
