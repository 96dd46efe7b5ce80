import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { definition, truthOf } from './cohort.ts';
import { assertChainsVerify, openNetwork, rowsOf, type Site, succeed } from './network.ts';
import { command, until } from './party.ts';
import { reach, resultOf, type SentStudy, sendStudy, statesOf } from './study.ts';

const network = await openNetwork(
  { after },
  {
    sites: { alpha: { persons: 90, salt: 1 } },
    minimumCell: 1,
    env: { MOIM_QUERY_TIMEOUT: '1.5' },
  },
);
const { lead } = network;
const [alpha] = network.sites as [Site];
await alpha.start();
// What the node reads for itself at its start is no statement of a job.
await until(
  'the person keys to be caught up',
  async () => (await rowsOf(alpha.pool, 'select from moim.person_key_version')).length > 0,
);

/** Holds tables of the CDM, so that whatever reads them waits. */
async function holding(tables: string, work: () => Promise<void>): Promise<void> {
  const client = await alpha.pool.connect();
  try {
    await client.query(`begin; lock table ${tables} in access exclusive mode`);
    await work();
  } finally {
    await client.query('rollback');
    client.release();
  }
}

/** Statements of the node that run or wait in its database now. */
const statements = () =>
  rowsOf<{ query: string }>(
    alpha.pool,
    `select query from pg_stat_activity where datname = current_database() and application_name = 'moim-node' and state <> 'idle'
       and wait_event_type = 'Lock'`,
  );

for (const table of ['cdm.condition_occurrence', 'cdm.person', 'cdm.care_site']) {
  test(`a job that waits too long for ${table} fails with statement-timeout, and leaves no statement behind`, async () => {
    await holding(table, async () => {
      const study = await sendStudy(network);
      await reach(lead, study, { alpha: 'failed statement-timeout' });
      await until('the statement to be gone', async () => (await statements()).length === 0);
      const incomplete = await resultOf(lead, study);
      assert.equal(incomplete.code, 1);
      assert.match(incomplete.err, /0 of 1 answered: alpha failed \(statement-timeout\)/);
      assert.deepEqual(
        await rowsOf(alpha.pool, 'select from moim.released where job = $1', [study.jobs.alpha]),
        [],
      );
    });
    const next = await sendStudy(network);
    await reach(lead, next, { alpha: 'answered' });
  });
}

test('a table that the definition does not need may be missing; one that it needs fails the job with table-missing', async () => {
  await alpha.pool.query(
    'alter table cdm.drug_exposure rename to gone; alter table cdm.device_exposure rename to gone_too',
  );
  const without = await sendStudy(network);
  await reach(lead, without, { alpha: 'answered' });
  const { pooled } = await resultOf(lead, without);
  assert.equal(pooled?.cohorts[0]?.persons.value, (await truthOf(alpha.pool)).persons);

  const drugs = {
    ...definition,
    PrimaryCriteria: { ...definition.PrimaryCriteria, CriteriaList: [{ DrugExposure: { CodesetId: 0 } }] },
  };
  const needing = await sendStudy(network, { definition: drugs });
  await reach(lead, needing, { alpha: 'failed table-missing' });
  await alpha.pool.query(
    'alter table cdm.gone rename to drug_exposure; alter table cdm.gone_too rename to device_exposure',
  );
  const [entry] = await rowsOf<{ body: unknown }>(
    alpha.pool,
    `select body from moim.audit where kind = 'job-failed' and body->>'job' = $1`,
    [needing.jobs.alpha],
  );
  assert.deepEqual(entry?.body, { job: needing.jobs.alpha, code: 'table-missing' });
});

test('a table whose columns are not the CDM’s fails the job, and the hub hears no more than a code', async () => {
  await alpha.pool.query('alter table cdm.person rename column year_of_birth to yob');
  const study = await sendStudy(network);
  await reach(lead, study, { alpha: 'failed internal' });
  await alpha.pool.query('alter table cdm.person rename column yob to year_of_birth');
});

test('disclosure control has a limit of its own: past it nothing leaves, however long a query may take', async () => {
  await alpha.stop();
  const own = { ...alpha.env };
  Object.assign(alpha.env, { MOIM_QUERY_TIMEOUT: '600', MOIM_DISCLOSURE_TIMEOUT: '0.001' });
  await alpha.start();
  const study = await sendStudy(network);
  await reach(lead, study, { alpha: 'failed disclosure-failed' });
  assert.deepEqual(
    await rowsOf(alpha.pool, 'select from moim.released where job = $1', [study.jobs.alpha]),
    [],
  );
  await alpha.stop();
  Object.assign(alpha.env, { ...own, MOIM_DISCLOSURE_TIMEOUT: '600' });
  await alpha.start();
});

test('SIGTERM while a cohort runs cancels its statement, ends the node in time, and the job runs at the next start', async () => {
  await alpha.stop();
  writeFileSync(join(alpha.home, 'node.toml'), 'queryTimeoutSeconds = 600\n');
  const patient = { ...alpha.env, MOIM_QUERY_TIMEOUT: '600' };
  Object.assign(alpha.env, patient);
  for (const table of ['cdm.condition_occurrence', 'cdm.care_site']) {
    await alpha.start();
    let study: SentStudy | undefined;
    await holding(table, async () => {
      study = await sendStudy(network);
      await until('the statement to wait', async () => (await statements()).length > 0, 10_000);
      const begun = performance.now();
      await alpha.stop();
      assert.ok(performance.now() - begun < 10_000, 'the node ends within 10 s');
      assert.deepEqual(await statements(), [], 'no statement is left');
      assert.notEqual((await statesOf(lead, study)).alpha, 'answered');
    });
    assert.ok(study);
    await alpha.start();
    await reach(lead, study, { alpha: 'answered' });
    await assertAnsweredOnceHere(study.jobs.alpha ?? '');
    await alpha.stop();
  }
});

test('a definition that cannot be run is refused by the lead’s command, place by place', async () => {
  const file = join(lead.home, 'broken.json');
  const broken = {
    ...definition,
    PrimaryCriteria: { ...definition.PrimaryCriteria, CriteriaList: [{ TimeTravel: {} }] },
  };
  const { draftOf } = await import('./study.ts');
  writeFileSync(file, JSON.stringify(draftOf([alpha], { definition: broken })));
  const answer = await command(lead.home, {}, 'study', 'sign', file, '--key', lead.key);
  assert.equal(answer.code, 5);
  assert.match(answer.err, /cohort hypertension .*CriteriaList.*[\s\S]*moim cohort check/);
  assert.equal(answer.out, '');
});

test('the audit chains verify', async () => {
  await assertChainsVerify(network);
  assert.match((await succeed(alpha, 'node', 'policy', 'show')).out, /Every figure may leave/);
});

async function assertAnsweredOnceHere(job: string): Promise<void> {
  const [row] = await rowsOf<{ entries: number }>(
    alpha.pool,
    `select count(*)::int as entries from moim.audit where kind = 'job-answered' and body->>'job' = $1`,
    [job],
  );
  assert.equal(row?.entries, 1);
  await until(
    'the reply to be at the hub',
    async () => (await rowsOf(network.hub.pool, 'select from hub.reply where job = $1', [job])).length === 1,
  );
}
