/** What Circe means by events, rules and windows, on a few rows. The numbers are those of the traps in the cohort notes. */

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { anyTime, cohort, correlated, group } from './definitions.ts';
import { drug, drugged, rule, semantics, sets, sick, sickness, within } from './scene.ts';

describe('1. entry events', () => {
  semantics('need the observation asked for on both sides', async (cdm) => {
    await cdm.person(1);
    await cdm.add(
      'condition_occurrence',
      ...['2000-12-30', '2000-12-31', '2020-12-21', '2020-12-22', '2021-01-01'].map((day) =>
        sickness(1, day),
      ),
    );
    const definition = cohort([sick], sets);
    definition.PrimaryCriteria.ObservationWindow = { PriorDays: 365, PostDays: 10 };
    assert.deepEqual(await cdm.rows(definition), ['1 2000-12-31 2000-12-31', '1 2020-12-21 2020-12-21']);
  });

  semantics('are a union; First and Last keep one a person', async (cdm) => {
    await cdm.person(1);
    await cdm.add('condition_occurrence', sickness(1, '2010-05-01'));
    await cdm.add('drug_exposure', drug(1, '2010-04-01'), drug(1, '2010-06-01'));
    const limited = (Type: string) => {
      const definition = cohort([sick, drugged], sets);
      definition.PrimaryCriteria.PrimaryCriteriaLimit = { Type };
      return cdm.rows(definition);
    };
    assert.deepEqual(await limited('First'), ['1 2010-04-01 2010-04-01']);
    assert.deepEqual(await limited('Last'), ['1 2010-06-01 2010-06-01']);
    assert.equal((await limited('All')).length, 3);
  });
});

describe('2. limits', () => {
  semantics('QualifiedLimit acts only beside AdditionalCriteria, be it an empty group', async (cdm) => {
    await cdm.person(1);
    await cdm.add('condition_occurrence', sickness(1, '2010-01-01'), sickness(1, '2011-01-01'));
    const limited = { ...sets, QualifiedLimit: { Type: 'First' } };
    assert.equal((await cdm.rows(cohort([sick], limited))).length, 2);
    const empty = { ...limited, AdditionalCriteria: group('ALL', []) };
    assert.deepEqual(await cdm.rows(cohort([sick], empty)), ['1 2010-01-01 2010-01-01']);
  });

  semantics('ExpressionLimit acts after the inclusion rules', async (cdm) => {
    await cdm.person(1);
    await cdm.add(
      'condition_occurrence',
      ...['2010-01-01', '2011-01-01', '2012-01-01'].map((day) => sickness(1, day)),
    );
    await cdm.add('drug_exposure', drug(1, '2011-01-05'), drug(1, '2012-01-05'));
    const soon = rule('ALL', [correlated(drugged, { StartWindow: within(0, 10) })]);
    assert.deepEqual(await cdm.rows(cohort([sick], { ...soon, ExpressionLimit: { Type: 'First' } })), [
      '1 2011-01-01 2011-01-01',
    ]);
    assert.deepEqual(await cdm.rows(cohort([sick], { ...soon, ExpressionLimit: { Type: 'Last' } })), [
      '1 2012-01-01 2012-01-01',
    ]);
  });
});

describe('3. inclusion rules', () => {
  semantics('count events by mask, and the best event of each person', async (cdm) => {
    await cdm.person(1);
    await cdm.person(2);
    await cdm.add(
      'condition_occurrence',
      sickness(1, '2010-01-01'),
      sickness(1, '2011-01-01'),
      sickness(2, '2010-01-01'),
    );
    await cdm.add('drug_exposure', drug(1, '2011-01-02'), drug(2, '2009-01-01'));
    const rules = [within(0, 10), within(-3000, 0)].map((window, at) => ({
      name: `rule ${at}`,
      expression: group('ALL', [correlated(drugged, { StartWindow: window })]),
    }));
    const masks = await cdm.masks(cohort([sick], { ...sets, InclusionRules: rules }));
    assert.deepEqual(masks, [
      [0, 0, 1],
      [0, 1, 1],
      [0, 2, 1],
      [1, 1, 1],
      [1, 2, 1],
    ]);
  });
});

describe('4. groups', () => {
  semantics('ALL, ANY, AT_LEAST and AT_MOST count members, an empty group is true', async (cdm) => {
    for (const id of [1, 2, 3]) {
      await cdm.person(id, { gender_concept_id: id === 3 ? 8507 : 8532 });
      await cdm.add('condition_occurrence', sickness(id, '2010-01-01'));
    }
    await cdm.add('drug_exposure', drug(2, '2010-01-02'), drug(3, '2010-01-02'));
    const women = { DemographicCriteriaList: [{ Gender: [{ CONCEPT_ID: 8532 }] }] };
    const persons = async (type: string, more: object) => {
      const rows = await cdm.rows(cohort([sick], rule(type, [correlated(drugged)], { ...women, ...more })));
      return rows.map((row) => row.split(' ')[0]);
    };
    assert.deepEqual(await persons('ALL', {}), ['2']);
    assert.deepEqual(await persons('ANY', {}), ['1', '2', '3']);
    assert.deepEqual(await persons('AT_LEAST', { Count: 2 }), ['2']);
    assert.deepEqual(await persons('AT_MOST', { Count: 1 }), ['1', '3']);
    assert.deepEqual(await persons('AT_MOST', { Count: 0 }), []);
    assert.deepEqual(await persons('AT_LEAST', { Count: 0 }), ['1', '2', '3']);
    assert.equal((await cdm.rows(cohort([sick], rule('ANY', [])))).length, 3);
  });
});

