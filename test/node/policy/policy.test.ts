/** Every rule of a policy refuses and permits; a bad file is refused with every fault of it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultPolicyFile } from '#node/policy/default-file.ts';
import { judge } from '#node/policy/judge.ts';
import { completePolicy, type PolicyFile, personsNeeded } from '#node/policy/policy.ts';
import { readPolicy } from '#node/policy/read.ts';
import { policyInWords } from '#node/policy/words.ts';
import { MoimError } from '#protocol/errors.ts';
import type { Study } from '#protocol/study.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';
import { read } from '#sql/circe/read.ts';

const lead = 'AAAA-BBBB-CCCC-DDDD';
const three = 'minimumCell = 5\nshowZero = true\nanalyses = ["count"]\n';
const base: PolicyFile = { minimumCell: 5, showZero: true, analyses: ['count'] };
const study = {
  purpose: 'To know',
  sponsor: 'A foundation',
  ethicsReference: 'EK 12/2026',
  end: '2026-12-31',
  analyses: [{ kind: 'count' }],
} as unknown as Study;

function expressionOf(definition: object): CohortExpression {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  return result.expression;
}

const entry = (criterion: object) => expressionOf({ PrimaryCriteria: { CriteriaList: [criterion] } });
const condition = entry({ ConditionOccurrence: { CodesetId: 1 } });

/** The rules that object. */
const objections = (
  policy: Partial<PolicyFile>,
  expression: CohortExpression = condition,
  more: Partial<Study> = {},
) =>
  judge(
    completePolicy({ ...base, ...policy }),
    { lead, study: { ...study, ...more }, expressions: [expression] },
    '2026-06-30',
  ).map(({ rule, says }) => `${rule}: ${says}`);

function faultsOf(text: string): string {
  try {
    readPolicy(text, 'policy.toml');
  } catch (cause) {
    assert.ok(cause instanceof MoimError);
    assert.equal(cause.code, 'bad-input');
    return cause.message;
  }
  return assert.fail('the file was taken');
}

test('a file of the first three keys stays valid and permits what it permitted', () => {
  const policy = completePolicy(readPolicy(three, 'policy.toml'));
  assert.equal(policy.permit, 'automatic');
  assert.equal(policy.release, 'automatic');
  assert.equal(personsNeeded(policy), 0);
  assert.deepEqual(objections({}), []);
});

test('the default file is valid, and its examples are too', () => {
  assert.deepEqual(completePolicy(readPolicy(defaultPolicyFile, 'default')), completePolicy({ ...base }));
  const examples = defaultPolicyFile
    .replace(
      /^# (leads|countParts|requiredFields|minimumWindowDays|\[criteria\]|deny|\[quota\]|perLeadPerDay|perDay)/gm,
      '$1',
    )
    .replace('ABCD-EFGH-IJKL-MNOP', lead);
  const policy = readPolicy(examples, 'examples');
  assert.deepEqual({ ...policy.quota }, { perLeadPerDay: 20, perDay: 100 });
  assert.equal(policy.criteria?.deny?.length, 8);
  const [named, standing] = [
    { name: 'a', definition: { PrimaryCriteria: { CriteriaList: [{ Death: {} }] } } },
    { name: 'b', definition: { PrimaryCriteria: { CriteriaList: [{ CohortMembership: { Cohort: 'a' } }] } } },
  ];
  const apart = { name: 'c', expression: { op: 'minus', of: ['a', 'b'], by: 'persons' } as const };
  const read = readStudyCohorts([named, standing, apart]);
  assert.ok(read.ok);
  const [of, member, minus] = read.cohorts.map(({ expression }) =>
    objections({ criteria: policy.criteria ?? {} }, expression),
  );
  assert.deepEqual(of, []);
  assert.match(member?.[0] ?? '', /^criteria: cohort 1 uses CohortMembership /);
  assert.match(minus?.[0] ?? '', /^criteria: cohort 1 uses Combination\.minus /);
});

