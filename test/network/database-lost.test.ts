import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { type Database, openDatabase } from '#host/postgres/database.ts';
import { runNode } from '#node/run.ts';
import type { Ending } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { fillCdm } from './cohort.ts';
import { backwards, openHub, openLead, rowsOf, succeed } from './network.ts';
import { command, type Environment, serving, until } from './party.ts';
import { reach, sendStudy, statesOf } from './study.ts';

const hub = await openHub({ after });
const lead = await openLead({ after }, hub);
const held = new Set<() => Promise<void>>();
afterEach(async () => {
  for (const free of held) await free();
});

/** A hospital whose server is in `serverHome`, and can be killed: its own where that is its home, else a given one. */
async function openHospital(t: Ending, site: string, own: boolean) {
  const end = backwards(t);
  const home = temporaryHome(end);
  const serverHome = own ? home : temporaryHome(end);
  // Whoever kills the server tests its durability: it keeps its settings.
  const database = await openDatabase({ home: serverHome });
  const env: Environment = own ? {} : { MOIM_DATABASE_URL: database.url };
  const life = serving('node', (needs) => runNode({ home, env, ...needs }));
  end.after(() => database.close());
  end.after(() => life.stop());
  await succeed({ home, env }, 'node', 'init');
  const token = (await succeed(hub, 'hub', 'token', 'create', '--role', 'site', '--site', site)).out;
  const { out } = await succeed(
    { home, env },
    'node',
    'enroll',
    '--hub',
    hub.url,
    '--token',
    token,
    '--json',
  );
  const fingerprint = (JSON.parse(out) as { fingerprints: { site: string } }).fingerprints.site;
  await succeed(hub, 'hub', 'approve', fingerprint);
  await succeed(
    { home, env },
    'node',
    'trust',
    'lead',
    lead.key,
    '--fingerprint',
    lead.fingerprint,
    '--entity',
    'Test lead',
  );
  await fillCdm(database.pool, { persons: 60, salt: 1 });
  return { site, fingerprint, home, env, pool: database.pool, database, serverHome, ...life };
}

type Hospital = Awaited<ReturnType<typeof openHospital>>;

/** Kills the server as a power cut would: the postmaster and all its sessions are gone at once. */
function killServer({ serverHome }: Hospital): void {
  process.kill(
    Number(readFileSync(join(serverHome, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]),
    'SIGKILL',
  );
}

async function hold(database: Database, table: string): Promise<() => Promise<void>> {
  const client = await database.connect();
  const free = async () => {
    if (held.delete(free)) await client.end().catch(() => {});
  };
  held.add(free);
  await client.query(`begin; lock table ${table} in access exclusive mode`);
  return free;
}

async function assertAnsweredOnce(hospital: Hospital, job: string): Promise<void> {
  const [row] = await rowsOf<{ released: number; entries: number }>(
    hospital.pool,
    `select (select count(*) from moim.released where job = $1::uuid)::int as released,
       (select count(*) from moim.audit where kind = 'job-answered' and body->>'job' = $1::text)::int as entries`,
    [job],
  );
  assert.deepEqual(row, { released: 1, entries: 1 });
  assert.equal((await rowsOf(hub.pool, 'select from hub.reply where job = $1', [job])).length, 1);
  assert.match((await succeed(hospital, 'nodeAudit', 'verify')).out, /^ok /);
}

test('a node whose own server is killed while a cohort runs starts it again and answers once', async (t) => {
  const hospital = await openHospital(t, 'own', true);
  await hospital.start();
  for (let round = 0; round < 2; round += 1) {
    const free = await hold(hospital.database, 'cdm.person');
    const study = await sendStudy({ hub, lead, sites: [hospital] });
    await reach(lead, study, { own: 'running' });
    killServer(hospital);
    await free();
    await reach(lead, study, { own: 'answered' }, 40_000);
    await hospital.database.reopen();
    await assertAnsweredOnce(hospital, study.jobs.own ?? '');
  }
  const log = hospital.lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  assert.ok(log.includes('database-back'));
  await hospital.stop();
});

test('a node waits for a given server that is gone, the commands say what to do, and the job is answered once', async (t) => {
  const hospital = await openHospital(t, 'given', false);
  await hospital.start();
  const free = await hold(hospital.database, 'cdm.person');
  const study = await sendStudy({ hub, lead, sites: [hospital] });
  await reach(lead, study, { given: 'running' });
  killServer(hospital);
  await free();
  await until('the node to miss its database', () =>
    hospital.lines.some((line) => line.includes('database-lost')),
  );

  const password = new URL(hospital.database.url).password;
  for (const words of [
    ['node', 'policy', 'show'],
    ['node', 'trust', 'list'],
    ['nodeAudit', 'verify'],
    ['cdm', 'check'],
  ] as const) {
    const [noun, ...rest] = words;
    const { code, out, err } = await command(hospital.home, hospital.env, noun, ...rest);
    assert.equal(code, 4, `${words.join(' ')}: ${err}`);
    assert.match(err, /Check that the database server runs and that MOIM_DATABASE_URL is right/);
    assert.equal(out, '');
    assert.equal(err.includes(password), false, 'the password stays where it is');
  }
  const doctor = await command(hospital.home, hospital.env, 'doctor');
  assert.equal(doctor.code, 1);
  assert.match(doctor.out, /failed +database[\s\S]*MOIM_DATABASE_URL/);
  assert.equal(doctor.out.includes(password), false);
  assert.notEqual((await statesOf(lead, study)).given, 'answered');

  const before = hospital.database.url;
  await hospital.database.reopen();
  assert.equal(hospital.database.url, before, 'the server is back at its address');
  await reach(lead, study, { given: 'answered' }, 40_000);
  await assertAnsweredOnce(hospital, study.jobs.given ?? '');
  await hospital.stop();
});

test('a database address that is none, or a wrong password, is refused without being printed', async () => {
  const home = temporaryHome({ after });
  await succeed({ home, env: { MOIM_DATABASE_URL: hub.env.MOIM_DATABASE_URL ?? '' } }, 'node', 'init');
  const wrong = new URL(hub.env.MOIM_DATABASE_URL ?? '');
  wrong.password = 'marker-password';
  const refused = await command(home, { MOIM_DATABASE_URL: wrong.href }, 'node', 'policy', 'show');
  assert.equal(refused.code, 4);
  assert.doesNotMatch(refused.err, /marker/);
  const none = await command(home, { MOIM_DATABASE_URL: 'marker-no-address' }, 'node', 'policy', 'show');
  assert.equal(none.code, 5);
  assert.doesNotMatch(none.err, /marker/);
  assert.match(none.err, /postgresql:\/\//);
});
