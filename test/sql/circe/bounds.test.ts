/** Numbers and depths that could only make a run fail, and so tell by failing what the data hold, are refused at reading. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';
import { read } from '#sql/circe/read.ts';
import { refusals } from '#sql/circe/refusal.ts';

const definition = (change: (whole: ReturnType<typeof plain>) => object) => JSON.stringify(change(plain()));

function plain() {
  return {
    ConceptSets: [],
    PrimaryCriteria: {
      CriteriaList: [{ ObservationPeriod: {} }] as object[],
      ObservationWindow: { PriorDays: 0, PostDays: 0 },
      PrimaryCriteriaLimit: { Type: 'All' },
    },
    InclusionRules: [] as object[],
    CensoringCriteria: [],
    CollapseSettings: { CollapseType: 'ERA', EraPad: 0 },
  };
}

function faultOf(text: string): string | undefined {
  const result = read(text);
  return result.ok ? undefined : result.findings.map(({ path, code }) => `${path} ${code}`).join('; ');
}

it('reads 100,000 days and refuses one more, wherever days stand', () => {
  const offset = (Offset: number) =>
    definition((it) => ({ ...it, EndStrategy: { DateOffset: { DateField: 'StartDate', Offset } } }));
  assert.equal(faultOf(offset(100_000)), undefined);
  assert.match(faultOf(offset(100_001)) ?? '', /DateOffset\.Offset too-large/);
  assert.match(faultOf(offset(2_147_483_647)) ?? '', /Offset too-large/);
  const pad = definition((it) => ({
    ...it,
    CollapseSettings: { CollapseType: 'ERA', EraPad: 2_000_000_000 },
  }));
  assert.match(faultOf(pad) ?? '', /EraPad too-large/);
  const prior = definition((it) => ({
    ...it,
    PrimaryCriteria: { ...it.PrimaryCriteria, ObservationWindow: { PriorDays: 100_001, PostDays: -100_001 } },
  }));
  assert.match(faultOf(prior) ?? '', /PriorDays too-large; .*PostDays too-large/);
  const window = (Days: number, Coeff: number) =>
    definition((it) => ({
      ...it,
      InclusionRules: [
        {
          name: 'r',
          expression: {
            Type: 'ALL',
            CriteriaList: [
              {
                Criteria: { ObservationPeriod: {} },
                StartWindow: { Start: { Days, Coeff }, End: { Days: 0, Coeff: 1 } },
                Occurrence: { Type: 2, Count: 1 },
              },
            ],
            DemographicCriteriaList: [],
            Groups: [],
          },
        },
      ],
    }));
  assert.equal(faultOf(window(365, -1)), undefined);
  assert.match(faultOf(window(100_001, -1)) ?? '', /Days too-large/);
  assert.match(faultOf(window(365, 1000)) ?? '', /Coeff unknown-word/);
});

it('refuses criteria nested beyond sixteen levels', () => {
  const nested = (levels: number): object => ({
    ObservationPeriod:
      levels === 0
        ? {}
        : {
            CorrelatedCriteria: {
              Type: 'ALL',
              CriteriaList: [
                {
                  Criteria: nested(levels - 1),
                  StartWindow: { Start: { Coeff: -1 }, End: { Coeff: 1 } },
                  Occurrence: { Type: 2, Count: 1 },
                },
              ],
              DemographicCriteriaList: [],
              Groups: [],
            },
          },
  });
  const deep = (levels: number) =>
    definition((it) => ({
      ...it,
      PrimaryCriteria: { ...it.PrimaryCriteria, CriteriaList: [nested(levels)] },
    }));
  assert.equal(faultOf(deep(16)), undefined);
  assert.match(faultOf(deep(17)) ?? '', /too-deep/);
});

it('reads whole numbers in quotes, as the JSON library of Circe does, and nothing else in quotes', () => {
  const prior = (PriorDays: unknown) =>
    definition((it) => ({
      ...it,
      PrimaryCriteria: { ...it.PrimaryCriteria, ObservationWindow: { PriorDays, PostDays: '0' } },
    }));
  const result = read(prior('-365'));
  assert.ok(result.ok);
  assert.deepEqual(result.expression.PrimaryCriteria.ObservationWindow, { PriorDays: -365, PostDays: 0 });
  for (const wrong of ['', ' 1', '1.0', '1e3', '0x1', '99999999999', '1;', 'one'])
    assert.match(faultOf(prior(wrong)) ?? '', /PriorDays not-an-integer/);
});

it('refuses more criteria in one statement than a database has memory for, those of named cohorts included', () => {
  const many = (criteria: number, more: object = { ObservationPeriod: {} }) => ({
    ...plain(),
    InclusionRules: [
      {
        name: 'r',
        expression: {
          Type: 'ANY',
          CriteriaList: Array.from({ length: criteria }, () => ({
            Criteria: more,
            StartWindow: { Start: { Coeff: -1 }, End: { Coeff: 1 } },
            Occurrence: { Type: 2, Count: 1 },
          })),
          DemographicCriteriaList: [],
          Groups: [],
        },
      },
    ],
  });
  const codes = (...definitions: readonly object[]) => {
    const result = readStudyCohorts(definitions.map((one, i) => ({ name: `c${i}`, definition: one })));
    assert.ok(result.ok, JSON.stringify(result));
    return result.cohorts.map(({ expression }) => refusals(expression).map(({ code }) => code));
  };
  assert.deepEqual(codes(many(4999), many(5000)), [[], ['too-many-criteria']]);
  const standing = many(1, { CohortMembership: { Cohort: 'c0' } });
  assert.deepEqual(codes(many(4998), standing), [[], ['too-many-criteria']]);
  assert.deepEqual(codes(many(4996), standing), [[], []]);
});
