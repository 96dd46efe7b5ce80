/** What Circe means by ends, eras, concept sets and values, on a few rows. The numbers are those of the traps in the cohort notes. */

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { MoimError } from '#protocol/errors.ts';
import { cohort, conceptSet, correlated, group, item } from './definitions.ts';
import { concept, drug, drugged, semantics, sets, sick, sickness } from './scene.ts';
import type { Row } from './tiny-cdm.ts';

describe('10. end dates', () => {
  semantics('fall back as each table has it', async (cdm) => {
    await cdm.person(1);
    await cdm.add('condition_occurrence', sickness(1, '2010-01-01'));
    await cdm.add('drug_exposure', drug(1, '2011-01-01', { days_supply: 30 }), drug(1, '2012-01-01'));
    await cdm.add('procedure_occurrence', {
      person_id: 1,
      procedure_date: '2013-01-01',
      procedure_end_date: '2013-06-01',
    });
    await cdm.add('death', { person_id: 1, death_date: '2014-01-01' });
    const exit = { ...sets, EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: 0 } } };
    assert.deepEqual(
      await cdm.rows(cohort([sick, drugged, { ProcedureOccurrence: {} }, { Death: {} }], exit)),
      [
        '1 2010-01-01 2010-01-02',
        '1 2011-01-01 2011-01-31',
        '1 2012-01-01 2012-01-02',
        '1 2013-01-01 2013-01-02',
        '1 2014-01-01 2014-01-02',
      ],
    );
  });
});

describe('11. exit', () => {
  semantics('is the earliest candidate that is not before the start', async (cdm) => {
    await cdm.person(1);
    await cdm.add('condition_occurrence', sickness(1, '2010-01-01'));
    await cdm.add('drug_exposure', drug(1, '2010-01-20'), drug(1, '2009-01-01'));
    const ends = async (more: object) =>
      (await cdm.rows(cohort([sick], { ...sets, ...more })))[0]?.split(' ')[2];
    const censored = { CensoringCriteria: [drugged] };
    const offset = (Offset: number) => ({ EndStrategy: { DateOffset: { DateField: 'StartDate', Offset } } });
    assert.equal(await ends({ EndStrategy: null }), '2020-12-31');
    assert.equal(await ends(offset(30)), '2010-01-31');
    assert.equal(await ends(offset(9999)), '2020-12-31');
    assert.equal(await ends({ ...offset(30), ...censored }), '2010-01-20');
    assert.equal(await ends({ ...offset(-5), ...censored }), '2010-01-20');
    assert.equal(await ends(offset(-5)), undefined);
  });
});

describe('12. custom era', () => {
  semantics('joins exposures by standard or source concept, and adds only the offset', async (cdm) => {
    await cdm.person(1);
    await cdm.add('condition_occurrence', sickness(1, '2010-01-01'));
    await cdm.add(
      'drug_exposure',
      drug(1, '2010-01-01', { drug_exposure_end_date: '2010-01-10' }),
      drug(1, '2010-01-20', {
        drug_exposure_end_date: '2010-01-25',
        drug_concept_id: 3,
        drug_source_concept_id: 2,
      }),
      drug(1, '2010-03-01', { drug_exposure_end_date: '2010-03-05' }),
    );
    const ends = async (era: object) => {
      const definition = cohort([sick], {
        ...sets,
        EndStrategy: { CustomEra: { DrugCodesetId: 1, ...era } },
      });
      return (await cdm.rows(definition))[0]?.split(' ')[2];
    };
    assert.equal(await ends({ GapDays: 0, Offset: 0 }), '2010-01-10');
    assert.equal(await ends({ GapDays: 10, Offset: 0 }), '2010-01-25');
    assert.equal(await ends({ GapDays: 7, Offset: 3 }), '2010-01-28');
    assert.equal(await ends({ GapDays: 0, Offset: 0, DaysSupplyOverride: 60 }), '2010-04-30');
  });
});

