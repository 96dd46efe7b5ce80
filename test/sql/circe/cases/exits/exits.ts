/** Traps 10 to 12: ends of events, exits and custom eras. */

import { type Case, type Feature, people, period } from '../case.ts';
import { cohort, Drugged, drug, Measured, measured, Sick, sick, Visited, visit } from '../plain.ts';

const offset = (DateField: string, Offset: number) => ({
  EndStrategy: { DateOffset: { DateField, Offset } },
});
const toTheEnd = { EndStrategy: undefined };
const day = '2010-01-10';

const endOf = (type: string, more: object = {}) => cohort([{ [type]: more }], offset('EndDate', 0));

/** Each type that has no end of its own, and each that may lack it. */
export const eventEnds: Feature = {
  name: 'trap 10: ends of events',
  rows: {
    ...people(1, 2, 3),
    condition_occurrence: [sick(1, day, { condition_end_date: '2010-01-20' }), sick(2, day)],
    device_exposure: [
      { person_id: 1, device_exposure_start_date: day, device_exposure_end_date: '2010-01-20' },
      { person_id: 2, device_exposure_start_date: day },
    ],
    drug_exposure: [
      drug(1, day, { drug_exposure_end_date: '2010-01-20', days_supply: 3 }),
      drug(2, day, { days_supply: 3 }),
      drug(3, day),
    ],
    measurement: [measured(1, day)],
    observation: [{ person_id: 1, observation_date: day }],
    specimen: [{ person_id: 1, specimen_date: day }],
    death: [{ person_id: 1, death_date: day }],
    // CDM 5.4 has an end of procedures, which Circe does not read.
    procedure_occurrence: [{ person_id: 1, procedure_date: day, procedure_end_date: '2010-01-20' }],
  },
  cases: [
    {
      name: 'a condition: its end, else the next day',
      definition: endOf('ConditionOccurrence'),
      finds: ['1 2010-01-10 2010-01-20', '2 2010-01-10 2010-01-11'],
    },
    {
      name: 'a device: its end, else the next day',
      definition: endOf('DeviceExposure'),
      finds: ['1 2010-01-10 2010-01-20', '2 2010-01-10 2010-01-11'],
    },
    {
      name: 'a drug: its end, else the days supplied, else the next day',
      definition: endOf('DrugExposure'),
      finds: ['1 2010-01-10 2010-01-20', '2 2010-01-10 2010-01-13', '3 2010-01-10 2010-01-11'],
    },
    ...['Measurement', 'Observation', 'Specimen', 'Death', 'ProcedureOccurrence'].map(
      (type): Case => ({
        name: `${type}: the next day`,
        definition: endOf(type),
        finds: ['1 2010-01-10 2010-01-11'],
      }),
    ),
  ],
};

const era = (CustomEra: object) => ({
  EndStrategy: { CustomEra: { DrugCodesetId: 2, GapDays: 0, Offset: 0, ...CustomEra } },
});

/** Observed in 2010. 1: a stay of ten days in March and a drug in June; 2: in hospital when observation ends. */
export const exits: Feature = {
  name: 'trap 11: exits',
  rows: {
    person: people(1, 2, 3).person ?? [],
    observation_period: [
      period(1, '2010-01-01', '2010-12-31'),
      period(2, '2010-01-01', '2010-12-31'),
      period(3, '2010-01-01', '2010-05-31'),
    ],
    visit_occurrence: [visit(1, '2010-03-01', '2010-03-11'), visit(2, '2010-12-25', '2011-01-04')],
    drug_exposure: [
      drug(1, '2010-06-01'),
      drug(1, '2010-09-01'),
      drug(2, '2010-12-25'),
      drug(2, '2011-02-01'),
    ],
    measurement: [measured(1, '2010-02-01'), measured(1, '2010-08-01')],
    drug_era: [],
    payer_plan_period: [
      { person_id: 3, payer_plan_period_start_date: '2010-05-20', payer_plan_period_end_date: '2010-05-10' },
    ],
  },
  cases: [
    {
      name: 'without a strategy, the end of observation',
      definition: cohort([Visited], toTheEnd),
      finds: ['1 2010-03-01 2010-12-31', '2 2010-12-25 2010-12-31'],
    },
    {
      name: 'days from the start, at most to the end of observation',
      definition: cohort([Visited], offset('StartDate', 30)),
      finds: ['1 2010-03-01 2010-03-31', '2 2010-12-25 2010-12-31'],
    },
    {
      name: 'days from the end',
      definition: cohort([Visited], offset('EndDate', 30)),
      finds: ['1 2010-03-01 2010-04-10', '2 2010-12-25 2010-12-31'],
    },
    {
      name: 'an end before the start is none, and the event disappears',
      definition: cohort([Visited], offset('StartDate', -1)),
      finds: '',
    },
    {
      name: 'days before the end, where those are not before the start',
      definition: cohort([Visited], offset('EndDate', -10)),
      finds: ['1 2010-03-01 2010-03-01', '2 2010-12-25 2010-12-25'],
    },
    {
      name: 'an event that ends before it starts disappears',
      definition: cohort([{ PayerPlanPeriod: {} }], offset('EndDate', 0)),
      finds: '',
    },
    {
      name: 'the earliest censoring event on or after the start',
      definition: cohort([Visited], { ...toTheEnd, CensoringCriteria: [Drugged] }),
      finds: ['1 2010-03-01 2010-06-01', '2 2010-12-25 2010-12-25'],
    },
    {
      name: 'of several criteria the earliest; what was before does not count',
      definition: cohort([Visited], {
        ...toTheEnd,
        CensoringCriteria: [Measured, { DrugExposure: { CodesetId: 2, First: true } }],
      }),
      finds: ['1 2010-03-01 2010-06-01', '2 2010-12-25 2010-12-25'],
    },
    {
      name: 'the offset, where that is earlier than the censoring event',
      definition: cohort([Visited], { ...offset('StartDate', 5), CensoringCriteria: [Measured] }),
      finds: ['1 2010-03-01 2010-03-06', '2 2010-12-25 2010-12-30'],
    },
    {
      name: 'the censoring event, where a strategy gives no end',
      definition: cohort([Visited], { ...offset('StartDate', -5), CensoringCriteria: [Measured] }),
      finds: ['1 2010-03-01 2010-08-01'],
    },
    {
      name: 'no event beyond observation censors',
      definition: cohort(
        [{ VisitOccurrence: { CodesetId: 4, OccurrenceStartDate: { Op: 'gt', Value: '2010-12-01' } } }],
        {
          ...toTheEnd,
          CensoringCriteria: [
            { DrugExposure: { CodesetId: 2, OccurrenceStartDate: { Op: 'gt', Value: '2011-01-01' } } },
          ],
        },
      ),
      finds: ['2 2010-12-25 2010-12-31'],
    },
    {
      name: 'an era that does not hold the start leaves the end of observation',
      definition: cohort([Visited], era({ GapDays: 30 })),
      finds: ['1 2010-03-01 2010-12-31', '2 2010-12-25 2010-12-26'],
    },
  ],
};

