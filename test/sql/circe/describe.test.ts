/** Definitions in words: all of them, in both languages, and nothing of one language in the other. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { knownAttributes } from '#sql/circe/attributes.ts';
import type { Attribute } from '#sql/circe/criteria/attribute.ts';
import { criterionTypes, demographicAttributes, describeType } from '#sql/circe/criteria/types.ts';
import { attributeWords, countWords, typeWords } from '#sql/circe/describe/words.ts';
import { describe, isLanguageCode } from '#sql/circe/describe.ts';
import { readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';
import { read } from '#sql/circe/read.ts';
import { dataSet, withoutData } from '#test/support/data.ts';
import { cohort, correlated, group } from './definitions.ts';

const languages = ['en', 'ko'] as const;
const korean = /[가-힣]/;
const latin = /[A-Za-z]/;

function tell(definition: object, language: 'en' | 'ko'): string {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  return describe(result.expression, language).join('\n');
}

/** JSON that uses the attribute and holds no name; undefined where it is but a switch of another. */
function example(attribute: Attribute): unknown {
  switch (attribute.kind) {
    case 'codeset':
    case 'set-filter':
      return 7;
    case 'first':
    case 'flag':
    case 'abnormal':
      return true;
    case 'cohort':
      return '77';
    case 'concepts':
    case 'unanswerable':
      return [{ CONCEPT_ID: 77 }, { CONCEPT_ID: 78 }];
    case 'selection':
      return { CodesetId: 7, IsExclusion: true };
    case 'dates':
      return { Op: 'bt', Value: '2011-01-01', Extent: '2012-01-01' };
    case 'number':
    case 'age':
      return { Op: '!bt', Value: 77, Extent: 78 };
    case 'text':
      return { Op: 'contains', Text: '77' };
    case 'adjustment':
      return { StartWith: 'END_DATE', StartOffset: 77, EndWith: 'END_DATE', EndOffset: 78 };
    case 'period':
      return { StartDate: '2011-01-01', EndDate: '2012-01-01' };
    case 'group':
      return group('ANY', [correlated({ Death: {} })]);
    case 'exclude':
      return undefined;
  }
}

test('every type, attribute and count has its own word in both languages, and no word is for nothing', () => {
  const known = new Set(knownAttributes().flatMap((name) => [name, name.split('.')[1] ?? '']));
  for (const name of Object.keys(attributeWords)) assert.ok(known.has(name), `${name} is an attribute`);
  for (const name of Object.keys(typeWords)) assert.ok(Object.hasOwn(criterionTypes, name), name);
  for (const type of Object.keys(criterionTypes)) {
    assert.ok(Object.hasOwn(typeWords, type), `${type} lacks its word`);
    const { attributes, counts } = describeType(type as keyof typeof criterionTypes);
    for (const column of Object.keys(counts))
      assert.ok(Object.hasOwn(countWords, column), `${column} lacks its word`);
    for (const [name, attribute] of Object.entries({ ...attributes, ...demographicAttributes } as Record<
      string,
      Attribute
    >)) {
      if (['first', 'exclude', 'abnormal', 'adjustment', 'period', 'group'].includes(attribute.kind))
        continue;
      const bare = name.replace(/CS$/, '');
      assert.ok(
        [name, bare].some((one) => Object.hasOwn(attributeWords, one)),
        `${name} lacks its word`,
      );
    }
  }
  for (const words of [typeWords, attributeWords, countWords])
    for (const [name, { en, ko }] of Object.entries(words)) {
      assert.doesNotMatch(en, korean, name);
      assert.doesNotMatch(ko, latin, name);
      assert.match(ko, korean, name);
    }
});

