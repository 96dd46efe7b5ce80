/** What a policy says of cohorts that stand on others. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { combinesDates } from '#node/policy/combined.ts';
import { refusedAttributes } from '#node/policy/criteria.ts';
import { judge } from '#node/policy/judge.ts';
import { completePolicy, type PolicyFile } from '#node/policy/policy.ts';
import type { Study } from '#protocol/study.ts';
import { usedAttributes } from '#sql/circe/attributes.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { type CohortSource, readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';

const entry = (criterion: object) => ({ PrimaryCriteria: { CriteriaList: [criterion] } });
const dated = { OccurrenceStartDate: { Op: 'bt', Value: '2010-01-01', Extent: '2011-12-31' } };
const plain: CohortSource = { name: 'plain', definition: entry({ ConditionOccurrence: {} }) };
const windowed: CohortSource = { name: 'windowed', definition: entry({ ConditionOccurrence: dated }) };
const combined = (...of: string[]): CohortSource => ({
  name: 'combined',
  expression: { op: 'intersect', of, by: 'days' },
});

function expressionOf(source: CohortSource): CohortExpression {
  const read = readStudyCohorts([source]);
  const expression = read.ok ? read.cohorts[0]?.expression : undefined;
  return expression ?? assert.fail('no expression');
}

function objections(policy: Partial<PolicyFile>, ...sources: readonly CohortSource[]): string[] {
  const read = readStudyCohorts(sources);
  assert.ok(read.ok, JSON.stringify(read));
  const study = { analyses: [{ kind: 'count' }] } as unknown as Study;
  const expressions = read.cohorts.map(({ expression }) => expression);
  return judge(
    completePolicy({ minimumCell: 5, showZero: true, analyses: ['count'], ...policy }),
    { lead: 'AAAA-BBBB-CCCC-DDDD', study, expressions },
    '2026-06-30',
  ).map(({ rule, says }) => `${rule}: ${says}`);
}

test('cohorts judged together are judged as each alone, and a cohort that many name is looked at once', () => {
  const criteria = fc.constantFrom(
    { Death: {} },
    { ConditionOccurrence: dated },
    { Observation: { ValueAsString: { Op: 'contains', Text: 'x' } } },
    { Measurement: { CodesetId: 0, First: true } },
  );
  const cohortAt = (at: number) =>
    fc.record({ criterion: criteria, names: fc.subarray(Array.from({ length: at }, (_, i) => `c${i}`)) });
  const chains = fc
    .integer({ min: 1, max: 8 })
    .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => cohortAt(i))));
  const names = fc.subarray([
    'Death',
    'Observation.*',
    '*.OccurrenceStartDate',
    'CohortMembership',
    'ConditionOccurrence',
    'Measurement.First',
  ]);
  fc.assert(
    fc.property(chains, names, names, (chain, allow, deny) => {
      const read = readStudyCohorts(
        chain.map(({ criterion, names: of }, i) => ({
          name: `c${i}`,
          definition: {
            PrimaryCriteria: {
              CriteriaList: [criterion, ...of.map((Cohort) => ({ CohortMembership: { Cohort } }))],
            },
          },
        })),
      );
      assert.ok(read.ok, JSON.stringify(read));
      const expressions = read.cohorts.map(({ expression }) => expression);
      const refused = refusedAttributes({ allow, deny });
      const combines = combinesDates();
      for (const each of expressions) {
        assert.deepEqual(refused(each), refusedAttributes({ allow, deny })(each));
        // As without any memory: every cohort's own, then those of the cohorts that it names.
        const used = usedAttributes(each).map(({ attribute, path }) => `${attribute} ${path}`);
        const one = ({ attribute, path }: { attribute: string; path: string }) => `${attribute} ${path}`;
        assert.deepEqual(
          refused(each).map(one),
          used.filter((text) => new Set(refusedAttributes({ allow, deny })(each).map(one)).has(text)),
        );
        assert.equal(combines(each), combinesDates()(each));
      }
    }),
    { numRuns: 100 },
  );
  let looks = 0;
  const inner = {
    ...expressionOf(plain),
    get InclusionRules() {
      looks += 1;
      return [];
    },
  };
  const naming = Array.from({ length: 30 }, (_, i) => ({
    ...expressionOf(plain),
    Cohorts: [{ name: `inner ${i}`, expression: inner }],
  }));
  const judged = (expressions: readonly CohortExpression[]) => {
    looks = 0;
    const policy = { minimumCell: 5, showZero: true, analyses: ['count' as const], minimumWindowDays: 30 };
    const study = { analyses: [{ kind: 'count' }] } as unknown as Study;
    judge(
      completePolicy({ ...policy, criteria: { deny: ['Death'] } }),
      { lead: 'AAAA-BBBB-CCCC-DDDD', study, expressions },
      '2026-06-30',
    );
    return looks;
  };
  assert.ok(judged(naming.slice(0, 1)) > 0);
  assert.equal(judged(naming), judged(naming.slice(0, 1)));
});

test('what an inner cohort uses is refused in it and in all that stand on it', () => {
  const member: CohortSource = {
    name: 'member',
    definition: entry({ CohortMembership: { Cohort: 'deaths', First: true } }),
  };
  const deaths: CohortSource = { name: 'deaths', definition: entry({ Death: {} }) };
  assert.deepEqual(objections({ criteria: { deny: ['Death'] } }, deaths, member), [
    'criteria: cohort 1 uses Death ($.PrimaryCriteria.CriteriaList[0].Death)',
    'criteria: cohort 2 uses Death (cohort "deaths" $.PrimaryCriteria.CriteriaList[0].Death)',
  ]);
  assert.deepEqual(objections({ criteria: { deny: ['CohortMembership.First'] } }, deaths, member).length, 1);
  assert.deepEqual(
    objections({ criteria: { deny: ['Combination'] } }, plain, windowed, combined('plain', 'windowed')),
    ['criteria: cohort 3 uses Combination.intersect ($.expression)'],
  );
  const named = '\u202edeaths\u009b2J';
  const turned: CohortSource = { name: 'it', definition: entry({ CohortMembership: { Cohort: named } }) };
  assert.match(
    objections({ criteria: { deny: ['Death'] } }, { ...deaths, name: named }, turned)[1] ?? '',
    /cohort "\\u202edeaths\\u009b2J"/,
    'a name acts on no terminal',
  );
  const allow = { criteria: { allow: ['Death'] } };
  assert.equal(
    objections(allow, deaths, member).length,
    3,
    'membership has to be allowed by name, with what it asks',
  );
  assert.deepEqual(objections({ criteria: { allow: ['Death', 'CohortMembership'] } }, deaths, member), []);
});

test('under a least window, cohorts of dates do not stand on one another', () => {
  const under = { minimumWindowDays: 90 };
  assert.deepEqual(objections(under, plain, windowed), []);
  assert.deepEqual(objections({}, plain, windowed, combined('plain', 'windowed')), []);
  assert.match(
    objections(under, plain, windowed, combined('plain', 'windowed')).join(),
    /^window: cohort 3 stands on others/,
  );
  const member: CohortSource = {
    name: 'member',
    definition: entry({ CohortMembership: { Cohort: 'windowed' } }),
  };
  assert.match(objections(under, windowed, member).join(), /window: cohort 2 stands on others/);
  assert.deepEqual(objections(under, plain, { ...plain, name: 'other' }, combined('plain', 'other')), []);
});
