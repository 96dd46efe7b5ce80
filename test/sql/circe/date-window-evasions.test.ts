/** A narrow window of the calendar that hides behind other rules, and ordinary definitions that hide none. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateWindows } from '#sql/circe/date-bounds.ts';
import { read } from '#sql/circe/read.ts';

const today = '2026-06-30';

function narrowest(definition: object): number {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  return Math.min(...dateWindows(result.expression, today).map(({ days }) => days));
}

const entry = (...criteria: object[]) => ({ PrimaryCriteria: { CriteriaList: criteria } });
const onset = (range: object) => ({ ConditionOccurrence: { OccurrenceStartDate: range } });

/** Fewer days than a hospital's rule of 30 would let pass, in the definition and for the reason that the case names. */
function refused(definition: object, what: string) {
  const days = narrowest(definition);
  assert.ok(days < 30, `${what}: ${days} days`);
}
const passes = (definition: object, what: string) => {
  const days = narrowest(definition);
  assert.ok(days >= 30, `${what}: ${days} days`);
};

const D = '2020-03-15';
const after = '2020-03-16';
const before = '2020-03-14';
const gte = (Value: string) => ({ Op: 'gte', Value });
const gt = (Value: string) => ({ Op: 'gt', Value });
const lte = (Value: string) => ({ Op: 'lte', Value });
const visits = (more: object = {}) => ({ VisitOccurrence: more });
const group = (parts: object, Type = 'ALL', Count?: number) => ({
  Type,
  ...(Count === undefined ? {} : { Count }),
  CriteriaList: [],
  DemographicCriteriaList: [],
  Groups: [],
  ...parts,
});
const rule = (expression: object) => ({ InclusionRules: [{ name: 'rule', expression }] });
const days = (count: number) => ({ Days: Math.abs(count), Coeff: count < 0 ? -1 : 1 });
const correlated = (criterion: object, from = 0, to = 0, Occurrence: object = { Type: 2, Count: 1 }) => ({
  Criteria: criterion,
  StartWindow: { Start: days(from), End: days(to) },
  Occurrence,
});
const since = (Value: string, more: object = {}) => visits({ OccurrenceStartDate: gte(Value), ...more });

test('a census of one day: begun by then, not ended before', () => {
  refused(entry(visits({ OccurrenceStartDate: lte(D), OccurrenceEndDate: gte(D) })), 'one criterion');
  refused(
    {
      ...entry(visits({ OccurrenceStartDate: lte(D) })),
      ...rule(group({ DemographicCriteriaList: [{ OccurrenceEndDate: gte(D) }] })),
    },
    'criterion and rule',
  );
});

test('an event of fixed length is bound by its end too', () => {
  const ended = (Value: string) =>
    rule(group({ DemographicCriteriaList: [{ OccurrenceEndDate: gte(Value) }] }));
  refused(
    { ...entry({ ProcedureOccurrence: { OccurrenceStartDate: lte(D) } }), ...ended(after) },
    'the day itself',
  );
  const by = rule(group({ DemographicCriteriaList: [{ OccurrenceEndDate: lte('2020-04-13') }] }));
  refused({ ...entry({ ProcedureOccurrence: { OccurrenceStartDate: gte(D) } }), ...by }, '30 days less one');
});

test('what is left outside two ranges is a window', () => {
  const outside = (Value: string, Extent: string) => ({ Op: '!bt', Value, Extent });
  const rest = rule(
    group({ DemographicCriteriaList: [{ OccurrenceStartDate: outside(after, '9999-12-31') }] }),
  );
  refused({ ...entry(onset(outside('0001-01-01', before))), ...rest }, 'a day between');
  refused(
    {
      ...entry(onset(gte(D))),
      ...rule(group({ DemographicCriteriaList: [{ OccurrenceStartDate: outside(after, '9999-12-31') }] })),
    },
    'one side',
  );
});