test('parts of a count are permitted unless the policy names those that are', () => {
  const asked = { analyses: [{ kind: 'count', parts: ['gain', 'year'], years: { from: 2010, to: 2020 } }] };
  const of = (policy: Partial<PolicyFile>) => objections(policy, condition, asked as Partial<Study>);
  assert.deepEqual(of({}), []);
  assert.deepEqual(of({ countParts: ['year', 'gain'] }), []);
  assert.deepEqual(of({ countParts: ['year'] }), ['analyses: the part gain of count is not permitted']);
  assert.equal(of({ countParts: [] }).length, 2);
  assert.deepEqual(of({ minimumWindowDays: 365 }), []);
  assert.deepEqual(of({ minimumWindowDays: 366 }), [
    'window: the part year of count tells single years apart',
  ]);
  assert.deepEqual(objections({ countParts: [] }), [], 'a count without parts is asked for none');
  const words = (countParts: PolicyFile['countParts']) =>
    policyInWords({
      version: 1,
      policy: completePolicy({ ...base, ...(countParts ? { countParts } : {}) }),
      hash: '',
      appliedBy: null,
    }).join(' ');
  assert.match(words(['year']), /these may be given: year\./);
  assert.match(words([]), /these may be given: none\./);
  assert.doesNotMatch(words(undefined), /may be given/);
});

