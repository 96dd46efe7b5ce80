/** Membership in a cohort whose rows are the condition eras selects what a criterion over condition eras selects, wherever it stands. */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compile } from '#sql/circe/compile.ts';
import { readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';
import { cohortStatement } from '#sql/circe/statement.ts';
import { cohort, correlated, group } from './definitions.ts';
import { drug, semantics, sickness } from './scene.ts';

const day = (n: number) => new Date(Date.UTC(2010, 0, 1 + n)).toISOString().slice(0, 10);

/** The same attribute by its name in either criterion. */
const attributes: readonly (readonly [string, string, object | boolean])[] = [
  ['First', 'First', true],
  ['OccurrenceStartDate', 'EraStartDate', { Op: 'gte', Value: day(20) }],
  ['OccurrenceEndDate', 'EraEndDate', { Op: 'lt', Value: day(30) }],
  ['MembershipLength', 'EraLength', { Op: 'gt', Value: 3 }],
  ['Age', 'AgeAtStart', { Op: 'lt', Value: 30 }],
  ['AgeAtEnd', 'AgeAtEnd', { Op: 'gte', Value: 31 }],
  [
    'DateAdjustment',
    'DateAdjustment',
    { StartWith: 'END_DATE', StartOffset: -2, EndWith: 'END_DATE', EndOffset: 3 },
  ],
];

const endpoint = fc.record({
  Days: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
  Coeff: fc.constantFrom(-1, 1),
});
const window = fc.record({
  Start: endpoint,
  End: endpoint,
  UseEventEnd: fc.boolean(),
  UseIndexEnd: fc.boolean(),
});
const asked = fc.record({
  StartWindow: window,
  EndWindow: fc.option(window, { nil: undefined }),
  Occurrence: fc.oneof(
    fc.record({ Type: fc.constantFrom(0, 1, 2), Count: fc.nat({ max: 2 }) }),
    fc.record({
      Type: fc.constantFrom(0, 1, 2),
      Count: fc.nat({ max: 2 }),
      IsDistinct: fc.constant(true),
      CountColumn: fc.constantFrom('START_DATE', 'END_DATE', 'DURATION'),
    }),
  ),
  IgnoreObservationPeriod: fc.boolean(),
});
const places = [
  'entry',
  'rule',
  'two rules',
  'additional',
  'limited',
  'censoring',
  'censoring beside an era',
  'nested in the entry',
  'nested in a rule',
] as const;
const definition = fc.record({
  place: fc.constantFrom(...places),
  chosen: fc.subarray([...attributes], { maxLength: 2 }),
  asked,
  again: asked,
});
type Asked = typeof definition extends fc.Arbitrary<infer T> ? T : never;

/** The definition over either criterion. */
function over(
  type: 'CohortMembership' | 'ConditionEra',
  { place, chosen, asked: how, again }: Asked,
): object {
  const member = type === 'CohortMembership';
  const own = Object.fromEntries(chosen.map(([here, there, value]) => [member ? here : there, value]));
  const criterion = { [type]: { ...(member ? { Cohort: 'inner' } : {}), ...own } };
  const all = group('ALL', [correlated(criterion, how)]);
  const rule = (expression: object) => ({ name: 'rule', expression });
  const sick = (more: object = {}) => ({ ConditionOccurrence: more });
  switch (place) {
    case 'entry':
      return cohort([criterion, sick()]);
    case 'rule':
      return cohort([sick()], { InclusionRules: [rule(all)] });
    case 'two rules':
      return cohort([sick()], {
        InclusionRules: [
          rule(all),
          rule(group('AT_LEAST', [correlated(criterion, again)], { Count: 1, Groups: [all] })),
        ],
      });
    case 'additional':
      return cohort([sick()], { AdditionalCriteria: all });
    case 'limited':
      return cohort([sick()], {
        AdditionalCriteria: all,
        QualifiedLimit: { Type: 'Last' },
        InclusionRules: [rule(group('ANY', [correlated(criterion, again)]))],
      });
    case 'censoring':
      return cohort([sick()], { EndStrategy: undefined, CensoringCriteria: [criterion] });
    case 'censoring beside an era':
      return cohort([sick()], {
        EndStrategy: { CustomEra: { DrugCodesetId: 0, GapDays: 1, Offset: 2 } },
        CensoringCriteria: [criterion],
      });
    case 'nested in the entry':
      return cohort([sick({ CorrelatedCriteria: all })]);
    case 'nested in a rule':
      return cohort([sick()], {
        InclusionRules: [rule(group('ALL', [correlated(sick({ CorrelatedCriteria: all }), again)]))],
      });
  }
}

semantics(
  'membership stands wherever a criterion stands, with windows, counts and attributes',
  async (cdm) => {
    const persons = [1, 2, 3, 4, 5, 6];
    for (const person of persons) await cdm.person(person, { year_of_birth: 1978 + person });
    await cdm.add(
      'condition_occurrence',
      ...persons.flatMap((person) => [0, 9, 18, 40].map((n) => sickness(person, day(n + person)))),
    );
    await cdm.add(
      'drug_exposure',
      ...persons.flatMap((person) =>
        [0, 18].map((n) => drug(person, day(n + person), { drug_exposure_end_date: day(n + person + 6) })),
      ),
    );
    const eras = [
      [1, 2, 4],
      [1, 12, 30],
      [2, 9, 9],
      [2, 15, 16],
      [2, 33, 60],
      [3, 0, 100],
      [4, 45, 50],
      [5, 22, 23],
      [5, 25, 29],
    ];
    await cdm.add(
      'condition_era',
      ...eras.map(([person = 0, start = 0, end = 0]) => ({
        person_id: person,
        condition_era_start_date: day(start),
        condition_era_end_date: day(end),
      })),
    );
    const inner = {
      name: 'inner',
      body: 'select person_id, condition_era_start_date as start_date, condition_era_end_date as end_date from cdm.condition_era',
      tables: [],
    };
    let selective = 0;
    const rowsOf = async (said: object, rowsOnly = false): Promise<readonly string[]> => {
      const read = readStudyCohorts([
        { name: 'inner', definition: cohort([{ ConditionEra: {} }]) },
        { name: 'outer', definition: said },
      ]);
      assert.ok(read.ok, JSON.stringify(read));
      const outer = read.cohorts.at(-1)?.expression;
      assert.ok(outer);
      const needed = outer.Cohorts === undefined ? [] : [inner];
      const query = compile(outer, {
        cdmSchema: 'cdm',
        conceptSets: new Map([[0, [2]]]),
        cohorts: needed,
        rowsOnly,
      });
      const { rows } = await cdm.pool.query<{ line: string }>(
        `select concat_ws(' ', subject_id, cohort_start_date, cohort_end_date) as line from (${cohortStatement(query)}) c`,
      );
      return rows.map(({ line }) => line);
    };
    await fc.assert(
      fc.asyncProperty(definition, async (said) => {
        const [member, era] = [
          await rowsOf(over('CohortMembership', said)),
          await rowsOf(over('ConditionEra', said)),
        ];
        assert.deepEqual(member, era);
        assert.deepEqual(await rowsOf(over('CohortMembership', said), true), era, 'of the rows alone');
        if (era.length > 0 && era.length < 24) selective += 1;
      }),
      { numRuns: 250 },
    );
    assert.ok(selective > 50, `${selective} definitions that tell rows apart`);
  },
);