test('tells every attribute of every type, in Korean without a letter of English', () => {
  let told = 0;
  for (const type of Object.keys(criterionTypes)) {
    const { attributes } = describeType(type as keyof typeof criterionTypes);
    for (const [name, attribute] of Object.entries(attributes)) {
      const value = example(attribute);
      if (value === undefined) continue;
      for (const language of languages) {
        const bare = tell(cohort([{ [type]: {} }]), language);
        const text = tell(cohort([{ [type]: { [name]: value } }]), language);
        assert.notEqual(text, bare, `${type}.${name} in ${language}`);
        if (language === 'ko') assert.doesNotMatch(text, latin, `${type}.${name}`);
        else assert.doesNotMatch(text, korean, `${type}.${name}`);
        // What the attribute asks for stands there, not its name alone.
        if (/^(7|\[|\{)/.test(JSON.stringify(value)) && !['unanswerable', 'group'].includes(attribute.kind))
          assert.match(text, /7|2011-01-01/, `${type}.${name}`);
      }
      told += 1;
    }
  }
  assert.ok(told > 250, `${told} attributes`);
});

test('tells every part that a definition is built of', () => {
  const plain = { PrimaryCriteria: { CriteriaList: [{ Death: {} }] } };
  const rule = (expression: object) => ({ ...plain, InclusionRules: [{ name: '', expression }] });
  const one = (more: object) => rule(group('ALL', [correlated({ DrugExposure: {} }, more)]));
  const person = (attribute: object) => rule(group('ALL', [], { DemographicCriteriaList: [attribute] }));
  const window = { Start: { Days: 7, Coeff: -1 }, End: { Days: 8, Coeff: 1 } };
  const parts: Readonly<Record<string, readonly [object, object]>> = {
    'the window': [one({}), one({ StartWindow: window })],
    'the end of the event': [
      one({ StartWindow: window }),
      one({ StartWindow: { ...window, UseEventEnd: true } }),
    ],
    'the end of the index': [
      one({ StartWindow: window }),
      one({ StartWindow: { ...window, UseIndexEnd: true } }),
    ],
    'an end window': [one({}), one({ EndWindow: window })],
    'an end window of starts': [
      one({ EndWindow: window }),
      one({ EndWindow: { ...window, UseEventEnd: false } }),
    ],
    'the image': [one({}), one({ RestrictImage: true })],
    'the visit': [one({}), one({ RestrictVisit: true })],
    'beyond observation': [one({}), one({ IgnoreObservationPeriod: true })],
    'at most': [one({}), one({ Occurrence: { Type: 1, Count: 1 } })],
    'exactly 0': [one({}), one({ Occurrence: { Type: 0, Count: 0 } })],
    'a distinct count': [one({}), one({ Occurrence: { Type: 2, Count: 1, IsDistinct: true } })],
    'what is counted': [
      one({ Occurrence: { Type: 2, Count: 2, IsDistinct: true } }),
      one({ Occurrence: { Type: 2, Count: 2, IsDistinct: true, CountColumn: 'DAYS_SUPPLY' } }),
    ],
    'the kind of a group': [
      rule(group('ALL', [correlated({ Death: {} })])),
      rule(group('ANY', [correlated({ Death: {} })])),
    ],
    'the count of a group': [
      rule(group('AT_LEAST', [correlated({ Death: {} })], { Count: 1 })),
      rule(group('AT_LEAST', [correlated({ Death: {} })], { Count: 2 })),
    ],
    'a group in a group': [rule(group('ALL', [])), rule(group('ALL', [], { Groups: [group('ANY', [])] }))],
    'a demographic': [person({}), person({ Age: { Op: 'gt', Value: 7 } })],
    'race by a set': [person({}), person({ RaceCS: { CodesetId: 1, IsExclusion: false } })],
    'additional criteria': [plain, { ...plain, AdditionalCriteria: group('ALL', []) }],
    'the limit of entry': [
      plain,
      { PrimaryCriteria: { ...plain.PrimaryCriteria, PrimaryCriteriaLimit: { Type: 'Last' } } },
    ],
    'the observation': [
      plain,
      { PrimaryCriteria: { ...plain.PrimaryCriteria, ObservationWindow: { PriorDays: 7, PostDays: 0 } } },
    ],
    'the limit of those that qualify': [
      { ...plain, AdditionalCriteria: group('ALL', []) },
      { ...plain, AdditionalCriteria: group('ALL', []), QualifiedLimit: { Type: 'All' } },
    ],
    'the limit of the cohort': [plain, { ...plain, ExpressionLimit: { Type: 'Last' } }],
    'a description of a rule': [
      rule(group('ALL', [])),
      { ...plain, InclusionRules: [{ name: '', description: '77', expression: group('ALL', []) }] },
    ],
    'an exit by days': [
      plain,
      { ...plain, EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: -7 } } },
    ],
    'an exit by drugs': [
      plain,
      {
        ...plain,
        EndStrategy: { CustomEra: { DrugCodesetId: 1, GapDays: 30, Offset: 7, DaysSupplyOverride: 8 } },
      },
    ],
    'censoring events': [plain, { ...plain, CensoringCriteria: [{ Death: {} }] }],
    'the gap between eras': [plain, { ...plain, CollapseSettings: { EraPad: 7 } }],
    'the censor window': [plain, { ...plain, CensorWindow: { EndDate: '2020-01-01' } }],
    'a concept set': [plain, { ...plain, ConceptSets: [{ id: 1, name: '', expression: { items: [] } }] }],
    ...Object.fromEntries(
      (['isExcluded', 'includeDescendants', 'includeMapped'] as const).map((flag) => [
        flag,
        [itemOf(plain, {}), itemOf(plain, { [flag]: true })] as const,
      ]),
    ),
  };
  for (const [part, [without, with_]] of Object.entries(parts)) {
    for (const language of languages) assert.notEqual(tell(with_, language), tell(without, language), part);
    assert.doesNotMatch(tell(with_, 'ko'), latin, part);
  }
});

