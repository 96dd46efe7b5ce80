/** No text of a definition becomes SQL: whatever it holds, it is compared as the text it is. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compile } from '#sql/circe/compile.ts';
import { read } from '#sql/circe/read.ts';
import { cohortStatement } from '#sql/circe/statement.ts';
import { cohort, conceptSet, group } from './definitions.ts';
import { tinyCdm } from './tiny-cdm.ts';

/** Texts made of what breaks out of literals, beside any Unicode. */
const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "'",
      "''",
      '"',
      '\\',
      "\\'",
      '$$',
      '$1',
      ';',
      '--',
      '/*',
      '*/',
      '%',
      '_',
      "E'",
      '\n',
      '\r',
      '\t',
      '\u0007',
      ')',
      '@',
      '{',
      '}',
    ),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    fc.constantFrom('한', '글', '\u2028', '\u{1F600}', '\uFEFF', '\u00A0', 'ʼ', '＇'),
  ),
  minLength: 1,
  maxLength: 12,
});

test('a text is found as itself and never runs', async (t) => {
  const cdm = await tinyCdm(t);
  await cdm.person(1);
  await cdm.add('drug_exposure', { person_id: 1, drug_exposure_start_date: '2010-01-01', lot_number: '' });
  const escaped = (text: string) => text.replaceAll(/[\\%_]/g, '\\$&');
  await fc.assert(
    fc.asyncProperty(nasty, nasty, async (text, other) => {
      await cdm.pool.query('update cdm.drug_exposure set lot_number = $1', [text]);
      const found = async (Text: string, Op: string) =>
        (await cdm.rows(cohort([{ DrugExposure: { LotNumber: { Op, Text } } }]))).length;
      assert.equal(await found(escaped(text), 'eq'), 1);
      assert.equal(await found(escaped(other), 'eq'), other === text ? 1 : 0);
      assert.equal(await found(escaped(other), 'contains'), text.includes(other) ? 1 : 0);
      // Not escaped, a text is a pattern; it may find anything, but it neither fails nor breaks out.
      assert.ok((await found(other, 'endsWith')) <= 1);
    }),
    { numRuns: 60 },
  );
});

test('names of rules and concept sets stay out of the SQL', () => {
  fc.assert(
    fc.property(nasty, (name) => {
      const marked = `marker-${name}`;
      const definition = cohort([{ ConditionOccurrence: { CodesetId: 0 } }], {
        ConceptSets: [{ ...conceptSet(0, 1), name: marked }],
        InclusionRules: [{ name: marked, description: marked, expression: group('ALL', []) }],
      });
      const result = read(JSON.stringify(definition));
      assert.ok(result.ok);
      for (const conceptSets of ['inline', new Map([[0, [1]]])] as const) {
        const query = compile(result.expression, { cdmSchema: 'cdm', conceptSets });
        assert.doesNotMatch(cohortStatement(query), /marker/);
        assert.deepEqual(query.ruleNames, [marked]);
      }
    }),
  );
});

test('any JSON value in any place is read as data or refused, never thrown and never SQL', () => {
  const definition = cohort(
    [
      {
        DrugExposure: {
          CodesetId: 0,
          Age: { Op: 'gt', Value: 1 },
          OccurrenceStartDate: { Op: 'gt', Value: '2010-01-01' },
          DrugType: [{ CONCEPT_ID: 1 }],
          Gender: [],
          LotNumber: { Op: 'eq', Text: 'x' },
        },
      },
    ],
    {
      ConceptSets: [conceptSet(0, 1)],
      InclusionRules: [{ name: 'r', expression: group('ALL', []) }],
      CensorWindow: { StartDate: '2010-01-01' },
    },
  );
  const evil = fc.oneof(
    nasty.map((text) => `marker${text}`),
    fc.constant('marker'),
    fc.double(),
    fc.bigInt().map(Number),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.nat(), evil, (place, value) => {
      const text = withLeaf(definition, place, value);
      const result = read(text);
      if (!result.ok) return;
      const sql = cohortStatement(compile(result.expression, { cdmSchema: 'cdm', conceptSets: 'inline' }));
      const bare = sql.replaceAll(/E'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'/gs, '');
      assert.doesNotMatch(bare, /marker/);
    }),
    { numRuns: 500 },
  );
});

/** The JSON text of `data` with its n-th leaf replaced. */
function withLeaf(data: object, n: number, value: unknown): string {
  let leaves = 0;
  JSON.stringify(data, (_, part: unknown) => {
    if (part === null || typeof part !== 'object') leaves += 1;
    return part;
  });
  let at = -1;
  return JSON.stringify(data, (_, part: unknown) => {
    if (part !== null && typeof part === 'object') return part;
    at += 1;
    return at === n % leaves ? value : part;
  });
}

test('a schema may have any name that PostgreSQL can hold', async (t) => {
  const cdm = await tinyCdm(t);
  const name = `o'dd "name"; drop schema results; --`;
  await cdm.pool.query(`alter schema cdm rename to "${name.replaceAll('"', '""')}"`);
  const result = read(
    JSON.stringify(cohort([{ ConditionOccurrence: { CodesetId: 0 } }], { ConceptSets: [conceptSet(0, 1)] })),
  );
  assert.ok(result.ok);
  const query = compile(result.expression, { cdmSchema: name, conceptSets: 'inline' });
  assert.deepEqual((await cdm.pool.query(cohortStatement(query))).rows, []);
  assert.equal((await cdm.pool.query('select 1 from results.cohort')).rowCount, 0);
});
