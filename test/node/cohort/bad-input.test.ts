/** Bad definitions and odd hospitals at the command line: which exit code, and what is said. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseFlags } from '#host/command.ts';
import { commands } from '#node/commands/cohort.ts';
import { MoimError } from '#protocol/errors.ts';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort, conceptSet, item } from '../../sql/circe/definitions.ts';

const sick = { ConditionOccurrence: { CodesetId: 0 } };
const plain = cohort([sick], { ConceptSets: [conceptSet(0, 1)] });
const text = JSON.stringify(plain);

/** Exit code, lines, and what the error says where there is one. */
async function moim(verb: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const command = commands[verb];
  assert.ok(command);
  const { flags, args } = parseFlags(command, words);
  const lines: string[] = [];
  const said = (error: unknown) => {
    if (!(error instanceof MoimError)) throw error;
    return { exit: error.exit, lines, code: error.code, message: error.message, remedy: error.remedy };
  };
  return Promise.resolve(
    command.run({
      home: '/nowhere',
      args,
      flags,
      json: true,
      quiet: true,
      env,
      terminal: false,
      signal: new AbortController().signal,
      out: (line) => void lines.push(line),
      note: () => {},
    }),
  ).then((exit) => ({ exit, lines, code: undefined, message: '', remedy: '' }), said);
}

/** What is wrong, and the fault that must be named. */
const bad: Readonly<Record<string, readonly [definition: string | Buffer, fault: RegExp]>> = {
  'text that is no JSON': ['{"PrimaryCriteria": Hong}', /\$: .*not JSON at character/],
  'an empty file': ['', /\$: .*not JSON/],
  'a text nested 100,000 deep': ['['.repeat(100_000), /\$: .*not JSON|nested/],
  'groups nested 500 deep': [
    text.replace(
      '"InclusionRules":[]',
      `"AdditionalCriteria":${'{"Type":"ALL","Groups":['.repeat(500)}${']}'.repeat(500)}`,
    ),
    /nested more than 200 deep/,
  ],
  'an unknown property': [text.replace('"ConceptSets"', '"Extra":1,"ConceptSets"'), /\$\.Extra: /],
  'a property that stands twice': [
    text.replace('"EraPad":0', '"EraPad":0,"EraPad":9'),
    /\$\.CollapseSettings\.EraPad: .*twice/,
  ],
  'a number beyond 64 bits': [text.replace('"CONCEPT_ID":1', '"CONCEPT_ID":1e30'), /CONCEPT_ID: .*64 bits/],
  'a number of days that no life has': [
    text.replace('"Offset":0', '"Offset":2147483647'),
    /Offset: .*100000/,
  ],
  'a date that no calendar has': [
    text.replace('"ConceptSets"', '"CensorWindow":{"StartDate":"2023-02-30"},"ConceptSets"'),
    /\$\.CensorWindow\.StartDate: /,
  ],
  'what CDM 5.4 has no place for': [
    JSON.stringify(cohort([{ DrugExposure: { DoseUnit: [{ CONCEPT_ID: 1 }] } }])),
    /DoseUnit: .*dose_unit_concept_id/,
  ],
};

test('compile refuses a bad definition with 5, naming every fault, and prints no SQL', async (t) => {
  const home = temporaryHome(t);
  for (const [what, [definition, fault]] of Object.entries(bad)) {
    const file = join(home, 'definition.json');
    writeFileSync(file, definition);
    const { exit, lines, code, message } = await moim('compile', [file]);
    assert.deepEqual([exit, code, lines], [5, 'definition-refused', []], what);
    assert.match(message, fault, what);
    assert.doesNotMatch(message, /Hong/);
  }
  const korean = Buffer.concat([Buffer.from('{"Title":"'), Buffer.from([0xb0, 0xa1]), Buffer.from('"}')]);
  writeFileSync(join(home, 'euc-kr.json'), korean);
  const foreign = await moim('compile', [join(home, 'euc-kr.json')]);
  assert.deepEqual([foreign.exit, foreign.code], [5, 'file-unreadable']);
  assert.match(foreign.remedy, /UTF-8/);
  writeFileSync(join(home, 'marked.json'), `\uFEFF${text}`);
  assert.equal((await moim('compile', [join(home, 'marked.json')])).exit, 0);
});

test('check tells each fault by its path, with 1', async (t) => {
  const home = temporaryHome(t);
  for (const [what, [definition, fault]] of Object.entries(bad)) {
    const file = join(home, 'definition.json');
    writeFileSync(file, definition);
    const { exit, lines } = await moim('check', [file]);
    assert.equal(exit, 1, what);
    const [{ findings }] = JSON.parse(lines.join(''));
    const errors = findings.filter(({ severity }: { severity: string }) => severity === 'error');
    assert.ok(errors.length > 0, what);
    assert.match(
      errors.map(({ path, message }: { path: string; message: string }) => `${path}: ${message}`).join(),
      fault,
      what,
    );
  }
  const good = join(home, 'good.json');
  const foreign = join(home, 'euc-kr.json');
  writeFileSync(good, text);
  writeFileSync(foreign, Buffer.from([0x7b, 0xb0, 0xa1]));
  const { exit, lines } = await moim('check', ['--json', foreign, good]);
  assert.equal(exit, 1);
  const [bad1, good1] = JSON.parse(lines.join(''));
  assert.deepEqual(
    bad1.findings.map(({ code }: { code: string }) => code),
    ['file-unreadable'],
  );
  assert.ok(good1.words.length > 0, 'the others are checked all the same');
});

test('generate refuses the bad ones line by line and answers the others', async (t) => {
  const { pool, url } = await testDatabase(t, { streams: ['cdm', 'results'] });
  const home = temporaryHome(t);
  Object.values(bad).forEach(([definition], at) => {
    writeFileSync(join(home, `bad-${at}.json`), definition);
  });
  writeFileSync(join(home, 'good.json'), text);
  writeFileSync(
    join(home, 'family.json'),
    JSON.stringify({
      ...plain,
      ConceptSets: [
        { id: 0, name: 's', expression: { items: [item(1, { descendants: true, mapped: true })] } },
      ],
    }),
  );
  const generate = async () => {
    const { exit, lines } = await moim('generate', [home, '--force'], { MOIM_DATABASE_URL: url });
    assert.equal(exit, 1);
    return new Map(lines.map((line) => JSON.parse(line)).map((line) => [line.name, line]));
  };
  const whole = await generate();
  assert.equal(whole.size, Object.keys(bad).length + 2);
  for (const [name, line] of whole) {
    const [status, reason] = name.startsWith('bad')
      ? ['refused', /^definition-refused: .*\$/]
      : ['ok', /^undefined$/];
    assert.equal(line.status, status, name);
    assert.match(String(line.reason), reason, name);
  }
  // A vocabulary without a table that a set needs would give fewer concepts, and nobody would see it.
  for (const [name, table] of [
    ['family', 'concept_relationship'],
    ['family', 'concept_ancestor'],
    ['good', 'condition_occurrence'],
  ] as const) {
    await pool.query(`drop table cdm.${table}`);
    const line = (await generate()).get(name);
    assert.equal(line.status, 'refused', table);
    assert.match(line.reason, new RegExp(`^table-missing: .*cdm\\.${table}`));
  }
});
