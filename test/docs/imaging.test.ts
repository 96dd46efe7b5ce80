/** What the page on image criteria shows: their schema is the compiler's own, every attribute is told of, the examples run. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import Schema from 'typebox/schema';
import { synthesiseInto } from '#node/cdm/synth.ts';
import { countCohort } from '#node/cohort/generate.ts';
import { featureTypes, phases, planes } from '#sql/cdm/imaging-concepts.ts';
import type { Attribute } from '#sql/circe/criteria/attribute.ts';
import { describeType } from '#sql/circe/criteria/types.ts';
import { read } from '#sql/circe/read.ts';
import { cohort, group } from '#test/sql/circe/definitions.ts';
import { testDatabase } from '#test/support/database.ts';
import { notes } from '../../scripts/imaging/notes.ts';
import { imageTypes, imagingSchema } from '../../scripts/imaging/schema.ts';

const doc = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const page = doc('imaging-criteria.md');
const examples = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, text = '']) => JSON.parse(text) as object,
);
const schema = Schema.Compile(JSON.parse(imagingSchema()) as object);

/** JSON that the attribute takes, and JSON that it does not. */
function samples(attribute: Attribute): readonly [unknown, unknown] {
  switch (attribute.kind) {
    case 'codeset':
      return [0, 'none'];
    case 'concepts':
      return [[{ CONCEPT_ID: 1, CONCEPT_NAME: 'one' }], [1]];
    case 'selection':
      return [
        { CodesetId: 0, IsExclusion: true },
        { CodesetId: 0, Excluded: true },
      ];
    case 'dates':
      return [
        { Op: 'bt', Value: '2010-01-01', Extent: '2011-01-01' },
        { Op: 'gt', Value: 'today' },
      ];
    case 'number':
    case 'age':
      return [
        { Op: '!bt', Value: 1.5, Extent: 2 },
        { Op: 'about', Value: 1 },
      ];
    case 'text':
      return [
        { Op: '!contains', Text: 'x' },
        { Op: 'gt', Text: 'x' },
      ];
    case 'adjustment':
      return [{ StartWith: 'END_DATE', StartOffset: 1, EndWith: 'END_DATE', EndOffset: 1 }, { Start: 1 }];
    case 'group':
      return [group('ALL', []), { Type: 'SOME' }];
    default:
      return [true, 'yes'];
  }
}

const reads = (criterion: object) =>
  read(
    JSON.stringify(cohort([criterion], { ConceptSets: [{ id: 0, name: 's', expression: { items: [] } }] })),
  ).ok;

test('publishes the schema that the compiler’s own descriptions give', () => {
  const published: unknown = JSON.parse(doc('circe-imaging.schema.json'));
  assert.deepEqual(published, JSON.parse(imagingSchema()), 'run `node scripts/imaging-schema.ts`');
});

test('the schema takes what reading takes, attribute by attribute, and refuses what it refuses', () => {
  let asked = 0;
  for (const type of imageTypes)
    for (const [name, attribute] of Object.entries(describeType(type).attributes)) {
      const [right, wrong] = samples(attribute);
      for (const [value, taken] of [
        [right, true],
        [wrong, false],
      ] as const) {
        const criterion = { [type]: { [name]: value } };
        assert.equal(schema.Check(criterion), taken, `${type}.${name} ${JSON.stringify(value)}: schema`);
        assert.equal(reads(criterion), taken, `${type}.${name} ${JSON.stringify(value)}: read`);
        asked += 1;
      }
    }
  assert.ok(asked > 100, String(asked));
  assert.ok(!schema.Check({ ImageOccurrence: { Foo: 1 } }) && !schema.Check({ Image: {} }));
});

test('every attribute has a sentence and stands on the page, every count too, and the ids are those in use', () => {
  for (const type of imageTypes) {
    const { attributes, counts } = describeType(type);
    assert.deepEqual(Object.keys(notes[type] ?? {}).sort(), Object.keys(attributes).sort(), type);
    const section = page.slice(page.indexOf(`## \`${type}\``)).split('\n## ')[0] ?? '';
    for (const name of [...Object.keys(attributes), ...Object.keys(counts)])
      assert.ok(section.includes(`\`${name}\``), `${type}: ${name}`);
  }
  for (const { id } of [planes, phases, featureTypes].flatMap((list) => Object.values(list)))
    assert.ok(page.includes(`| ${id} |`), String(id));
});

test('the examples are definitions and criteria, and find somebody in the hospital that the page names', async (t) => {
  const [definition = {}, criterion = {}] = examples;
  assert.ok(reads(criterion) && schema.Check(criterion));
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  const [, persons, seed, mix] = /synth --persons (\d+) --seed (\w+) --mix (\w+) --imaging/.exec(page) ?? [];
  const { pool } = await testDatabase(t, { streams: ['cdm', 'results'] });
  const options = {
    persons: Number(persons),
    seed: seed ?? '',
    mix: mix ?? '',
    schema: 'cdm',
    imaging: true,
  };
  await synthesiseInto({ pool }, options);
  const count = async (text: object) => {
    const asked = read(JSON.stringify(text));
    assert.ok(asked.ok, JSON.stringify(asked));
    return (await countCohort(pool, asked.expression, { cdmSchema: 'cdm' })).persons;
  };
  const found = await count(definition);
  const everybody = await count({ ...definition, InclusionRules: [] });
  assert.ok(found > 0 && found < everybody, `${found} of ${everybody}`);
  const CriteriaList = [criterion];
  assert.ok((await count({ ...definition, InclusionRules: [], PrimaryCriteria: { CriteriaList } })) > 0);
});
