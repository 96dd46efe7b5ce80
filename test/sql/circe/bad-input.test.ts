/** What a definition must not get away with: each fault has a code, its JSON path and, where there is one, a remedy. */

import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { compile } from '#sql/circe/compile.ts';
import { type ReadResult, read } from '#sql/circe/read.ts';
import { cohortStatement } from '#sql/circe/statement.ts';
import { cohort, conceptSet, correlated, group, item } from './definitions.ts';
import { concept, semantics, sick, sickness } from './scene.ts';

const plain = cohort([sick], { ConceptSets: [conceptSet(0, 1)] });
const rule = (expression: object) => ({ ...plain, InclusionRules: [{ name: 'r', expression }] });

function faultsOf(result: ReadResult): readonly string[] {
  return result.ok ? [] : result.findings.map(({ code, path }) => `${code} ${path}`);
}
const faults = (definition: object | string) =>
  faultsOf(read(typeof definition === 'string' ? definition : JSON.stringify(definition)));
const swapped = (from: string, to: string) => {
  const text = JSON.stringify(plain);
  assert.ok(text.includes(from), from);
  return text.replace(from, to);
};

describe('text that is no definition', () => {
  it('is refused wherever it breaks off', () => {
    const text = JSON.stringify(plain);
    for (let at = 0; at < text.length; at += 7) assert.deepEqual(faults(text.slice(0, at)), ['not-json $']);
    for (const odd of [
      '{} {}',
      '{"a":NaN}',
      '{"a":Infinity}',
      "{'a':1}",
      '{"a":1,}',
      '\u0000',
      '\uFEFF\uFEFF{}',
    ])
      assert.deepEqual(faults(odd), ['not-json $'], odd);
  });

  it('is refused where it nests too deep, at 500 levels and at a million', () => {
    const groups = (levels: number): object =>
      levels === 0 ? group('ALL', []) : group('ALL', [], { Groups: [groups(levels - 1)] });
    assert.deepEqual(faults(rule(groups(500))), ['not-json $']);
    assert.deepEqual(faults(`${'{"Groups":['.repeat(1_000_000)}${']}'.repeat(1_000_000)}`), ['not-json $']);
    assert.match(JSON.stringify(read(JSON.stringify(rule(groups(500))))), /nested more than 200 deep/);
  });

  it('takes a byte order mark', () => {
    assert.deepEqual(faults(`\uFEFF${JSON.stringify(plain, null, 2)}`), []);
  });
});

describe('properties', () => {
  it('that stand twice are refused by their paths, however they are written', () => {
    const twice = 'duplicate-property';
    assert.deepEqual(faults(swapped('"EraPad":0', '"EraPad":0,"EraPad":30')), [
      `${twice} $.CollapseSettings.EraPad`,
    ]);
    assert.deepEqual(faults(swapped('"EraPad":0', '"EraPad" : 0,\n"\\u0045raPad"\n:\t30')), [
      `${twice} $.CollapseSettings.EraPad`,
    ]);
    assert.deepEqual(faults(swapped('"CodesetId":0', '"CodesetId":0,"CodesetId":0')), [
      `${twice} $.PrimaryCriteria.CriteriaList[0].ConditionOccurrence.CodesetId`,
    ]);
    assert.deepEqual(faults(swapped('"InclusionRules":[]', '"InclusionRules":[],"InclusionRules":[]')), [
      `${twice} $.InclusionRules`,
    ]);
  });

  it('that only look as if they stood twice are read', () => {
    assert.deepEqual(faults(swapped('"set 0"', String.raw`"\"id\": 1, \"id\": 2 {\\"`)), []);
    assert.deepEqual(faults({ ...plain, ConceptSets: [conceptSet(0, 1), conceptSet(1, 1)] }), []);
  });

  it('that nobody knows are refused, also those that JavaScript knows', () => {
    for (const name of ['Foo', '__proto__', 'constructor', 'toString', 'primaryCriteria'])
      assert.deepEqual(faults(swapped('"ConceptSets"', `"${name}":{"a":1},"ConceptSets"`)), [
        `unknown-property $.${name}`,
      ]);
    const inConcept = swapped('"CONCEPT_ID":1', '"CONCEPT_ID":1,"__proto__":{"CONCEPT_ID":2}');
    assert.deepEqual(faults(inConcept), [
      'unknown-property $.ConceptSets[0].expression.items[0].concept.__proto__',
    ]);
  });
});

