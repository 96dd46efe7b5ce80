/** A difference is explained by ties only where another choice among them gives the reference's very result. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, it } from 'node:test';
import { type TinyCdm, tinyCdm } from '#test/sql/circe/tiny-cdm.ts';
import { tieExplanation } from '../../scripts/agree/ties.ts';
import { expressionOf, fill } from '../sql/circe/cases/answers.ts';
import { people } from '../sql/circe/cases/case.ts';
import {
  cohort,
  Drugged,
  drug,
  group,
  limit,
  Measured,
  measured,
  near,
  Sick,
  sick,
} from '../sql/circe/cases/plain.ts';

const day = '2010-01-01';
const endings: (() => Promise<void>)[] = [];
let cdm: TinyCdm;

/** Each of three persons has two events on one day, of different ends and in different visits; 3 of the same end. */
before(async () => {
  cdm = await tinyCdm({ after: (work) => void endings.push(work) });
  const pair = (person: number, one: string, other: string) => [
    sick(person, day, { condition_end_date: one, visit_occurrence_id: 10 * person }),
    sick(person, day, { condition_end_date: other, visit_occurrence_id: 10 * person + 1 }),
  ];
  const rows = {
    ...people(1, 2, 3),
    condition_occurrence: [
      ...pair(1, '2010-01-10', '2010-01-20'),
      ...pair(2, '2010-02-10', '2010-02-20'),
      ...pair(3, day, day),
    ],
    drug_exposure: [1, 2].map((person) => drug(person, day, { visit_occurrence_id: 10 * person })),
    measurement: [1, 2].map((person) => measured(person, day, { visit_occurrence_id: 10 * person + 1 })),
  };
  await fill(cdm, { name: 'ties', rows, cases: [] });
  await cdm.add('concept', ...[1, 2, 3, 4].map((concept_id) => ({ concept_id, concept_name: '' })));
});
after(async () => {
  for (const end of endings) await end();
});

const toEnd = { EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: 0 } } };
const first = cohort([Sick], { ...toEnd, ExpressionLimit: limit('First') });

function record(rows: readonly string[], days: number, inclusionResult: unknown = []) {
  const md5 = createHash('md5').update(rows.join(';')).digest('hex');
  return { status: 'ok', persons: rows.length, rows: rows.length, days, md5, inclusionResult } as const;
}
const explain = (definition: object, parts: readonly string[], expected: ReturnType<typeof record>) =>
  tieExplanation(cdm.pool, 'cdm', expressionOf(definition), parts, expected);

const third = '3|2010-01-01|2010-01-01';

it('explains the other of two ends, and no third one', async () => {
  const other = record(['1|2010-01-01|2010-01-20', '2|2010-01-01|2010-02-10', third], 19 + 40);
  assert.match((await explain(first, ['md5', 'days'], other)) ?? '', /2 persons .* one of the 4 ways/);
  const wrong = record(['1|2010-01-01|2010-01-21', '2|2010-01-01|2010-02-10', third], 20 + 40);
  assert.equal(await explain(first, ['md5', 'days'], wrong), undefined);
  const sameDays = record(['1|2010-01-02|2010-01-21', '2|2010-01-01|2010-02-10', third], 19 + 40);
  assert.equal(await explain(first, ['md5', 'days'], sameDays), undefined);
});

it('explains nothing where all events are kept', async () => {
  const all = cohort([Sick], toEnd);
  assert.equal(await explain(all, ['md5', 'days'], record([third], 0)), undefined);
});

const inVisit = (criteria: object) => group('ALL', [near(criteria, { RestrictVisit: true })]);
const three = {
  InclusionRules: [group('ALL', []), inVisit(Drugged), inVisit(Measured)].map((expression) => ({
    name: '',
    expression,
  })),
};

it('explains the other of two best events', async () => {
  const definition = cohort([Sick], three);
  // Of 1 and 2 one event meets rules 0 and 1 (mask 3), the other 0 and 2 (mask 5); 3 meets rule 0 alone.
  const events = [
    [0, 1, 2],
    [0, 3, 2],
    [0, 5, 2],
  ];
  const counted = (...ofPersons: readonly (readonly number[])[]) => record([], 0, [...events, ...ofPersons]);
  const parts = ['inclusionResult', 'inclusionStats'];
  assert.match((await explain(definition, parts, counted([1, 1, 1], [1, 5, 2]))) ?? '', /2 persons/);
  assert.match(
    (await explain(definition, parts, counted([1, 1, 1], [1, 3, 1], [1, 5, 1]))) ?? '',
    /2 persons/,
  );
  assert.equal(await explain(definition, parts, counted([1, 1, 2], [1, 5, 1])), undefined);
  assert.equal(await explain(definition, parts, counted([1, 1, 1], [1, 7, 2])), undefined);
  assert.equal(
    await explain(
      definition,
      parts,
      record([], 0, [
        [0, 1, 6],
        [1, 1, 1],
        [1, 5, 2],
      ]),
    ),
    undefined,
  );
});

it('explains the other of two events that qualify', async () => {
  const definition = cohort([Sick], {
    ...toEnd,
    QualifiedLimit: limit('First'),
    AdditionalCriteria: group('ALL', []),
    InclusionRules: [{ name: '', expression: inVisit(Measured) }],
  });
  const masks = (none: number, met: number) => [
    [0, 0, none],
    [0, 1, met],
    [1, 0, none],
    [1, 1, met],
  ];
  const parts = ['md5', 'persons', 'rows', 'days', 'inclusionResult', 'summaryStats'];
  const one = ['1|2010-01-01|2010-01-20'];
  assert.match((await explain(definition, parts, record(one, 19, masks(2, 1)))) ?? '', /QualifiedLimit/);
  assert.equal(await explain(definition, parts, record(one, 19, masks(1, 2))), undefined);
});