test('a calendar year cuts no short window out of a wide one', () => {
  const dated = (Value: string, Extent: string) =>
    entry({ ConditionOccurrence: { OccurrenceStartDate: { Op: 'bt', Value, Extent } } });
  const of = (expression: CohortExpression, from: number, to: number) =>
    objections({ minimumWindowDays: 90 }, expression, {
      analyses: [{ kind: 'count', parts: ['year'], years: { from, to } }],
    } as Partial<Study>).map((says) => says.replace(/ \(.*/, ''));
  const [twoDays, ofToday] = [dated('2020-12-30', '2021-12-31'), dated('2015-01-01', '2026-06-30')];
  assert.deepEqual(objections({ minimumWindowDays: 90 }, twoDays), []);
  assert.ok(
    of(twoDays, 2019, 2022).includes(
      'window: cohort 1 may single out as few as 2 days, 2020-12-30 to 2020-12-31',
    ),
  );
  assert.ok(
    of(twoDays, 2010, 2020).length > 0,
    'the last year told apart is one of two days, and so is what is before the first',
  );
  assert.ok(of(twoDays, 2021, 2021).length > 0);
  assert.deepEqual(of(dated('2015-01-01', '2020-12-31'), 2015, 2020), []);
  assert.deepEqual(of(ofToday, 2015, 2025), [], 'what is after them reaches to today, half a year');
  assert.deepEqual(of(condition, 2010, 2030), [], 'years to come are whole or empty');
  const early = judge(
    completePolicy({ ...base, minimumWindowDays: 90 }),
    {
      lead,
      study: {
        ...study,
        analyses: [{ kind: 'count', parts: ['year'], years: { from: 2020, to: 2025 } }],
      } as Study,
      expressions: [condition],
    },
    '2026-01-05',
  );
  assert.match(early[0]?.says ?? '', /as few as 5 days, 2026-01-01 to 2026-01-05/);
});

test('a bad file is refused with every fault', () => {
  const message = faultsOf(`minimumCell = 0
showZero = "yes"
analyses = ["count"]
minimumcell = 3
permit = "two-person"
[criteria]
deny = ["Observation.ValueAsText", "Deaths", "observation.Unit"]
[quota]
perWeek = 5
`);
  for (const place of [
    '/minimumCell',
    '/showZero',
    '/minimumcell: not a known member',
    '/permit',
    '/criteria/deny/0',
    '/criteria/deny/1',
    '/criteria/deny/2',
    '/quota/perWeek',
  ])
    assert.ok(message.includes(place), `${place} in ${message}`);
  assert.match(faultsOf('minimumCell = '), /not TOML at line 1/);
  assert.match(faultsOf('showZero = true\nanalyses = []'), /minimumCell/);
});

test('leads: of the accepted ones only those named may ask', () => {
  assert.deepEqual(objections({ leads: [lead] }), []);
  assert.match(objections({ leads: ['EEEE-FFFF-GGGG-HHHH'] })[0] ?? '', /^leads: /);
});

test('analyses: one that is not named may not run', () => {
  assert.match(objections({ analyses: [] })[0] ?? '', /^analyses: .*count/);
});

test('required fields: absent, blank and empty words are refused', () => {
  const needs: Partial<PolicyFile> = { requiredFields: ['legalBasis', 'ethicsReference', 'end'] };
  assert.deepEqual(objections(needs, condition, { legalBasis: 'GDPR Art. 9(2)(j)' }), []);
  assert.equal(objections(needs).length, 1);
  for (const word of ['none', ' - ', 'N/A', 'tbd', '…', 'Unknown'])
    assert.equal(objections(needs, condition, { legalBasis: word }).length, 1, word);
});

test('criteria: denied by type, by attribute, by attribute of every type, in every form of it', () => {
  const specialty = entry({
    ConditionOccurrence: { ProviderSpecialtyCS: { CodesetId: 1, IsExclusion: false } },
  });
  for (const deny of [
    'ConditionOccurrence',
    'ConditionOccurrence.*',
    'ConditionOccurrence.ProviderSpecialty',
    'ConditionOccurrence.ProviderSpecialtyCS',
    '*.ProviderSpecialty',
    '*',
  ])
    assert.ok(objections({ criteria: { deny: [deny] } }, specialty).length > 0, deny);
  for (const deny of [
    'DrugExposure',
    '*.Age',
    'VisitOccurrence.ProviderSpecialty',
    'DemographicCriteria.Race',
  ])
    assert.deepEqual(objections({ criteria: { deny: [deny] } }, specialty), [], deny);
});

test('criteria: where some are allowed, the others are not', () => {
  assert.deepEqual(objections({ criteria: { allow: ['ConditionOccurrence'] } }), []);
  assert.deepEqual(objections({ criteria: { allow: ['ConditionOccurrence.CodesetId'] } }), []);
  assert.match(
    objections({ criteria: { allow: ['ConditionOccurrence.Age'] } })[0] ?? '',
    /cohort 1 uses ConditionOccurrence\.CodesetId \(\$\.PrimaryCriteria\.CriteriaList\[0\]/,
  );
  assert.equal(objections({ criteria: { allow: ['DrugExposure'] } }).length, 2);
  assert.equal(
    objections({ criteria: { allow: ['ConditionOccurrence'], deny: ['ConditionOccurrence.CodesetId'] } })
      .length,
    1,
    'what is denied stays denied',
  );
});

test('window: dates may not single out fewer days', () => {
  const week = entry({
    ConditionOccurrence: { OccurrenceStartDate: { Op: 'bt', Value: '2020-01-01', Extent: '2020-01-07' } },
  });
  assert.deepEqual(objections({ minimumWindowDays: 7 }, week), []);
  assert.match(
    objections({ minimumWindowDays: 8 }, week)[0] ?? '',
    /^window: .*7 days, 2020-01-01 to 2020-01-07/,
  );
});

test('every rule is told at once', () => {
  const all = objections({
    leads: ['EEEE-FFFF-GGGG-HHHH'],
    analyses: [],
    requiredFields: ['funding'],
    criteria: { deny: ['ConditionOccurrence'] },
  });
  assert.deepEqual(
    [...new Set(all.map((line) => line.split(':')[0]))],
    ['leads', 'analyses', 'fields', 'criteria'],
  );
});

test('how many persons are needed', () => {
  const needs = (file: Partial<PolicyFile>) => personsNeeded(completePolicy({ ...base, ...file }));
  assert.equal(needs({ permit: 'one-person' }), 1);
  assert.equal(needs({ permit: 'two-persons' }), 2);
  assert.equal(needs({ release: 'reviewed' }), 1);
  assert.equal(needs({ permit: 'two-persons', release: 'reviewed' }), 2);
});

test('the words name every rule', () => {
  const words = (file: Partial<PolicyFile>) =>
    policyInWords({
      version: 2,
      policy: completePolicy({ ...base, ...file }),
      hash: '',
      appliedBy: 'eve',
    }).join('\n');
  assert.match(words({}), /Policy version 2, put in force by eve\./);
  assert.match(words({}), /run without asking a person/);
  assert.match(words({ permit: 'two-persons' }), /two persons/);
  assert.match(words({ release: 'reviewed' }), /approved by their hash/);
  assert.match(words({ criteria: { deny: ['Death'] } }), /refused: Death/);
  assert.match(words({ criteria: { allow: ['Death'] } }), /alone: Death/);
  assert.match(words({ minimumWindowDays: 30 }), /fewer than 30 days/);
  assert.match(words({ quota: { perLeadPerDay: 2, perDay: 9 } }), /2 of each lead, 9 in all/);
  assert.match(words({ requiredFields: ['contact'] }), /contact/);
  assert.match(words({ leads: [lead] }), new RegExp(lead));
});