describe('numbers', () => {
  const conceptId = '$.ConceptSets[0].expression.items[0].concept.CONCEPT_ID';

  it('beyond 64 bits are no concept id; up to there they are exact', () => {
    for (const id of [
      '9223372036854775808',
      '-9223372036854775809',
      '123456789012345678901234567890',
      '1e30',
    ])
      assert.deepEqual(
        faults(swapped('"CONCEPT_ID":1', `"CONCEPT_ID":${id}`)),
        [`too-large ${conceptId}`],
        id,
      );
    for (const id of ['1e400', '1.5', '"1; drop table x"', 'true', '{}'])
      assert.deepEqual(
        faults(swapped('"CONCEPT_ID":1', `"CONCEPT_ID":${id}`)),
        [`not-an-integer ${conceptId}`],
        id,
      );
    const most = swapped('"CONCEPT_ID":1', '"CONCEPT_ID":9223372036854775807');
    const result = read(most);
    assert.ok(result.ok);
    assert.equal(result.expression.ConceptSets[0]?.items[0]?.concept.CONCEPT_ID, 9223372036854775807n);
  });

  it('that are none, infinite or beyond 32 bits are refused where days and ranges stand', () => {
    const offset = (value: string) =>
      faults(swapped('"Offset":0', `"Offset":${value}`)).map((fault) => fault.replace(/ .*Offset$/, ''));
    for (const value of ['1e400', '1.5', '2147483648', '-2147483649', '99999999999999999999', '"x"', '[]'])
      assert.deepEqual(offset(value), ['not-an-integer'], value);
    assert.deepEqual(offset('100001'), ['too-large']);
    const age = (value: string) =>
      faults(
        JSON.stringify(cohort([{ ConditionOccurrence: { Age: { Op: 'gt', Value: '@' } } }])).replace(
          '"@"',
          value,
        ),
      );
    for (const value of ['1e400', '-1e400', '1e300', '99999999999999999999', '"1e3"', '""', 'null'])
      assert.equal(age(value).length, 1, value);
    assert.deepEqual(age('0.5'), []);
  });
});

describe('dates', () => {
  const started = (Value: unknown) =>
    faults(cohort([{ ConditionOccurrence: { OccurrenceStartDate: { Op: 'gt', Value } } }])).map(
      (fault) => fault.split(' ')[0],
    );

  it('that no calendar has are refused', () => {
    const none = [
      '2023-02-30',
      '2023-02-29',
      '1900-02-29',
      '2023-13-01',
      '2023-00-10',
      '2023-01-00',
      '0000-01-01',
    ];
    const odd = [
      '20230101',
      '2023-1',
      '01/02/2023',
      '2023-01-01T00:00:00Z',
      "2023-01-01'",
      'now',
      '',
      ' 2023-01-01',
    ];
    for (const date of [...none, ...odd]) assert.deepEqual(started(date), ['not-a-date'], date);
    for (const date of [20230101, true, {}]) assert.deepEqual(started(date), ['not-a-text']);
    for (const date of ['2024-02-29', '2000-02-29', '9999-12-31']) assert.deepEqual(started(date), [], date);
  });
});

test('every fault of a definition is told at once', () => {
  const criteria: readonly unknown[] = [
    { ConditionOccurrence: { CodesetId: 'x', First: 'yes', Age: { Op: 'about', Value: 1 } } },
    7,
    { Nothing: {} },
  ];
  const result = read(
    JSON.stringify({
      ...cohort(criteria as readonly object[]),
      CensorWindow: { StartDate: '2023-02-30' },
      Extra: 1,
    }),
  );
  assert.ok(!result.ok);
  assert.equal(new Set(result.findings.map(({ path }) => path)).size, 7);
});