const Started = { DrugExposure: { CodesetId: 2, First: true } };

/** 1: ten days, a gap of nine, ten days; 2: by the source concept alone; 3: of both; the third period of 1 is far. */
export const customEra: Feature = {
  name: 'trap 12: custom era',
  rows: {
    ...people(1, 2, 3),
    condition_occurrence: [1, 2, 3].map((person) => sick(person, '2010-01-05')),
    drug_exposure: [
      drug(1, '2010-01-01', { drug_exposure_end_date: '2010-01-11' }),
      drug(1, '2010-01-20', { drug_exposure_end_date: '2010-01-30' }),
      drug(1, '2010-06-01', { drug_exposure_end_date: '2010-06-11' }),
      drug(2, '2010-01-01', {
        drug_concept_id: 9,
        drug_source_concept_id: 2,
        drug_exposure_end_date: '2010-01-08',
      }),
      drug(3, '2010-01-01', { drug_source_concept_id: 2, days_supply: 20 }),
    ],
  },
  cases: [
    {
      name: 'without gap an era is its exposure, by standard or source concept',
      definition: cohort([Sick], era({})),
      finds: ['1 2010-01-05 2010-01-11', '2 2010-01-05 2010-01-08', '3 2010-01-05 2010-01-21'],
    },
    {
      name: 'a gap of nine days is bridged by nine, not by eight',
      definition: cohort([Sick], era({ GapDays: 9 })),
      finds: ['1 2010-01-05 2010-01-30', '2 2010-01-05 2010-01-08', '3 2010-01-05 2010-01-21'],
    },
    {
      name: 'by eight it is not',
      definition: cohort([Sick], era({ GapDays: 8 })),
      finds: ['1 2010-01-05 2010-01-11', '2 2010-01-05 2010-01-08', '3 2010-01-05 2010-01-21'],
    },
    {
      name: 'the offset bridges too, and stays on at the end',
      definition: cohort([Sick], era({ GapDays: 5, Offset: 4 })),
      finds: ['1 2010-01-05 2010-02-03', '2 2010-01-05 2010-01-12', '3 2010-01-05 2010-01-25'],
    },
    {
      name: 'a supply of the definition takes the place of all ends',
      definition: cohort([Sick], era({ DaysSupplyOverride: 5 })),
      finds: ['1 2010-01-05 2010-01-06', '2 2010-01-05 2010-01-06', '3 2010-01-05 2010-01-06'],
    },
    {
      name: 'too short an era leaves the end of observation',
      definition: cohort([Sick], era({ DaysSupplyOverride: 3 })),
      finds: ['1 2010-01-05 2020-12-31', '2 2010-01-05 2020-12-31', '3 2010-01-05 2020-12-31'],
    },
    {
      name: 'the era of each event',
      definition: cohort([Drugged], era({})),
      finds: [
        '1 2010-01-01 2010-01-11',
        '1 2010-01-20 2010-01-30',
        '1 2010-06-01 2010-06-11',
        '3 2010-01-01 2010-01-21',
      ],
    },
    {
      name: 'the earliest of era and censoring event',
      definition: cohort([Started], { ...era({}), CensoringCriteria: [Sick] }),
      finds: ['1 2010-01-01 2010-01-05', '3 2010-01-01 2010-01-05'],
    },
    {
      name: 'of an empty concept set there is no era',
      definition: cohort([Sick], era({ DrugCodesetId: 99 })),
      finds: '1 2 3',
    },
  ],
};