test('a negation turns a bound around', () => {
  const later = { OccurrenceStartDate: gt(D) };
  const with_ = (expression: object) => ({ ...entry(since(D)), ...rule(expression) });
  refused(with_(group({ DemographicCriteriaList: [later] }, 'AT_MOST', 0)), 'at most 0 of a demographic');
  for (const Type of [0, 1])
    refused(
      with_(group({ CriteriaList: [correlated(visits(later), 0, 0, { Type, Count: 0 })] })),
      `no criterion, type ${Type}`,
    );
  refused(
    with_(group({ Groups: [group({ CriteriaList: [correlated(visits(later))] }, 'AT_MOST', 0)] })),
    'a criterion in a negated group',
  );
  refused(
    with_(group({ CriteriaList: [correlated(visits(later), 0, 0, { Type: 0, Count: 2 })] })),
    'exactly two',
  );
  passes(
    with_(group({ DemographicCriteriaList: [{ OccurrenceStartDate: gt('2023-01-01') }] }, 'AT_MOST', 0)),
    'years apart',
  );
});

test("an entry criterion's own group is met with it", () => {
  const own = (CorrelatedCriteria: object) => entry(since(D, { CorrelatedCriteria }));
  refused(own(group({ DemographicCriteriaList: [{ OccurrenceStartDate: lte(D) }] })), 'nested demographic');
  refused(
    own(group({ Groups: [group({ DemographicCriteriaList: [{ OccurrenceStartDate: lte(D) }] })] })),
    'deeper',
  );
  refused(
    own(group({ CriteriaList: [correlated(visits({ OccurrenceStartDate: lte(D) }))] })),
    'nested criterion',
  );
});

test('a correlated criterion bounds the event it is correlated with', () => {
  const with_ = (...list: object[]) => ({
    ...entry(since('2010-01-01')),
    ...rule(group({ CriteriaList: list })),
  });
  refused(with_(correlated(visits({ OccurrenceStartDate: lte('2010-01-01') }))), 'on the same day');
  refused(
    with_(correlated(visits({ OccurrenceStartDate: lte('2012-09-27') }), 1000, 2000)),
    'a thousand days on',
  );
  refused(
    with_(
      correlated(visits({ OccurrenceStartDate: lte('2012-09-27') }), 0, 2000),
      correlated(visits(), 0, 999, { Type: 0, Count: 0 }),
    ),
    'nothing for a thousand days, then something',
  );
  passes(with_(correlated(visits({ OccurrenceStartDate: lte('2020-01-01') }), -365, 0)), 'years apart');
});

test('the length of an event, an adjustment and observation bind one date by another', () => {
  refused(
    entry(
      visits({
        OccurrenceStartDate: gte('2010-01-01'),
        OccurrenceEndDate: lte('2012-09-27'),
        VisitLength: { Op: 'gte', Value: 1000 },
      }),
    ),
    'length',
  );
  refused(
    {
      ...entry(since('2024-01-01')),
      PrimaryCriteria: {
        CriteriaList: [since('2024-01-01')],
        ObservationWindow: { PriorDays: 0, PostDays: 900 },
      },
    },
    'must be observed until today',
  );
});

test("a period of the definition's own goes with nothing that compares dates", () => {
  const UserDefinedPeriod = { StartDate: D, EndDate: '2022-03-15' };
  const observed = (more: object = {}) => entry({ ObservationPeriod: { UserDefinedPeriod, ...more } });
  passes(observed(), 'alone');
  refused(
    { ...observed(), ...rule(group({ CriteriaList: [correlated(visits())] })) },
    'a visit on its first day',
  );
  refused(observed({ CorrelatedCriteria: group({ CriteriaList: [correlated(visits())] }) }), 'nested');
  refused(observed({ PeriodStartDate: gte(D) }), 'another date');
  refused(observed({ PeriodLength: { Op: 'lte', Value: 3 } }), 'a length');
  refused(
    {
      ...entry(visits()),
      ...rule(group({ CriteriaList: [correlated({ ObservationPeriod: { UserDefinedPeriod } })] })),
    },
    'correlated',
  );
});

test('the censor window is met with every other bound', () => {
  refused({ ...entry(since(D)), CensorWindow: { EndDate: D } }, 'ends on the day');
  refused(
    { ...entry(visits({ OccurrenceStartDate: lte(D) })), CensorWindow: { StartDate: D } },
    'begins on the day',
  );
  refused(
    { ...entry(visits()), CensorWindow: { StartDate: D }, CensoringCriteria: [since(after)] },
    'cut off before it begins',
  );
  passes({ ...entry(since('2010-01-01')), CensorWindow: { EndDate: '2020-12-31' } }, 'years apart');
});

