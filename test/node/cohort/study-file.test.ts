import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MoimError } from '#protocol/errors.ts';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort, conceptSet, correlated, group } from '../../sql/circe/definitions.ts';
import { code, moim } from './command-line.ts';

const first = cohort([{ ConditionOccurrence: { CodesetId: 0 } }], { ConceptSets: [conceptSet(0, 1)] });
const second = cohort([{ ConditionOccurrence: {} }], {
  InclusionRules: [
    { name: 'in', expression: group('ALL', [correlated({ CohortMembership: { Cohort: 'first' } })]) },
  ],
});
const both = { op: 'union', of: ['first', 'second'], by: 'days' };

/** A study beside a definition that it names by file. */
function study(home: string, more: object = {}): string {
  writeFileSync(join(home, 'first.json'), JSON.stringify(first));
  const cohorts = [
    { name: 'first', file: 'first.json' },
    { name: 'second', definition: second },
    { name: 'both', expression: both },
  ];
  writeFileSync(join(home, 'study.json'), JSON.stringify({ title: 'a draft', cohorts, ...more }));
  return join(home, 'study.json');
}

async function cdm(t: { after(work: () => Promise<void>): void }) {
  const made = await testDatabase(t, { streams: ['cdm', 'results'] });
  await made.pool.query(`
    insert into cdm.concept (concept_id, concept_name, domain_id, vocabulary_id, concept_class_id, concept_code, valid_start_date, valid_end_date)
      select i, 'c', 'Condition', 'SNOMED', 'x', i, '2000-01-01', '2099-12-31' from generate_series(1, 2) i;
    insert into cdm.person (person_id, gender_concept_id, year_of_birth, race_concept_id, ethnicity_concept_id) select i, 8532, 1980, 0, 0 from generate_series(1, 3) i;
    insert into cdm.observation_period values (1, 1, '2000-01-01', '2020-12-31', 0), (2, 2, '2000-01-01', '2020-12-31', 0), (3, 3, '2000-01-01', '2020-12-31', 0);
    insert into cdm.condition_occurrence (condition_occurrence_id, person_id, condition_concept_id, condition_start_date, condition_type_concept_id)
      values (1, 1, 1, '2010-01-01', 0), (2, 1, 2, '2012-01-01', 0), (3, 2, 1, '2010-01-01', 0), (4, 3, 2, '2010-01-01', 0)`);
  return made;
}

test('a study is generated cohort by cohort, each with those that it names', async (t) => {
  const path = study(temporaryHome(t));
  const { url, pool } = await cdm(t);
  const env = { MOIM_DATABASE_URL: url };
  const { exit, lines } = await moim('generate', [path], env);
  assert.equal(exit, 0, lines.join('\n'));
  const parsed = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    parsed.map(({ name, persons, rows, cached }) => `${name} ${persons} ${rows} ${cached}`),
    ['first 2 2 false', 'second 2 3 false', 'both 2 3 false'],
  );
  const kept = await pool.query(
    'select name, count(*)::int as n from results.cohort join results.cohort_run using (cohort_definition_id) group by 1 order by 1',
  );
  assert.deepEqual(kept.rows, [
    { name: 'both', n: 3 },
    { name: 'first', n: 2 },
    { name: 'second', n: 3 },
  ]);
  const one = await moim('generate', [`${path}#second`, '--batch', '--without-rule', '0'], env);
  assert.deepEqual(
    one.lines.map((line) => JSON.parse(line)).map(({ name, rows }) => `${name} ${rows}`),
    ['second 4'],
  );
});

test('a cohort is answered anew when one that it names has changed', async (t) => {
  const home = temporaryHome(t);
  const path = study(home);
  const { url } = await cdm(t);
  const cached = async () => {
    const { lines } = await moim('generate', [path], { MOIM_DATABASE_URL: url });
    return lines.map((line) => JSON.parse(line)).map((line) => `${line.name} ${line.rows} ${line.cached}`);
  };
  assert.deepEqual(await cached(), ['first 2 false', 'second 3 false', 'both 3 false']);
  assert.deepEqual(await cached(), ['first 2 true', 'second 3 true', 'both 3 true']);
  writeFileSync(join(home, 'first.json'), JSON.stringify({ ...first, ConceptSets: [conceptSet(0, 2)] }));
  assert.deepEqual(await cached(), ['first 2 false', 'second 3 false', 'both 3 false']);
});