semantics('negative windows look to the other side, as Circe has it', async (cdm) => {
  await cdm.person(1);
  await cdm.add(
    'condition_occurrence',
    sickness(1, '2010-01-10'),
    sickness(1, '2010-01-05', { condition_concept_id: 2 }),
  );
  const other = { ConditionOccurrence: { CodesetId: 1 } };
  const window = (Days: number, Coeff: number) => ({
    StartWindow: { Start: { Days, Coeff }, End: { Days: 0, Coeff: 1 } },
  });
  const found = async (days: number, coeff: number) =>
    (
      await cdm.rows({
        ...rule(group('ALL', [correlated(other, window(days, coeff))])),
        ConceptSets: [conceptSet(0, 1), conceptSet(1, 2)],
      })
    ).length;
  assert.equal(await found(5, -1), 1);
  assert.equal(await found(-5, 1), 1);
  assert.equal(await found(5, 1), 0);
  assert.equal(await found(-5, -1), 0);
});

semantics(
  'large definitions give their answer: 10,000 concepts, 4 MB of words, 90 groups deep',
  async (cdm) => {
    await cdm.add('concept', ...Array.from({ length: 20 }, (_, at) => concept(9_000 + at * 50)));
    await cdm.person(1);
    await cdm.add('condition_occurrence', sickness(1, '2010-01-01', { condition_concept_id: 9_950 }));
    const items = Array.from({ length: 10_000 }, (_, at) => item(at));
    const large = { id: 0, name: 'large', expression: { items } };
    const definition = { ...cohort([sick]), ConceptSets: [large] };
    assert.deepEqual(await cdm.rows(definition), ['1 2010-01-01 2010-01-01']);
    const description = 'a long word '.repeat(350_000);
    const wordy = {
      ...definition,
      InclusionRules: [{ name: 'r', description, expression: group('ALL', []) }],
    };
    assert.ok(JSON.stringify(wordy).length > 4_000_000);
    assert.deepEqual(await cdm.rows(wordy), ['1 2010-01-01 2010-01-01']);
    const deep = (levels: number): object =>
      levels === 0 ? group('ALL', [correlated(sick)]) : group('ANY', [], { Groups: [deep(levels - 1)] });
    const nested = { ...definition, InclusionRules: [{ name: 'r', expression: deep(90) }] };
    assert.deepEqual(await cdm.rows(nested), ['1 2010-01-01 2010-01-01']);
  },
);

semantics('a concept id that CDM cannot hold is in no table', async (cdm) => {
  await cdm.person(1);
  await cdm.add('condition_occurrence', sickness(1, '2010-01-01'));
  const beyond = JSON.parse(JSON.stringify(plain).replace('"CONCEPT_ID":1,', '"CONCEPT_ID":3000000000,'));
  assert.deepEqual(await cdm.rows(beyond), []);
  const listed = (id: number) => cohort([{ ConditionOccurrence: { ConditionType: [{ CONCEPT_ID: id }] } }]);
  assert.deepEqual(await cdm.rows(listed(3_000_000_000)), []);
});

test('a text of SQL anywhere in a definition is a name or a value, never a statement', () => {
  const evil = `x'); drop table cdm.person; --\\' $1 $$`;
  const criterion = {
    DrugExposure: {
      CodesetId: 0,
      LotNumber: { Op: 'eq', Text: evil },
      StopReason: { Op: '!contains', Text: evil },
      DrugType: [{ CONCEPT_ID: 1, CONCEPT_NAME: evil, DOMAIN_ID: evil, CONCEPT_CODE: evil }],
    },
  };
  const set = {
    id: 0,
    name: evil,
    expression: { items: [{ concept: { CONCEPT_ID: 1, CONCEPT_NAME: evil } }] },
  };
  const rules = [{ name: evil, description: evil, expression: group('ALL', [correlated(criterion)]) }];
  const result = read(
    JSON.stringify(cohort([criterion], { ConceptSets: [set], InclusionRules: rules, Title: evil })),
  );
  assert.ok(result.ok, JSON.stringify(result));
  const sql = cohortStatement(compile(result.expression, { cdmSchema: 'cdm', conceptSets: 'inline' }));
  const bare = sql.replaceAll(/E'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'/gs, '');
  assert.doesNotMatch(bare, /drop|\$1|--/);
  for (const [name, value] of [
    ['CountColumn', evil],
    ['Type', evil],
  ] as const) {
    const occurrence = { Type: 2, Count: 1, [name]: value };
    assert.match(
      faults(rule(group('ALL', [{ ...correlated(sick), Occurrence: occurrence }]))).join(),
      new RegExp(`Occurrence.${name}`),
    );
  }
});
