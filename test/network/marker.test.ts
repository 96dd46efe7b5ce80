/** Nothing of a patient, no secret and no name of a file gets into a log, an answer, the hub, or a message to a person. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import type pg from 'pg';
import { definition } from './cohort.ts';
import { openNetwork, type Party, rowsOf, type Site } from './network.ts';
import { type Answer, command, until } from './party.ts';
import { reach, resultOf, type SentStudy, sendStudy, signStudy } from './study.ts';

// What may stand nowhere outside the CDM, what only a study may hold, what only its owner's own files and messages may hold.
const patient = 'zqxPatientKim';
const inStudy = 'zqxDefinitionText';
const fileName = 'zqxFileName';
const setting = 'zqxSettingValue';
const passphrase = 'zqxPassphrase';

const network = await openNetwork(
  { after },
  {
    sites: {
      alpha: { persons: 120, salt: 1, sourceValue: patient },
      beta: { persons: 60, salt: 2, sourceValue: patient },
    },
    env: { MOIM_QUERY_TIMEOUT: '1.5', MOIM_LOG_LEVEL: 'debug' },
  },
);
const { hub, lead, sites } = network;
const [alpha, beta] = sites as [Site, Site];
const said: Answer[] = [];

/** Runs a command and keeps what it said. */
async function say(
  party: { home: string; env?: Party['env'] },
  noun: Parameters<typeof command>[2],
  ...words: string[]
) {
  const answer = await command(party.home, party.env ?? {}, noun, ...words);
  said.push(answer);
  return answer;
}

/** Every row of a schema as text, with what its signed documents carry. */
async function textOf(pool: pg.Pool, schema: string, without: readonly string[] = []): Promise<string> {
  const tables = await rowsOf<{ name: string }>(
    pool,
    'select table_name as name from information_schema.tables where table_schema = $1',
    [schema],
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    if (without.includes(name)) continue;
    for (const { text } of await rowsOf<{ text: string }>(
      pool,
      `select to_jsonb(t)::text as text from ${schema}.${name} t`,
    ))
      texts.push(decoded(text));
  }
  return texts.join('\n');
}

/** A text with the payloads of the signed documents in it, to any depth. */
function decoded(text: string): string {
  const inner = [...text.matchAll(/[A-Za-z0-9_-]{8,}\.([A-Za-z0-9_-]{8,})\.[A-Za-z0-9_-]{8,}/g)].map(
    ([, payload = '']) => decoded(Buffer.from(payload, 'base64url').toString()),
  );
  return [text, ...inner].join('\n');
}

const holds = (text: string, marker: string): boolean => text.toLowerCase().includes(marker.toLowerCase());

async function plant(site: Site): Promise<void> {
  await site.pool.query(
    `insert into cdm.observation (observation_id, person_id, observation_concept_id, observation_date, observation_type_concept_id, value_as_string, observation_source_value)
     select person_id, person_id, 0, '2012-01-01', 0, $1::text, $1::text from cdm.person`,
    [patient],
  );
  await site.pool.query(
    `insert into cdm.note (note_id, person_id, note_date, note_type_concept_id, note_class_concept_id, note_title, note_text, encoding_concept_id, language_concept_id)
     select person_id, person_id, '2012-01-01', 0, 0, $1::text, $1::text, 0, 0 from cdm.person limit 5`,
    [patient],
  );
}