test('bounds near each other tell days apart, whichever way they look', () => {
  const index = (range: object) => ({
    name: 'rule',
    expression: group({ DemographicCriteriaList: [{ OccurrenceStartDate: range }] }),
  });
  refused(entry(onset({ Op: '!eq', Value: D })), 'all but a day');
  refused(
    { ...entry(visits()), InclusionRules: [index(gte(D)), index(gt(D))] },
    'a rule less the one before',
  );
  refused({ ...entry(onset(lte(D))), InclusionRules: [index(lte(before))] }, 'an entry less a rule');
  const none = (Value: string) =>
    correlated({ Measurement: { OccurrenceStartDate: gte(Value) } }, -9000, 0, { Type: 0, Count: 0 });
  refused(
    { ...entry(onset(gte('2024-01-01'))), ...rule(group({ CriteriaList: [none(D), none(after)] })) },
    'none since either of two days',
  );
});

test('a decoy years away hides nothing', () => {
  const decoy = group(
    {
      DemographicCriteriaList: [{ OccurrenceStartDate: gte('2025-01-01') }, { Age: { Op: 'gte', Value: 0 } }],
    },
    'ANY',
  );
  refused(
    { ...entry(visits({ OccurrenceStartDate: lte(D), OccurrenceEndDate: gte(D) })), ...rule(decoy) },
    'census',
  );
  refused({ ...entry(onset({ Op: 'eq', Value: D })), ...rule(decoy) }, 'a day');
});

test('ordinary definitions pass', () => {
  const years = { OccurrenceStartDate: { Op: 'bt', Value: '2010-01-01', Extent: '2019-12-31' } };
  const washout = correlated(visits(), -365, -1, { Type: 0, Count: 0 });
  passes(
    { ...entry({ ConditionOccurrence: years }), ...rule(group({ CriteriaList: [washout] })) },
    'ten years with a washout',
  );
  passes(
    entry(onset({ Op: 'lt', Value: '2015-10-01' }), onset({ Op: 'gte', Value: '2015-10-01' })),
    'a change of coding',
  );
  passes(entry(onset({ Op: '!bt', Value: '2020-03-01', Extent: '2020-06-30' })), 'a spring left out');
  passes(
    {
      ...entry(since('2010-01-01')),
      ...rule(group({ DemographicCriteriaList: [{ OccurrenceStartDate: lte('2019-12-31') }] })),
    },
    'one-sided bounds in two places',
  );
  passes(
    {
      ...entry(since('2010-01-01'), onset(gte('2010-01-01'))),
      ...rule(group({ CriteriaList: [correlated(since('2010-01-01'), 0, 365)] })),
    },
    'the same day again',
  );
  const first = (more: object = {}) =>
    correlated({ Measurement: { OccurrenceStartDate: gt('2019-12-01') } }, -5000, 0, {
      Type: 0,
      Count: 0,
      ...more,
    });
  const firstSince = (list: object[]) => ({
    ...entry(onset(gt('2019-12-01'))),
    ...rule(group({ CriteriaList: list })),
  });
  passes(firstSince([first()]), 'none before since that day');
  refused(
    firstSince([first(), correlated({ Measurement: {} }, -5, -5)]),
    'one five days before, but none since that day',
  );
  refused(
    {
      ...entry(visits()),
      ...rule(
        group({
          CriteriaList: [first()],
          DemographicCriteriaList: [{ OccurrenceStartDate: gte('2019-12-01') }],
        }),
      ),
    },
    'the entry itself is not bound',
  );
  const none = { Type: 0, Count: 0 };
  const era = { ConditionEra: { EraStartDate: gt('2019-12-01') } };
  refused(firstSince([correlated(era, -5000, 0, none)]), 'an era that the entry itself is part of');
  refused(firstSince([{ ...first(), RestrictVisit: true }]), 'of the same visit');
});
