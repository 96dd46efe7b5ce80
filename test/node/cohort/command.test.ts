import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort, conceptSet } from '../../sql/circe/definitions.ts';
import { code, moim } from './command-line.ts';

const plain = cohort([{ ConditionOccurrence: { CodesetId: 0 } }], { ConceptSets: [conceptSet(0, 1)] });

function folder(home: string, files: Readonly<Record<string, unknown>>): string {
  const path = join(home, 'definitions');
  mkdirSync(path, { recursive: true });
  for (const [name, definition] of Object.entries(files))
    writeFileSync(join(path, `${name}.json`), JSON.stringify(definition));
  return path;
}

test('check says what it finds and what the definition means; 1 on errors only', async (t) => {
  const path = folder(temporaryHome(t), { good: plain, bad: { ...plain, Extra: 1 } });
  const good = await moim('check', [join(path, 'good.json')]);
  assert.equal(good.exit, 0);
  assert.match(good.lines[0] ?? '', /warning zero-offset \$\.EndStrategy[\s\S]*\| Cohort entry/);
  const both = await moim('check', [path, '--json']);
  assert.equal(both.exit, 1);
  const [bad] = JSON.parse(both.lines[0] ?? '');
  assert.deepEqual(
    [bad.findings[0].code, bad.findings[0].path, bad.words],
    ['unknown-property', '$.Extra', []],
  );
});

test('check tells the definition in Korean, and in no language that it does not know', async (t) => {
  const path = folder(temporaryHome(t), { c: plain });
  const { lines } = await moim('check', [path, '--lang', 'ko']);
  assert.match(lines[0] ?? '', /코호트 진입/);
  assert.match(lines[0] ?? '', /경고 zero-offset \$\.EndStrategy\S+\n +모든 코호트 기간이 0일/);
  await assert.rejects(moim('check', [path, '--lang', 'fr']), code('usage'));
});

test('check --here says what the definition meets on this CDM', async (t) => {
  const path = folder(temporaryHome(t), { c: plain, deadly: cohort([{ Death: {} }]) });
  const { pool, url } = await testDatabase(t, { streams: ['cdm'] });
  const codes = async (name: string) => {
    const { lines } = await moim('check', [join(path, `${name}.json`), '--here', '--json'], {
      MOIM_CDM_URL: url,
    });
    const [report] = JSON.parse(lines[0] ?? '');
    assert.match(report.here.stays, /stay here/);
    return report.findings
      .filter((finding: { readonly here?: true }) => finding.here)
      .map((finding: { readonly code: string }) => finding.code);
  };
  assert.deepEqual(await codes('c'), ['concept-absent-here', 'no-concept-here', 'nobody-enters-here']);
  await pool.query(
    "insert into cdm.concept (concept_id, concept_name, domain_id, vocabulary_id, concept_class_id, concept_code, valid_start_date, valid_end_date) values (1, 'one', 'Condition', 'SNOMED', 'x', '1', '2000-01-01', '2099-12-31')",
  );
  assert.deepEqual(await codes('c'), ['not-standard-here', 'no-row-here', 'nobody-enters-here']);
  await pool.query('drop table cdm.death');
  assert.deepEqual(await codes('deadly'), ['table-missing']);
});

test('compile prints self-contained SQL that runs, and nothing else', async (t) => {
  const path = folder(temporaryHome(t), { good: plain, region: cohort([{ LocationRegion: {} }]) });
  const { exit, lines } = await moim('compile', [join(path, 'good.json'), '--schema', 'cdm']);
  assert.equal(exit, 0);
  const { pool, url } = await testDatabase(t, { streams: ['cdm'] });
  assert.deepEqual((await pool.query(lines.join('\n'))).rows, []);
  await assert.rejects(moim('compile', [join(path, 'region.json')]), code('definition-refused'));
  await assert.rejects(moim('compile', []), code('usage'));
  const here = await moim('compile', [join(path, 'good.json'), '--here'], { MOIM_CDM_URL: url });
  assert.doesNotMatch(here.lines[0] ?? '', /concept_sets/);
  assert.deepEqual((await pool.query(here.lines.join('\n'))).rows, []);
});

test('generate prints one line a cohort, spelled as the contract has it', async (t) => {
  const path = folder(temporaryHome(t), { 10: plain, 9: plain, broken: {} });
  const { url } = await testDatabase(t, { streams: ['cdm', 'results'] });
  const env = { MOIM_DATABASE_URL: url };
  const { exit, lines } = await moim('generate', [path], env);
  assert.equal(exit, 1);
  const parsed = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    parsed.map((line) => `${line.name} ${line.status}`),
    ['9 ok', '10 ok', 'broken refused'],
  );
  assert.deepEqual(Object.keys(parsed[0]), [
    'name',
    'status',
    'persons',
    'rows',
    'days',
    'md5',
    'inclusionResult',
    'inclusionStats',
    'summaryStats',
    'ms',
    'cached',
  ]);
  const again = await moim('generate', [join(path, '9.json')], env);
  assert.equal(again.exit, 0);
  assert.equal(JSON.parse(again.lines[0] ?? '').cached, true);
  await assert.rejects(moim('generate', [path, '--schema', 'nowhere'], env), code('cdm-missing'));
  await assert.rejects(moim('generate', [path, '--without-rule', 'x'], env), code('usage'));
  await assert.rejects(moim('generate', [join(path, 'absent.json')], env), code('file-unreadable'));
});

test('an attached CDM without a writable results schema is only looked at', async (t) => {
  const path = folder(temporaryHome(t), { c: plain });
  const { url, pool } = await testDatabase(t, { streams: ['cdm'] });
  const { exit, lines } = await moim('generate', [path], { MOIM_CDM_URL: url });
  assert.equal(exit, 0);
  assert.equal(JSON.parse(lines[0] ?? '').status, 'ok');
  assert.deepEqual((await pool.query("select 1 from pg_namespace where nspname = 'results'")).rows, []);
});

test('beside an attached CDM nothing is written by a role that could write to the CDM itself', async (t) => {
  const path = folder(temporaryHome(t), { c: plain });
  const { url, pool } = await testDatabase(t, { streams: ['cdm', 'results'] });
  await assert.rejects(moim('generate', [path], { MOIM_CDM_URL: url }), code('cdm-writable'));
  assert.deepEqual((await pool.query('select 1 from results.cohort_run')).rows, []);
});

test('expand gives the concept ids of each set and the vocabulary version', async (t) => {
  const path = folder(temporaryHome(t), { c: plain });
  const { url, pool } = await testDatabase(t, { streams: ['cdm'] });
  await pool.query(
    "insert into cdm.concept (concept_id, concept_name, domain_id, vocabulary_id, concept_class_id, concept_code, valid_start_date, valid_end_date) values (1, 'one', 'Condition', 'SNOMED', 'x', '1', '2000-01-01', '2099-12-31')",
  );
  const { lines } = await moim('expand', [join(path, 'c.json')], { MOIM_CDM_URL: url });
  const answer = JSON.parse(lines[0] ?? '');
  assert.deepEqual(answer.conceptSets, [{ id: 0, name: 'set 0', conceptIds: [1] }]);
  assert.match(answer.vocabularyVersion, /\S/);
});