test('the walk and every failure of it leave no trace of what a hospital keeps', async () => {
  for (const site of sites) {
    await plant(site);
    await site.start();
  }
  const answered = await sendStudy(network);
  await reach(lead, answered, { alpha: 'answered', beta: 'answered' });

  // A query that takes too long, one without its table, one that meets a value it cannot read, a definition that cannot be run.
  const lock = await alpha.pool.connect();
  await lock.query('begin; lock table cdm.person in access exclusive mode');
  const slow = await sendStudy(network, { sites: [alpha] });
  await reach(lead, slow, { alpha: 'failed statement-timeout' });
  await lock.query('rollback');
  lock.release();

  await alpha.pool.query('alter table cdm.drug_exposure rename to gone');
  const drugs = {
    ...definition,
    PrimaryCriteria: { ...definition.PrimaryCriteria, CriteriaList: [{ DrugExposure: { CodesetId: 0 } }] },
  };
  const lacking = await sendStudy(network, { sites: [alpha], definition: drugs });
  await reach(lead, lacking, { alpha: 'failed table-missing' });
  await alpha.pool.query('alter table cdm.gone rename to drug_exposure');

  await beta.pool.query(
    `alter table cdm.person rename to person_kept;
     create view cdm.person as select person_id, gender_concept_id, person_source_value::int as year_of_birth, person_source_value from cdm.person_kept`,
  );
  const unreadable = await sendStudy(network, { sites: [beta] });
  await reach(lead, unreadable, { beta: 'failed internal' });
  await beta.pool.query('drop view cdm.person; alter table cdm.person_kept rename to person');

  const odd = { ...definition, [inStudy]: inStudy };
  const refused = await sendBypassing(odd);
  const [row] = await until('the hospital to refuse it', async () => {
    const rows = await rowsOf<{ state: string; code: string }>(
      hub.pool,
      `select state, code from hub.job where job = $1 and state in ('refused', 'failed', 'answered')`,
      [refused],
    );
    return rows.length > 0 && rows;
  });
  assert.deepEqual(row, { state: 'refused', code: 'definition-refused' });

  // The lead reads, in every form there is.
  const out = join(lead.home, 'out');
  for (const flags of [['--json'], [], ['--out', out], ['--partial', '--json']])
    said.push(await resultOrText(answered, flags));
  for (const study of [slow, lacking, unreadable])
    said.push(await resultOrText(study, ['--partial', '--json']));
  await say(lead, 'study', 'watch', unreadable.id, '--once');
  const results = ['result.json', 'result.csv']
    .map((name) => readFileSync(join(out, name), 'utf8'))
    .join('\n');
  assert.match(results, /persons/);

  // The engineer's commands, right and wrong.
  for (const site of sites) {
    for (const words of [['show'], ['show', '--json'], ['show', '--csv'], ['show', '--left'], ['verify']])
      await say(site, 'nodeAudit', ...words);
    await say(site, 'doctor');
    await say(site, 'doctor', '--show');
    await say(site, 'node', 'trust', 'list');
    await say(site, 'node', 'policy', 'show');
    await say(site, 'cdm', 'check');
  }
  for (const words of [['show'], ['verify']]) await say(hub, 'hubAudit', ...words);
  await say(hub, 'hub', 'sites', '--json');
  await badFiles();

  const spoken = said.map(({ out, err }) => `${out}\n${err}`).join('\n');
  const logs = [hub, ...sites].flatMap(({ lines }) => lines).join('');
  const hubState = await textOf(hub.pool, 'hub');
  const hubButStudies = await textOf(hub.pool, 'hub', ['study', 'outbox']);
  const nodeState = (await Promise.all(sites.map(({ pool }) => textOf(pool, 'moim')))).join('\n');
  const server = await serverLog();

  // What is searched is there to be found: each place holds what it should.
  assert.ok(holds(await textOf(alpha.pool, 'cdm'), patient));
  assert.ok(holds(hubState, answered.jobs.alpha ?? 'nothing'));
  assert.ok(holds(hubState, inStudy), 'a study’s own text stands in the study');
  assert.ok(logs.includes('job-not-answered') && logs.includes('link-up') && logs.includes('study-received'));
  assert.match(spoken, /table_name|persons|minimum cell/);
  assert.ok(holds(spoken, 'statement-timeout'));

  const passwords = [hub, ...sites].map(({ env }) => new URL(env.MOIM_DATABASE_URL ?? '').password);
  const tokens = [readFileSync(lead.tokenFile, 'utf8').trim()];
  const secrets = [...passwords, ...tokens, passphrase].filter((text) => text.length > 5);
  const places: Readonly<Record<string, readonly [string, readonly string[]]>> = {
    'a log': [logs, [patient, inStudy, fileName, setting, ...secrets]],
    'a command’s words': [spoken, [patient, setting, ...secrets]],
    'the hub': [hubState, [patient, fileName, setting, ...secrets]],
    'the hub beside the studies': [hubButStudies, [inStudy]],
    'the node’s own state': [nodeState, [patient, fileName, setting, ...secrets]],
    'a result': [results, [patient, inStudy, fileName, setting, ...secrets]],
    'the server’s log': [server, [patient, ...secrets]],
  };
  for (const [place, [text, markers]] of Object.entries(places)) {
    for (const marker of markers) {
      if (!holds(text, marker)) continue;
      const at = text.toLowerCase().indexOf(marker.toLowerCase());
      assert.fail(`${place} holds ${marker}: …${text.slice(Math.max(0, at - 200), at + 60)}…`);
    }
  }
  // Nor does a log line hold a path or a statement.
  assert.doesNotMatch(logs, /\bselect\b|\/dev\/shm|\/tmp\/|postgresql:/i);
});

