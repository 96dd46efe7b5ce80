/** Data that a CDM should not hold and some do: periods that overlap, dates that are instants. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cohort, conceptSet, correlated, group } from './definitions.ts';
import { type TinyCdm, tinyCdm } from './tiny-cdm.ts';

const sets = { ConceptSets: [conceptSet(0, 10)] };
const sick = { ConditionOccurrence: { CodesetId: 0 } };

const periods = [
  {
    observation_period_id: 91,
    observation_period_start_date: '2009-05-01',
    observation_period_end_date: '2010-05-11',
  },
  {
    observation_period_id: 90,
    observation_period_start_date: '2009-05-01',
    observation_period_end_date: '2010-08-23',
  },
];

async function sickPerson(cdm: TinyCdm, observed: readonly (typeof periods)[number][]): Promise<void> {
  await cdm.add('concept', { concept_id: 10, concept_name: 'ten' });
  await cdm.add('person', { person_id: 1, year_of_birth: 1950 });
  for (const period of observed) await cdm.add('observation_period', { person_id: 1, ...period });
  await cdm.add('condition_occurrence', {
    person_id: 1,
    condition_concept_id: 10,
    condition_start_date: '2010-01-01',
  });
}

test('of two periods that hold an event one is taken, whichever row was written first', async (t) => {
  for (const limit of ['First', 'All']) {
    const definition = cohort([sick], {
      ...sets,
      ExpressionLimit: { Type: limit },
      EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: 1000 } },
    });
    const answers = [];
    for (const observed of [periods, periods.toReversed()]) {
      const cdm = await tinyCdm(t);
      await sickPerson(cdm, observed);
      answers.push(await cdm.rows(definition));
    }
    assert.deepEqual(answers[0], answers[1]);
    assert.deepEqual(answers[0], ['1 2010-01-01 2010-08-23']);
  }
});

test('a CDM whose dates are instants is read as one whose dates are dates', async (t) => {
  const cdm = await tinyCdm(t);
  await sickPerson(cdm, periods.slice(0, 1));
  await cdm.add('visit_occurrence', {
    person_id: 1,
    visit_concept_id: 5,
    visit_start_date: '2010-01-01',
    visit_end_date: '2010-01-03',
  });
  const inDays = { Start: { Days: 1, Coeff: -1 }, End: { Days: 2, Coeff: 1 } };
  const soon = { StartWindow: inDays, EndWindow: { ...inDays, UseEventEnd: true } };
  const visited = group('ALL', [
    correlated({ VisitOccurrence: {} }),
    correlated({ VisitOccurrence: {} }, soon),
  ]);
  const definition = cohort([sick], {
    ...sets,
    InclusionRules: [{ name: 'visited', expression: visited }],
    EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: 7 } },
  });
  const before = await cdm.rows(definition);
  assert.deepEqual(before, ['1 2010-01-01 2010-01-08']);
  await cdm.pool.query(
    'alter table cdm.visit_occurrence alter visit_start_date type timestamp; alter table cdm.observation_period alter observation_period_start_date type timestamp',
  );
  assert.deepEqual(await cdm.rows(definition), before);
  // At midnight it is within two days, at noon it is not.
  const late = (hour: string) =>
    cdm.pool.query("update cdm.visit_occurrence set visit_start_date = ('2010-01-03 ' || $1)::timestamp", [
      hour,
    ]);
  await late('00:00');
  assert.deepEqual(await cdm.rows(definition), before);
  await late('12:00');
  assert.deepEqual(await cdm.rows(definition), []);
});

test('what a person has in one of two periods is counted once, and not in the other', async (t) => {
  const rule = (days: number, more: object) => {
    const window = { Start: { Days: days, Coeff: -1 }, End: { Days: days, Coeff: 1 } };
    const visits = correlated({ VisitOccurrence: {} }, { StartWindow: window, ...more });
    return cohort([sick], {
      ...sets,
      InclusionRules: [{ name: 'visits', expression: group('ALL', [visits]) }],
    });
  };
  const visit = { person_id: 1, visit_start_date: '2010-06-01', visit_end_date: '2010-06-01' };
  const [short, long] = periods;
  assert.ok(short && long);
  const cdm = await tinyCdm(t);
  await sickPerson(cdm, [short, long, { ...long, observation_period_id: 92 }]);
  await cdm.add('visit_occurrence', visit);
  // The longer period stands twice, the visit once.
  assert.deepEqual(await cdm.rows(rule(365, { Occurrence: { Type: 2, Count: 2 } })), []);
  assert.deepEqual(await cdm.rows(rule(365, { Occurrence: { Type: 2, Count: 1 } })), [
    '1 2010-01-01 2010-01-01',
  ]);
  // The event in the shorter period has no visit, that in the longer has.
  assert.deepEqual(await cdm.masks(rule(365, { Occurrence: { Type: 0, Count: 0 } })), [
    [0, 0, 2],
    [0, 1, 1],
    [1, 1, 1],
  ]);
  assert.deepEqual(await cdm.rows(rule(365, { Occurrence: { Type: 0, Count: 0 } })), [
    '1 2010-01-01 2010-01-01',
  ]);
});

test('an end that is not there is within no days', async (t) => {
  const cdm = await tinyCdm(t);
  await sickPerson(cdm, periods.slice(1));
  await cdm.pool.query('alter table cdm.visit_occurrence alter visit_end_date drop not null');
  await cdm.add('visit_occurrence', {
    person_id: 1,
    visit_start_date: '2010-01-01',
    visit_end_date: null,
  });
  for (const EndWindow of [
    { Start: { Days: 9, Coeff: -1 }, End: { Days: 9, Coeff: 1 } },
    { Start: { Coeff: -1 }, End: { Days: 9, Coeff: 1 } },
    { Start: { Days: 9, Coeff: -1 }, End: { Coeff: 1 } },
  ]) {
    for (const more of [{}, { StartWindow: { Start: { Days: 9, Coeff: -1 }, End: { Days: 9, Coeff: 1 } } }]) {
      const windows = { EndWindow: { ...EndWindow, UseEventEnd: true }, ...more };
      const rules = [
        { name: 'ended', expression: group('ALL', [correlated({ VisitOccurrence: {} }, windows)]) },
      ];
      assert.deepEqual(await cdm.rows(cohort([sick], { ...sets, InclusionRules: rules })), []);
    }
  }
});

test('a period whose id is not its own does not count what lies in it twice', async (t) => {
  const cdm = await tinyCdm(t);
  await cdm.pool.query(
    'alter table cdm.observation_period drop constraint if exists observation_period_key; drop index if exists cdm.observation_period_key',
  );
  const [short, long] = periods;
  assert.ok(short && long);
  const twice = (Count: number) => {
    const visits = correlated({ VisitOccurrence: {} }, { Occurrence: { Type: 2, Count } });
    return cohort([sick], {
      ...sets,
      InclusionRules: [{ name: 'visits', expression: group('ALL', [visits]) }],
    });
  };
  await sickPerson(cdm, [long, long, { ...short, observation_period_id: 90 }]);
  await cdm.add('visit_occurrence', {
    person_id: 1,
    visit_start_date: '2010-01-02',
    visit_end_date: '2010-01-02',
  });
  assert.deepEqual(await cdm.rows(twice(1)), ['1 2010-01-01 2010-01-01']);
  assert.deepEqual(await cdm.rows(twice(2)), []);
});

test('dates at the ends of time are no fault', async (t) => {
  const cdm = await tinyCdm(t);
  await sickPerson(cdm, periods.slice(1));
  const after = { Start: { Days: 1, Coeff: 1 }, End: { Days: 100_000, Coeff: 1 }, UseEventEnd: true };
  const before = { Start: { Days: 30, Coeff: -1 }, End: { Days: 365, Coeff: 1 }, UseEventEnd: true };
  const rule = (EndWindow: object) => {
    const visits = correlated({ VisitOccurrence: {} }, { EndWindow });
    return cohort([sick], {
      ...sets,
      InclusionRules: [{ name: 'visits', expression: group('ALL', [visits]) }],
    });
  };
  await cdm.add('visit_occurrence', {
    person_id: 1,
    visit_start_date: '2010-01-01',
    visit_end_date: '2010-01-01',
  });
  for (const end of ['5874897-12-31', '294276-12-31', '4713-01-01 BC', 'infinity', '-infinity']) {
    await cdm.pool.query('update cdm.visit_occurrence set visit_end_date = $1', [end]);
    assert.deepEqual(await cdm.rows(rule(after)), []);
    assert.deepEqual(await cdm.rows(rule(before)), []);
  }
});