describe('13. collapse and censor window', () => {
  semantics('merges stays that touch, bridges the pad, and cuts afterwards', async (cdm) => {
    await cdm.person(1);
    const stays = [
      ['2010-01-01', '2010-01-10'],
      ['2010-01-10', '2010-01-15'],
      ['2010-01-20', '2010-01-25'],
    ] as const;
    await cdm.add(
      'condition_occurrence',
      ...stays.map(([start, end]) => sickness(1, start, { condition_end_date: end })),
    );
    const rows = (more: object) =>
      cdm.rows(
        cohort([sick], {
          ...sets,
          EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: 0 } },
          ...more,
        }),
      );
    assert.deepEqual(await rows({}), ['1 2010-01-01 2010-01-15', '1 2010-01-20 2010-01-25']);
    const padded = { CollapseSettings: { CollapseType: 'ERA', EraPad: 5 } };
    assert.deepEqual(await rows(padded), ['1 2010-01-01 2010-01-25']);
    assert.deepEqual(await rows({ CensorWindow: { StartDate: '2010-01-05', EndDate: '2010-01-19' } }), [
      '1 2010-01-05 2010-01-15',
    ]);
  });
});

describe('14. concept sets', () => {
  semantics('take listed, descendant and mapped concepts, less the excluded', async (cdm) => {
    await cdm.add(
      'concept',
      concept(20, { invalid_reason: 'D' }),
      concept(21),
      concept(22, { invalid_reason: 'U' }),
      concept(30),
    );
    const descends = (ancestor: number, descendant: number): Row => ({
      ancestor_concept_id: ancestor,
      descendant_concept_id: descendant,
    });
    await cdm.add('concept_ancestor', descends(20, 21), descends(20, 22));
    await cdm.add('concept_relationship', { concept_id_1: 30, concept_id_2: 21, relationship_id: 'Maps to' });
    await cdm.person(1);
    const ids = [20, 21, 22, 30, 99];
    await cdm.add(
      'condition_occurrence',
      ...ids.map((id, at) => sickness(1, `201${at}-01-01`, { condition_concept_id: id })),
    );
    const found = async (...items: object[]) => {
      const definition = cohort([sick], { ConceptSets: [{ id: 0, name: 's', expression: { items } }] });
      return (await cdm.rows(definition)).map((row) => ids[Number(row[5])]);
    };
    assert.deepEqual(await found(item(20)), [20], 'a listed concept may be invalid');
    assert.deepEqual(await found(item(99)), [], 'a listed concept must exist');
    assert.deepEqual(await found(item(20, { descendants: true })), [20, 21], 'descendants are valid');
    assert.deepEqual(await found(item(20, { descendants: true, mapped: true })), [20, 21, 30]);
    const less = item(21, { excluded: true });
    assert.deepEqual(await found(item(20, { descendants: true, mapped: true }), less), [20, 30]);
    assert.deepEqual(await found(less), [], 'only exclusions');
  });

  semantics(
    'are not resolved without the tables of ancestors and relationships that they need',
    async (cdm) => {
      await cdm.pool.query('drop table cdm.concept_ancestor, cdm.concept_relationship');
      await cdm.person(1);
      await cdm.add('condition_occurrence', sickness(1, '2010-01-01'));
      const found = (flags: object) =>
        cdm.rows(
          cohort([sick], { ConceptSets: [{ id: 0, name: 's', expression: { items: [item(1, flags)] } }] }),
        );
      assert.deepEqual(await found({}), ['1 2010-01-01 2010-01-01']);
      const lacks = (table: string) => (error: unknown) =>
        error instanceof MoimError && error.code === 'table-missing' && error.message.includes(table);
      await assert.rejects(found({ descendants: true }), lacks('cdm.concept_ancestor'));
      await assert.rejects(found({ mapped: true }), lacks('cdm.concept_relationship'));
    },
  );
});

