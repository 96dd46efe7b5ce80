/** The text of a few compiled cohorts, pinned and run. After a wanted change, MOIM_PIN=1 writes the files anew. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { countStatement } from '#sql/analysis/count/sql.ts';
import { compile } from '#sql/circe/compile.ts';
import { estimatesOf } from '#sql/circe/estimate.ts';
import { read } from '#sql/circe/read.ts';
import { cohortStatement, generateStatement } from '#sql/circe/statement.ts';
import { anyTime, cohort, conceptSet, correlated, group } from './definitions.ts';
import { tinyCdm } from './tiny-cdm.ts';

const folder = fileURLToPath(new URL('cases', import.meta.url));
const pin = process.env.MOIM_PIN === '1';

const ids = new Map([
  [0, [10]],
  [1, [20, 21, 22]],
]);
const sets = { ConceptSets: [conceptSet(0, 10), conceptSet(1, 20, 21, 22)] };
const sick = { ConditionOccurrence: { CodesetId: 0, First: true } };
const drugged = { DrugExposure: { CodesetId: 1 } };
const window = { Start: { Days: 30, Coeff: -1 }, End: { Days: 0, Coeff: 1 } };

const cases: Readonly<Record<string, object>> = {
  'first-event': cohort([{ ConditionOccurrence: { CodesetId: 0 } }], {
    ...sets,
    ExpressionLimit: { Type: 'First' },
    EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: 7 } },
  }),
  'rules-and-counts': cohort([sick], {
    ...sets,
    InclusionRules: [
      {
        name: 'at least two',
        expression: group('ALL', [
          correlated(drugged, { StartWindow: window, Occurrence: { Type: 2, Count: 2 } }),
        ]),
      },
      {
        name: 'none later',
        expression: group('ANY', [
          correlated(drugged, { EndWindow: window, Occurrence: { Type: 0, Count: 0 } }),
        ]),
      },
      {
        name: 'adults',
        expression: group('ALL', [], { DemographicCriteriaList: [{ Age: { Op: 'gte', Value: 18 } }] }),
      },
    ],
  }),
  'nested-in-visit': cohort(
    [
      {
        VisitOccurrence: {
          CorrelatedCriteria: group(
            'AT_LEAST',
            [correlated(drugged, { RestrictVisit: true }), correlated(sick)],
            { Count: 2 },
          ),
        },
      },
    ],
    {
      ...sets,
      AdditionalCriteria: group(
        'AT_MOST',
        [correlated(drugged, { StartWindow: anyTime, IgnoreObservationPeriod: true })],
        { Count: 0 },
      ),
      QualifiedLimit: { Type: 'Last' },
    },
  ),
  'custom-era-censored': cohort([drugged], {
    ...sets,
    EndStrategy: { CustomEra: { DrugCodesetId: 1, GapDays: 30, Offset: 14 } },
    CensoringCriteria: [sick],
    CollapseSettings: { CollapseType: 'ERA', EraPad: 10 },
    CensorWindow: { StartDate: '2010-01-01', EndDate: '2020-12-31' },
  }),
};

for (const [name, definition] of Object.entries(cases)) {
  test(`the SQL of ${name} is the one that was reviewed, and runs`, async (t) => {
    const result = read(JSON.stringify(definition));
    assert.ok(result.ok, JSON.stringify(result));
    const query = compile(result.expression, { cdmSchema: 'cdm', conceptSets: ids });
    const sql = `${cohortStatement(query)};\n`;
    const file = join(folder, `${name}.sql`);
    if (pin || !existsSync(file)) {
      assert.ok(pin, `${file} is missing: MOIM_PIN=1 writes it`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, sql);
    }
    assert.equal(sql, readFileSync(file, 'utf8'));
    const cdm = await tinyCdm(t);
    assert.deepEqual((await cdm.pool.query(sql)).rows, []);
    const inline = compile(result.expression, { cdmSchema: 'cdm', conceptSets: 'inline' });
    assert.deepEqual((await cdm.pool.query(cohortStatement(inline))).rows, []);
    const [generated] = (
      await cdm.pool.query(generateStatement(query, { resultsSchema: 'results', cohortId: 1n }))
    ).rows;
    assert.equal(generated.md5, 'd41d8cd98f00b204e9800998ecf8427e');
    const [counted] = (await cdm.pool.query(countStatement(query, { cdmSchema: 'cdm' }))).rows;
    assert.deepEqual(counted.counts, {
      persons: 0,
      rows: 0,
      repeatPersons: 0,
      population: 0,
      strata: [],
      entryPersons: 0,
      rulePersons: query.ruleNames.map(() => 0),
    });
  });
}

test('few events are probed, rare sets make a list of persons, many rows that few share are joined', () => {
  const result = read(JSON.stringify(cases['rules-and-counts']));
  assert.ok(result.ok);
  const ways = (entry: number, asked: number, reads = asked) => {
    const rows = ({ CodesetId }: { readonly CodesetId: number }) => (CodesetId === 0 ? entry : asked);
    const options = { cdmSchema: 'cdm', conceptSets: ids, rows, reads: () => reads, persons: 10_000 };
    const { ctes } = compile(result.expression, options);
    const count = (pattern: RegExp) => ctes.match(pattern)?.length ?? 0;
    return { lists: count(/q\.person_id in \(select/g), joins: count(/q\.event_id\) in \(select/g) };
  };
  assert.deepEqual(ways(5000, 100), { lists: 2, joins: 0 });
  assert.deepEqual(ways(5000, 5000), { lists: 0, joins: 2 });
  assert.deepEqual(ways(5000, 500_000), { lists: 0, joins: 0 });
  assert.deepEqual(ways(1000, 10), { lists: 2, joins: 0 });
  assert.deepEqual(ways(90, 10), { lists: 0, joins: 0 });
  // Without an index to the ten rows a list reads the whole table.
  assert.deepEqual(ways(1000, 10, 1_000_000), { lists: 0, joins: 0 });
});

test('estimates are read from the plan, and given up where it has another shape', () => {
  const leaf = (rows: number) => ({ 'Plan Rows': rows });
  assert.deepEqual(estimatesOf([{ Plan: { ...leaf(30), Plans: [leaf(10), leaf(20)] } }], 2), [10, 20]);
  assert.deepEqual(estimatesOf([{ Plan: { ...leaf(10), Plans: [leaf(1), leaf(9)] } }], 1), [10]);
  assert.equal(estimatesOf([{ Plan: { ...leaf(30), Plans: [leaf(10), leaf(10), leaf(10)] } }], 2), undefined);
  assert.equal(estimatesOf('nonsense', 2), undefined);
});

test('a compiled cohort says what it reads', () => {
  const result = read(JSON.stringify(cases['custom-era-censored']));
  assert.ok(result.ok);
  const query = compile(result.expression, { cdmSchema: 'cdm', conceptSets: ids });
  assert.deepEqual(query.tables, ['condition_occurrence', 'drug_exposure', 'observation_period']);
});

test('rules can be left out by number', () => {
  const result = read(JSON.stringify(cases['rules-and-counts']));
  assert.ok(result.ok);
  const query = compile(result.expression, { cdmSchema: 'cdm', conceptSets: ids, withoutRules: [1] });
  assert.deepEqual(query.ruleNames, ['at least two', 'adults']);
  assert.match(query.ctes, /q\.mask = 3/);
});

test('refuses to compile what CDM 5.4 cannot answer, naming the path', () => {
  const result = read(JSON.stringify(cohort([{ LocationRegion: {} }])));
  assert.ok(result.ok);
  assert.throws(
    () => compile(result.expression, { cdmSchema: 'cdm', conceptSets: 'inline' }),
    /CriteriaList\[0\]\.LocationRegion: CDM 5\.4/,
  );
});

test('days are made where events are many times the rows, of no more criteria than can be planned', () => {
  const windows = Array.from({ length: 30 }, (_, days) =>
    correlated(drugged, { StartWindow: { ...window, Start: { Days: days + 1, Coeff: -1 } } }),
  );
  const definition = cohort([{ ConditionOccurrence: { CodesetId: 0 } }], {
    ...sets,
    InclusionRules: [{ name: 'many', expression: group('ALL', windows) }],
  });
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok);
  const covers = (conditions: number, drugs: number) => {
    const { ctes } = compile(result.expression, {
      cdmSchema: 'cdm',
      conceptSets: ids,
      persons: 20_000,
      rows: ({ table }) => (table === 'drug_exposure' ? drugs : conditions),
    });
    return new Set(ctes.match(/\bcover_\d+\b/g)).size;
  };
  assert.equal(covers(2_000_000, 50_000), 10);
  assert.equal(covers(50_000, 2_000_000), 0);
  assert.equal(covers(50, 50), 0);
});