test('check and compile take a study, or one of its cohorts', async (t) => {
  const path = study(temporaryHome(t));
  const { url, pool } = await cdm(t);
  const checked = await moim('check', [path, '--json']);
  assert.equal(checked.exit, 0, checked.lines.join('\n'));
  assert.deepEqual(
    JSON.parse(checked.lines[0] ?? '').map(({ file }: { file: string }) => file.replace(/^.*#/, '')),
    ['first', 'second', 'both'],
  );
  const here = await moim('check', [path, '--here', '--lang', 'ko', '--json'], { MOIM_CDM_URL: url });
  assert.equal(here.exit, 0, here.lines.join('\n'));
  for (const name of ['first', 'second', 'both'])
    for (const flags of [[], ['--here']]) {
      const { lines } = await moim('compile', [`${path}#${name}`, ...flags], { MOIM_CDM_URL: url });
      assert.equal((await pool.query(lines.join('\n'))).rowCount, name === 'first' ? 2 : 3, name);
    }
  await assert.rejects(moim('compile', [path]), code('usage', /FILE#NAME/));
  await assert.rejects(moim('compile', [`${path}#third`]), code('usage', /no cohort of that name/));
});

test('expand gives what a study carries as pinned, and a pinned study keeps to it', async (t) => {
  const home = temporaryHome(t);
  const path = study(home);
  const { url, pool } = await cdm(t);
  const { lines } = await moim('expand', [path], { MOIM_DATABASE_URL: url });
  const pinned = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    pinned.map(({ name, conceptSets }) => ({ name, conceptSets })),
    [
      { name: 'first', conceptSets: [{ id: 0, name: 'set 0', conceptIds: [1] }] },
      { name: 'second', conceptSets: [] },
    ],
  );
  // Concept 2 is known here; 77 is not, and is left out.
  pinned[0].conceptSets[0].conceptIds = [2, 77];
  const rows = async () => {
    const answer = await moim('generate', [`${path}#first`, '--force'], { MOIM_DATABASE_URL: url });
    return answer.lines.map((line) => JSON.parse(line)).map(({ md5 }) => md5);
  };
  const own = await rows();
  study(home, { pinned });
  assert.notDeepEqual(await rows(), own);
  const { lines: sql } = await moim('compile', [`${path}#first`]);
  assert.deepEqual(
    (await pool.query(sql.join('\n'))).rows.map(({ subject_id: person }) => Number(person)),
    [1, 3],
  );
});

test('what is wrong with one cohort is told of it, with its path', async (t) => {
  const home = temporaryHome(t);
  const lone = join(home, 'lone.json');
  writeFileSync(lone, JSON.stringify(second));
  const path = '$.InclusionRules[0].expression.CriteriaList[0].Criteria.CohortMembership.Cohort';
  const alone = await moim('check', [lone, '--json']);
  assert.equal(alone.exit, 1);
  assert.ok(
    JSON.parse(alone.lines[0] ?? '')[0].findings.some((finding: { path: string }) => finding.path === path),
  );
  await assert.rejects(
    moim('compile', [lone]),
    (error) => error instanceof MoimError && error.message.includes(path),
  );
  const { url } = await cdm(t);
  const generated = await moim('generate', [lone], { MOIM_DATABASE_URL: url });
  assert.equal(generated.exit, 1);
  const { status, reason } = JSON.parse(generated.lines[0] ?? '');
  assert.deepEqual([status, reason.startsWith(`definition-refused: ${path}`)], ['refused', true], reason);
  const backwards = study(home, {
    cohorts: [
      { name: 'second', definition: second },
      { name: 'first', file: 'first.json' },
    ],
  });
  const checked = await moim('check', [backwards, '--json']);
  assert.equal(checked.exit, 1);
  const [own, other] = JSON.parse(checked.lines[0] ?? '');
  assert.deepEqual(
    [own.findings[0].path, own.findings[0].message],
    [path, 'a cohort may name those before it alone'],
  );
  assert.equal(other.findings[0].code, 'other-cohort');
  const neither = study(home, { cohorts: [{ name: 'first' }] });
  await assert.rejects(
    moim('check', [neither]),
    code('bad-input', /\/cohorts\/0: either a definition or an expression/),
  );
  const unpinned = study(home, { pinned: [{ name: 'nobody', vocabularyVersion: 'v', conceptSets: [] }] });
  const faulty = await moim('check', [unpinned, '--json']);
  assert.equal(faulty.exit, 1);
  assert.equal(JSON.parse(faulty.lines[0] ?? '')[0].findings[0].code, 'pinned-cohort');
});