describe('15. age, numbers and text', () => {
  semantics(
    'age is the year less the year of birth; NULL is outside no range; LIKE knows case',
    async (cdm) => {
      await cdm.person(1);
      await cdm.add(
        'measurement',
        ...[1.00015, 5, null].map((value, at) => ({
          person_id: 1,
          measurement_date: `201${at}-12-31`,
          value_as_number: value,
        })),
      );
      const years = async (more: object) =>
        (await cdm.rows(cohort([{ Measurement: more }]))).map((row) => row.slice(2, 6)).join();
      assert.equal(await years({ Age: { Op: 'eq', Value: 31 } }), '2011');
      assert.equal(await years({ ValueAsNumber: { Op: '!bt', Value: 2, Extent: 9 } }), '2010');
      assert.equal(
        await years({ ValueAsNumber: { Op: 'gte', Value: 1.00015 } }),
        '2011',
        '1.00015 becomes 1.0002',
      );
      await cdm.add('drug_exposure', drug(1, '2010-01-01', { lot_number: 'Ab1' }));
      const lots = async (Op: string, Text: string) =>
        (await cdm.rows(cohort([{ DrugExposure: { LotNumber: { Op, Text } } }]))).length;
      assert.deepEqual(
        [await lots('startsWith', 'Ab'), await lots('startsWith', 'ab'), await lots('endsWith', 'b_')],
        [1, 0, 1],
      );
      assert.deepEqual([await lots('!contains', 'x'), await lots('contains', 'b1')], [1, 1]);
    },
  );
});

describe('Circe defects', () => {
  semantics('are mended, and reproduced under parity', async (cdm) => {
    await cdm.person(1, { race_concept_id: 3 });
    await cdm.add('drug_exposure', drug(1, '2010-01-01', { drug_exposure_end_date: '2012-01-01' }));
    const ended = cohort([{ DrugExposure: { OccurrenceEndDate: { Op: 'gt', Value: '2011-01-01' } } }]);
    assert.equal((await cdm.rows(ended)).length, 1);
    assert.equal((await cdm.rows(ended, { parity: true })).length, 0);
    const people = { DemographicCriteriaList: [{ RaceCS: { CodesetId: 0 } }] };
    const raced = cohort([{ DrugExposure: {} }], {
      ConceptSets: [conceptSet(0, 3)],
      InclusionRules: [{ name: 'r', expression: group('ALL', [], people) }],
    });
    assert.equal((await cdm.rows(raced)).length, 1);
    assert.equal((await cdm.rows(raced, { parity: true })).length, 0);
  });

  semantics('questions on which Circe fails are answered', async (cdm) => {
    await cdm.person(1);
    await cdm.add('drug_era', {
      person_id: 1,
      drug_era_start_date: '2010-01-01',
      drug_era_end_date: '2010-02-01',
      gap_days: 7,
    });
    await cdm.add('measurement', {
      person_id: 1,
      measurement_date: '2010-01-01',
      value_as_number: 9,
      range_high: 5,
      range_low: 1,
    });
    const gap = (Value: number) => cdm.rows(cohort([{ DrugEra: { GapDays: { Op: 'gt', Value } } }]));
    assert.deepEqual([(await gap(6)).length, (await gap(7)).length], [1, 0]);
    assert.equal((await cdm.rows(cohort([{ Measurement: { Abnormal: true } }]))).length, 1);
    const nested = { DrugEra: { CorrelatedCriteria: group('ALL', [correlated({ Measurement: {} })]) } };
    const distinct = { Occurrence: { Type: 2, Count: 1, IsDistinct: true, CountColumn: 'DOMAIN_CONCEPT' } };
    const counted = {
      InclusionRules: [{ name: 'r', expression: group('ALL', [correlated(nested, distinct)]) }],
    };
    assert.equal((await cdm.rows(cohort([{ Measurement: {} }], counted))).length, 1);
  });
});

describe('date adjustment', () => {
  semantics('moves an event, and drops it where its end comes before its start', async (cdm) => {
    await cdm.person(1);
    await cdm.add('condition_occurrence', sickness(1, '2010-01-01', { condition_end_date: '2010-01-10' }));
    const moved = (StartOffset: number) => {
      const DateAdjustment = { StartWith: 'START_DATE', StartOffset, EndWith: 'END_DATE', EndOffset: 0 };
      return cdm.rows(cohort([{ ConditionOccurrence: { CodesetId: 0, DateAdjustment } }], sets));
    };
    assert.deepEqual(await moved(5), ['1 2010-01-06 2010-01-06']);
    assert.deepEqual(await moved(15), []);
  });
});
