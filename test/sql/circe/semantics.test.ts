/** What Circe means, on a few rows: prepare, run, verify. The numbers are those of the traps in the cohort notes. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { anyTime, cohort, conceptSet, correlated, group, item } from './definitions.ts';
import { type Row, type TinyCdm, tinyCdm } from './tiny-cdm.ts';

type Test = (cdm: TinyCdm) => Promise<void>;

/** Every test has a database of its own, with concepts 1 to 9. */
function semantics(name: string, work: Test): void {
  test(name, async (t) => {
    const cdm = await tinyCdm(t);
    await cdm.add('concept', ...Array.from({ length: 9 }, (_, at) => concept(at + 1)));
    await work(cdm);
  });
}

const concept = (id: number, extra: Row = {}): Row => ({ concept_id: id, concept_name: `c${id}`, ...extra });
const sickness = (person: number, start: string, extra: Row = {}): Row => ({
  person_id: person,
  condition_concept_id: 1,
  condition_start_date: start,
  ...extra,
});
const drug = (person: number, start: string, extra: Row = {}): Row => ({
  person_id: person,
  drug_concept_id: 2,
  drug_exposure_start_date: start,
  drug_exposure_end_date: null,
  ...extra,
});
const sick = { ConditionOccurrence: { CodesetId: 0 } };
const drugged = { DrugExposure: { CodesetId: 1 } };
const sets = { ConceptSets: [conceptSet(0, 1), conceptSet(1, 2)] };
const rule = (type: string, list: readonly object[], more: object = {}) => ({
  ...sets,
  InclusionRules: [{ name: 'rule', expression: group(type, list, more) }],
});
const within = (from: number, to: number) => ({
  Start: { Days: Math.abs(from), Coeff: from < 0 ? -1 : 1 },
  End: { Days: Math.abs(to), Coeff: to < 0 ? -1 : 1 },
});

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

  semantics('resolve without the tables of ancestors and relationships', async (cdm) => {
    await cdm.pool.query('drop table cdm.concept_ancestor, cdm.concept_relationship');
    await cdm.person(1);
    await cdm.add('condition_occurrence', sickness(1, '2010-01-01'));
    const all = item(1, { descendants: true, mapped: true });
    const definition = cohort([sick], { ConceptSets: [{ id: 0, name: 's', expression: { items: [all] } }] });
    assert.deepEqual(await cdm.rows(definition), ['1 2010-01-01 2010-01-01']);
  });
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