describe('5. occurrence', () => {
  semantics('counts rows or distinct values; at most and zero are true of none', async (cdm) => {
    for (const id of [1, 2, 3]) {
      await cdm.person(id);
      await cdm.add('condition_occurrence', sickness(id, '2010-01-01'));
    }
    await cdm.add('drug_exposure', drug(2, '2010-02-01'), drug(3, '2010-02-01'), drug(3, '2010-02-01'));
    const persons = async (Occurrence: object) => {
      const rows = await cdm.rows(cohort([sick], rule('ALL', [correlated(drugged, { Occurrence })])));
      return rows.map((row) => row.split(' ')[0]).join('');
    };
    assert.equal(await persons({ Type: 0, Count: 0 }), '1');
    assert.equal(await persons({ Type: 0, Count: 1 }), '2');
    assert.equal(await persons({ Type: 1, Count: 1 }), '12');
    assert.equal(await persons({ Type: 2, Count: 2 }), '3');
    assert.equal(await persons({ Type: 2, Count: 0 }), '123');
    assert.equal(await persons({ Type: 2, Count: 2, IsDistinct: true, CountColumn: 'START_DATE' }), '');
    assert.equal(await persons({ Type: 1, Count: 1, IsDistinct: true }), '123');
  });
});

describe('6. windows', () => {
  semantics('count from the index start or end, to the event start or end', async (cdm) => {
    await cdm.person(1);
    await cdm.add('condition_occurrence', sickness(1, '2010-01-01', { condition_end_date: '2010-01-31' }));
    await cdm.add('drug_exposure', drug(1, '2010-02-05', { drug_exposure_end_date: '2010-03-05' }));
    const found = async (more: object) =>
      (await cdm.rows(cohort([sick], rule('ALL', [correlated(drugged, more)])))).length;
    assert.equal(await found({ StartWindow: within(0, 30) }), 0);
    assert.equal(await found({ StartWindow: { ...within(0, 30), UseIndexEnd: true } }), 1);
    assert.equal(await found({ StartWindow: { ...within(63, 63), UseEventEnd: true } }), 1);
    // A missing UseEventEnd means true in an EndWindow and false in a StartWindow.
    assert.equal(await found({ EndWindow: within(63, 63) }), 1);
    assert.equal(await found({ EndWindow: { ...within(35, 35), UseEventEnd: false } }), 1);
    assert.equal(await found({ StartWindow: within(35, 35) }), 1);
  });

  semantics('lie in the observation period of the index unless told otherwise', async (cdm) => {
    await cdm.person(1);
    await cdm.add('condition_occurrence', sickness(1, '2010-01-01'));
    await cdm.add('drug_exposure', drug(1, '1999-12-31'));
    const found = async (more: object) =>
      (await cdm.rows(cohort([sick], rule('ALL', [correlated(drugged, more)])))).length;
    assert.equal(await found({ StartWindow: anyTime }), 0);
    assert.equal(await found({ StartWindow: anyTime, IgnoreObservationPeriod: true }), 1);
  });
});

describe('7. the same visit', () => {
  semantics('must be known on both sides', async (cdm) => {
    for (const [id, one, other] of [
      [1, 5, 5],
      [2, 5, 6],
      [3, null, null],
    ] as const) {
      await cdm.person(id);
      await cdm.add('condition_occurrence', sickness(id, '2010-01-01', { visit_occurrence_id: one }));
      await cdm.add('drug_exposure', drug(id, '2010-01-01', { visit_occurrence_id: other }));
    }
    const rows = await cdm.rows(cohort([sick], rule('ALL', [correlated(drugged, { RestrictVisit: true })])));
    assert.deepEqual(rows, ['1 2010-01-01 2010-01-01']);
  });
});

describe('8. nested criteria', () => {
  semantics('make each row an index event with its own observation period', async (cdm) => {
    await cdm.person(1);
    await cdm.person(2);
    await cdm.add('condition_occurrence', sickness(1, '2010-01-01'), sickness(2, '2010-01-01'));
    await cdm.add('drug_exposure', drug(1, '2010-01-03'), drug(2, '2010-01-30'));
    const followed = {
      ConditionOccurrence: {
        CodesetId: 0,
        CorrelatedCriteria: group('ALL', [correlated(drugged, { StartWindow: within(0, 7) })]),
      },
    };
    assert.deepEqual(await cdm.rows(cohort([followed], sets)), ['1 2010-01-01 2010-01-01']);
    const inRule = rule('ALL', [correlated(followed, { Occurrence: { Type: 0, Count: 0 } })]);
    assert.deepEqual(await cdm.rows(cohort([sick], inRule)), ['2 2010-01-01 2010-01-01']);
  });
});

describe('9. First', () => {
  semantics('is ranked over the concept set before every other attribute', async (cdm) => {
    await cdm.person(1);
    await cdm.add(
      'condition_occurrence',
      sickness(1, '2010-01-01'),
      sickness(1, '2015-01-01'),
      sickness(1, '2001-01-01', { condition_concept_id: 3 }),
    );
    const first = (more: object) =>
      cdm.rows(cohort([{ ConditionOccurrence: { CodesetId: 0, First: true, ...more } }], sets));
    assert.deepEqual(await first({}), ['1 2010-01-01 2010-01-01']);
    assert.deepEqual(await first({ OccurrenceStartDate: { Op: 'gt', Value: '2012-01-01' } }), []);
    const firstLater = { ConditionOccurrence: { CodesetId: 0, First: true } };
    const inRule = rule('ALL', [correlated(firstLater, { StartWindow: within(1, 3000) })]);
    assert.deepEqual(await cdm.rows(cohort([sick], inRule)), []);
  });
});