async function resultOrText(study: SentStudy, flags: readonly string[]): Promise<Answer> {
  if (flags.includes('--json')) return resultOf(lead, study, ...flags.filter((flag) => flag !== '--json'));
  return command(lead.home, {}, 'study', 'result', study.id, '--key', lead.key, ...flags);
}

/** A lead that goes past its own command's check: the hub takes the study, the hospital does not. Gives the job. */
async function sendBypassing(odd: object): Promise<string> {
  const { signStudy: sign } = await import('#protocol/study.ts');
  const { readSigningKey } = await import('#host/key-file.ts');
  const { createSealingPair } = await import('#protocol/keys.ts');
  const { uuidv7 } = await import('#protocol/ids.ts');
  const { hubApi } = await import('#lead/hub-api.ts');
  const { draftOf } = await import('./study.ts');
  // The lead's own command names the place and not the text.
  const wrong = await signStudy(lead, [alpha], { definition: odd }).catch((cause: unknown) => String(cause));
  assert.ok(typeof wrong === 'string');
  const sealing = await createSealingPair();
  const signed = await sign(draftOf([alpha], { definition: odd }), {
    key: readSigningKey(lead.key).key,
    sealingKey: sealing.public,
    signedAt: new Date().toISOString(),
    nextId: () => uuidv7(Date.now()),
  });
  const token = readFileSync(lead.tokenFile, 'utf8').trim();
  await hubApi(hub.url, token).send({ jws: signed.jws });
  return signed.study.sites[0]?.job ?? '';
}

/** Files and settings that are wrong, with a patient's value or a secret in them. */
async function badFiles(): Promise<void> {
  const folder = join(alpha.home, `${fileName}-cdm`);
  mkdirSync(folder);
  const header =
    'person_id,gender_concept_id,year_of_birth,race_concept_id,ethnicity_concept_id,person_source_value';
  for (const rows of [
    `9001,8532,${patient},0,0,x`,
    `${patient},8532,1950,0,0,x`,
    `9001,8532,1950,0,0,${patient.repeat(8)}`,
    `9001,8532,1950,0,0,"${patient}`,
    `9001,8532,1950,0,0,${patient}\n9001,8532,1950,0,0,${patient}`,
    `9001,8532,1950,0,0,${patient},${patient}`,
  ]) {
    writeFileSync(join(folder, 'person.csv'), `${header}\n${rows}\n`);
    const { code, err } = await say(alpha, 'cdm', 'load', folder, '--replace');
    assert.equal(code, 5, `a bad row is bad input: ${err}`);
    assert.match(err, /person\.csv:[23]/, 'the line is named');
  }
  const policy = join(alpha.home, `${fileName}.toml`);
  for (const text of [
    `minimumCell = "${setting}"\n`,
    `minimumCell = ${setting}\n`,
    `${'minimumCell = 5\nshowZero = true\nanalyses = ["'}${setting}"]\n`,
  ]) {
    writeFileSync(policy, text);
    assert.equal((await say(alpha, 'node', 'policy', 'apply', policy)).code, 5);
  }
  for (const env of [
    { MOIM_PORT: setting },
    { MOIM_LOG_LEVEL: setting },
    { MOIM_CDM_SCHEMA: `${setting}; drop` },
    { MOIM_DATABASE_URL: setting },
    { MOIM_DATABASE_URL: `postgresql://moim:${passphrase}@127.0.0.1:1/x` },
    { MOIM_KEY_PASSPHRASE: passphrase },
  ]) {
    await say({ home: alpha.home, env: { ...alpha.env, ...env } }, 'node', 'policy', 'show');
  }
  const token = join(alpha.home, 'token');
  writeFileSync(token, passphrase);
  assert.equal((await say(alpha, 'node', 'enroll', '--hub', hub.url, '--token-file', token)).code, 3);
  writeFileSync(join(lead.home, 'odd.json'), `{"title": "${patient}", ${patient}`);
  assert.equal((await say(lead, 'study', 'sign', join(lead.home, 'odd.json'), '--key', lead.key)).code, 5);
}

/** The log of the tests' own server, where it can be read. */
async function serverLog(): Promise<string> {
  const [row] = await rowsOf<{ folder: string }>(
    alpha.pool,
    `select current_setting('data_directory') as folder`,
  );
  const log = join(dirname(row?.folder ?? '/'), 'server.log');
  return existsSync(log) ? readFileSync(log, 'utf8') : '';
}
