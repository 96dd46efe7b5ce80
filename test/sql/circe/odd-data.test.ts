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
  const visited = group('ALL', [correlated({ VisitOccurrence: {} })]);
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
});
