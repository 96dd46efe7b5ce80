/** `moim cohort` asked about many definitions, of which some are at fault. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Finding } from '#sql/circe/expression.ts';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort, conceptSet, group } from '../../sql/circe/definitions.ts';
import { assertSameInKorean } from '../../sql/circe/in-korean.ts';
import { code, moim } from './command-line.ts';

const plain = cohort([{ ConditionOccurrence: { CodesetId: 0 } }], { ConceptSets: [conceptSet(0, 1)] });
const older = (age: number) => ({
  name: `at least ${age}`,
  expression: group('ALL', [], { DemographicCriteriaList: [{ Age: { Op: 'gte', Value: age } }] }),
});
const ruled = (rules: number) => ({
  ...plain,
  InclusionRules: Array.from({ length: rules }, (_, i) => older(i)),
});

function write(folder: string, files: Readonly<Record<string, unknown>>): string {
  for (const [name, definition] of Object.entries(files))
    writeFileSync(join(folder, name), JSON.stringify(definition));
  return folder;
}

const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));

test('a rule that a definition does not have is refused, and it is said which it has', async (t) => {
  const path = write(temporaryHome(t), { 'none.json': plain, 'one.json': ruled(1), 'three.json': ruled(3) });
  const { url } = await testDatabase(t, { streams: ['cdm', 'results'] });
  const env = { MOIM_DATABASE_URL: url };
  const three = join(path, 'three.json');
  const alone = (file: string, ...rules: readonly string[]) =>
    moim('generate', [join(path, file), ...rules.flatMap((rule) => ['--without-rule', rule])], env);
  await assert.rejects(alone('three.json', '0', '3', '7'), (error: unknown) => {
    assert.ok(code('usage', /no inclusion rules 3, 7: the definition has 3, rules 0 to 2$/)(error));
    return true;
  });
  await assert.rejects(alone('one.json', '1'), code('usage', /no inclusion rule 1: .* one, rule 0$/));
  await assert.rejects(alone('none.json', '0'), code('usage', /the definition has none$/));
  assert.equal((await alone('three.json', '0', '2')).exit, 0, 'the last one is there');
  const all = await moim('generate', [path, '--without-rule', '1'], env);
  assert.equal(all.exit, 1);
  assert.deepEqual(
    parsed(all.lines).map(({ name, status, reason }) => `${name} ${status} ${reason ?? ''}`),
    [
      'none refused definition-refused: there is no inclusion rule 1: the definition has none',
      'one refused definition-refused: there is no inclusion rule 1: the definition has one, rule 0',
      'three ok ',
    ],
  );
  const study = join(path, 'study');
  writeFileSync(
    study,
    JSON.stringify({
      cohorts: [
        { name: 'a', definition: ruled(2) },
        { name: 'b', expression: { op: 'minus', of: ['a', 'a'], by: 'days' } },
      ],
    }),
  );
  await assert.rejects(
    moim('generate', [`${study}#a`, '--without-rule', '2'], env),
    code('usage', /rules 0 to 1$/),
  );
  await assert.rejects(
    moim('generate', [`${study}#b`, '--without-rule', '0'], env),
    code('usage', /combination/),
  );
  assert.equal(
    (await moim('generate', [study, '--without-rule', '0'], env)).exit,
    0,
    'beside what it combines',
  );
  assert.equal((await moim('generate', [three, join(path, 'one.json'), '--without-rule', '0'], env)).exit, 0);
});

test('expand goes on past a definition that cannot be read, and ends with 5; its lines are those that a study can carry', async (t) => {
  const path = write(temporaryHome(t), {
    'a.json': plain,
    'b.json': { ...plain, Extra: 1 },
    'd.json': plain,
  });
  writeFileSync(join(path, 'c.json'), Buffer.from([0x22, 0xff, 0x22]));
  const { url, pool } = await testDatabase(t, { streams: ['cdm'] });
  const expand = (...files: readonly string[]) => moim('expand', files, { MOIM_CDM_URL: url });
  const { exit, lines, notes } = await expand(path);
  assert.equal(exit, 5);
  assert.deepEqual(
    parsed(lines).map(({ name, conceptSets }) => [name, conceptSets.length]),
    [
      ['a', 1],
      ['d', 1],
    ],
  );
  assert.deepEqual(notes, [
    `b: definition-refused: ${join(path, 'b.json')}: $.Extra: this property is not known to Circe 1.12 at this place`,
    `c: file-unreadable: ${join(path, 'c.json')} is not UTF-8`,
  ]);
  await assert.rejects(
    expand(join(path, 'b.json')),
    code('definition-refused', /Extra/),
    'alone it is the command that fails',
  );
  assert.equal((await expand(join(path, 'a.json'), join(path, 'd.json'))).exit, 0);
  await pool.query('drop table cdm.concept_ancestor');
  const [set] = plain.ConceptSets as unknown as readonly { expression: { items: readonly object[] } }[];
  const items = set?.expression.items.map((item) => ({ ...item, includeDescendants: true }));
  write(path, { 'b.json': { ...plain, ConceptSets: [{ ...set, expression: { items } }] } });
  const lacking = await expand(join(path, 'a.json'), join(path, 'b.json'));
  assert.deepEqual([lacking.exit, lacking.lines.length], [5, 1]);
  assert.match(lacking.notes.join(), /^b: table-missing: .*concept_ancestor/);
});

test('check --lang ko tells everything in Korean: a study, a file that is no text, a table that is missing', async (t) => {
  const path = temporaryHome(t);
  const pinned = (name: string, ...ids: readonly number[]) => ({
    name,
    vocabularyVersion: 'v',
    conceptSets: ids.map((id) => ({ id, conceptIds: [1] })),
  });
  const cohorts = [
    { name: 'a', definition: plain, withoutRules: [1] },
    { name: 'b', expression: { op: 'minus', of: ['a', 'c'], by: 'days' } },
    { name: 'c', definition: plain },
    { name: 'd', definition: { ...plain, Extra: 1 } },
  ];
  write(path, { 'study.json': { cohorts, pinned: [pinned('c', 0, 0, 7), pinned('nobody')] } });
  writeFileSync(join(path, 'bytes.json'), Buffer.from([0x22, 0xff, 0x22]));
  write(path, { 'deadly.json': cohort([{ Death: {} }]), 'image.json': cohort([{ ImageOccurrence: {} }]) });
  const { pool, url } = await testDatabase(t, { streams: ['cdm'] });
  await pool.query('drop table cdm.death');
  const findings = async (language: string, ...words: readonly string[]) => {
    const { lines } = await moim('check', [...words, '--json', '--lang', language], { MOIM_CDM_URL: url });
    return JSON.parse(lines[0] ?? '').flatMap((report: { findings: Finding[] }) => report.findings);
  };
  const given = [
    [join(path, 'study.json')],
    [join(path, 'bytes.json')],
    [join(path, 'deadly.json'), join(path, 'image.json'), '--here'],
  ];
  const codes: string[] = [];
  for (const words of given) {
    const [english, korean] = [await findings('en', ...words), await findings('ko', ...words)];
    assertSameInKorean(english, korean);
    codes.push(...english.map(({ code }: Finding) => code));
  }
  for (const each of [
    'unknown-rule',
    'unknown-cohort',
    'pinned-set',
    'pinned-cohort',
    'unknown-property',
    'file-unreadable',
  ])
    assert.ok(codes.includes(each), `${each} of ${codes.join()}`);
  assert.equal(codes.filter((each) => each === 'table-missing').length, 2);
  const { lines } = await moim('check', [join(path, 'deadly.json'), '--here', '--lang', 'ko'], {
    MOIM_CDM_URL: url,
  });
  assert.match(lines[0] ?? '', /자료 확인 결과 \(.*\):\n {2}오류 table-missing \$\n.*cdm\.death/);
});

test('of a folder a file is taken in whatever case its name ends in .json', async (t) => {
  const path = write(temporaryHome(t), {
    'a.JSON': plain,
    'b.json': plain,
    'c.Json': plain,
    'd.json.txt': plain,
  });
  const { url } = await testDatabase(t, { streams: ['cdm', 'results'] });
  const { exit, lines } = await moim('generate', [path], { MOIM_DATABASE_URL: url });
  assert.equal(exit, 0);
  assert.deepEqual(
    parsed(lines).map(({ name }) => name),
    ['a.JSON', 'b', 'c.Json'],
    'a name is the file’s without .json, so that a.JSON and a.json are two',
  );
});

test('the mask of 62 inclusion rules is written whole, also where the answer was kept', async (t) => {
  const path = write(temporaryHome(t), { '53.json': ruled(53), '54.json': ruled(54), '62.json': ruled(62) });
  const { url, pool } = await testDatabase(t, { streams: ['cdm', 'results'] });
  await pool.query(`
    insert into cdm.concept (concept_id, concept_name, domain_id, vocabulary_id, concept_class_id, concept_code, valid_start_date, valid_end_date)
      values (1, 'one', 'Condition', 'SNOMED', 'x', '1', '2000-01-01', '2099-12-31');
    insert into cdm.person (person_id, gender_concept_id, year_of_birth, race_concept_id, ethnicity_concept_id)
      values (1, 8507, 1900, 0, 0), (2, 8507, 1950, 0, 0);
    insert into cdm.observation_period values (1, 1, '2000-01-01', '2020-12-31', 0), (2, 2, '2000-01-01', '2020-12-31', 0);
    insert into cdm.condition_occurrence (condition_occurrence_id, person_id, condition_concept_id, condition_start_date, condition_type_concept_id)
      values (1, 1, 1, '2010-01-01', 0), (2, 2, 1, '2010-12-01', 0)`);
  const results = async () => {
    const { lines } = await moim('generate', [path], { MOIM_DATABASE_URL: url });
    return lines.map((line) => /"inclusionResult":(\[.*?\]\])/.exec(line)?.[1]);
  };
  const masks = (...each: readonly bigint[]) =>
    `[${[0, 1].flatMap((mode) => each.map((mask) => `[${mode},${mask},1]`)).join()}]`;
  const all = (rules: bigint) => (1n << rules) - 1n;
  // Who was born in 1950 is 60: 61 rules of 62 hold, at least 0 to at least 60.
  const expected = [
    `[[0,${all(53n)},2],[1,${all(53n)},2]]`,
    `[[0,${all(54n)},2],[1,${all(54n)},2]]`,
    masks(all(61n), all(62n)),
  ];
  assert.deepEqual(await results(), expected);
  assert.equal(
    expected[2],
    '[[0,2305843009213693951,1],[0,4611686018427387903,1],[1,2305843009213693951,1],[1,4611686018427387903,1]]',
  );
  assert.deepEqual(await results(), expected, 'kept');
});