function itemOf(plain: object, flags: object): object {
  const items = [{ concept: { CONCEPT_ID: 77 }, ...flags }];
  return { ...plain, ConceptSets: [{ id: 1, name: '', expression: { items } }] };
}

test('a name cannot break a line or steer a terminal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      if (name.includes('\0') || !name.isWellFormed()) return;
      const definition = cohort(
        [{ Observation: { CodesetId: 1, ValueAsString: { Op: 'eq', Text: name } } }],
        {
          ConceptSets: [
            { id: 1, name, expression: { items: [{ concept: { CONCEPT_ID: 1, CONCEPT_NAME: name } }] } },
          ],
          InclusionRules: [{ name, description: name, expression: group('ALL', []) }],
        },
      );
      const result = read(JSON.stringify(definition));
      assert.ok(result.ok);
      for (const language of languages)
        for (const line of describe(result.expression, language))
          assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029]/u);
    }),
    { numRuns: 60 },
  );
});

const goldens = join(import.meta.dirname, 'words');

test('five definitions are told as they have always been told', () => {
  const names = readdirSync(goldens);
  assert.equal(names.length, 5);
  for (const name of names) {
    const definition = JSON.parse(readFileSync(join(goldens, name, 'definition.json'), 'utf8'));
    for (const language of languages)
      assert.equal(
        `${tell(definition, language)}\n`,
        readFileSync(join(goldens, name, `${language}.txt`), 'utf8'),
        name,
      );
  }
});

test('every definition of the library that reads can be told', { skip: withoutData('ohdsi') }, () => {
  let told = 0;
  for (const folder of ['ohdsi/phenotypes', 'ohdsi/random-definitions']) {
    const path = dataSet(folder);
    assert.ok(path);
    for (const file of readdirSync(path).filter((name) => name.endsWith('.json'))) {
      const result = read(readFileSync(join(path, file), 'utf8'));
      if (!result.ok) continue;
      for (const language of languages) assert.ok(describe(result.expression, language).length > 8, file);
      told += 1;
    }
  }
  assert.ok(told >= 600, `${told} definitions`);
});

test('tells what a study adds: combinations, cohorts by name, pinned concepts', () => {
  const definition = cohort([{ CohortMembership: { Cohort: '가' } }], {
    ConceptSets: [{ id: 3, name: '', expression: { items: [{ concept: { CONCEPT_ID: 1 } }] } }],
  });
  const inner = { op: 'union', of: ['가', '나'], by: 'days' } as const;
  const result = readStudyCohorts(
    [
      { name: '가', definition: cohort([{ Death: {} }]) },
      { name: '나', definition },
      { name: '다', expression: { op: 'minus', of: [inner, '나'], by: 'persons' } },
    ],
    [{ name: '나', conceptSets: [{ id: 3, conceptIds: [1, 2] }] }],
  );
  assert.ok(result.ok, JSON.stringify(result));
  const [, named, combined] = result.cohorts.map(({ expression }) => expression);
  assert.ok(named && combined);
  assert.deepEqual(describe(combined), [
    'Combination of cohorts',
    '  persons in the first and in none of the others of',
    '  - days in any of',
    '    - "가"',
    '    - "나"',
    '  - "나"',
  ]);
  assert.match(
    describe(named).join('\n'),
    /cohort: "가" of this study[\s\S]*the study says its 2 concepts itself/,
  );
  for (const expression of [named, combined])
    assert.doesNotMatch(describe(expression, 'ko').join('\n'), latin);
});

test('knows its languages', () => {
  assert.ok(isLanguageCode('ko'));
  assert.ok(!isLanguageCode('toString'));
});
