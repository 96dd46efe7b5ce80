/** The life of a study: paused, resumed, withdrawn and amended, while it waits, while it runs, and after it was answered. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { json, openNetwork, rowsOf, type Site } from './network.ts';
import { command, until } from './party.ts';
import { draftOf, reach, resultOf, type SentStudy, type StudyOptions, sendStudy } from './study.ts';

const network = await openNetwork(
  { after },
  {
    sites: { alpha: { persons: 90, salt: 1 }, beta: { persons: 60, salt: 2 } },
    minimumCell: 1,
    env: { MOIM_QUERY_TIMEOUT: '600' },
  },
);
const { lead, hub } = network;
const [alpha, beta] = network.sites as [Site, Site];
await Promise.all(network.sites.map((site) => site.start()));

const both = { alpha: 'answered', beta: 'answered' };

const order = (study: SentStudy, kind: 'pause' | 'resume' | 'withdraw') =>
  command(lead.home, {}, 'study', kind, study.id, '--key', lead.key, '--json');

async function ordered(study: SentStudy, kind: 'pause' | 'resume' | 'withdraw') {
  const answer = await order(study, kind);
  assert.equal(answer.code, 0, answer.err);
  return json<{ state: string; n: number }>(answer);
}

async function amended(study: SentStudy, options: StudyOptions & { sites?: readonly Site[] } = {}) {
  const file = join(lead.home, `amended-${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(file, JSON.stringify(draftOf(options.sites ?? network.sites, options)));
  return command(lead.home, {}, 'study', 'amend', study.id, file, '--key', lead.key, '--json');
}

const jobState = async (site: Site, job: string | undefined) =>
  (await rowsOf<{ state: string }>(site.pool, 'select state from moim.job where job = $1', [job]))[0]?.state;

const left = async (site: Site, job: string | undefined) =>
  (
    await rowsOf<{ n: number }>(site.pool, 'select count(*)::int as n from moim.released where job = $1', [
      job,
    ])
  )[0]?.n;

const orders = async (site: Site, study: SentStudy) =>
  (
    await rowsOf<{ kind: string }>(
      site.pool,
      'select kind from moim.study_order where study = $1 order by n',
      [study.id],
    )
  ).map(({ kind }) => kind);

/** Does `work` while alpha's job waits in the middle of its run for a table that the test holds. */
async function whileAlphaRuns<T>(job: string | undefined, work: () => Promise<T>): Promise<T> {
  await until('the job to run', async () => (await jobState(alpha, job)) === 'running');
  return work();
}

async function locked<T>(work: () => Promise<T>): Promise<T> {
  const client = await alpha.pool.connect();
  await client.query('begin; lock table cdm.condition_occurrence in access exclusive mode');
  try {
    return await work();
  } finally {
    await client.query('rollback');
    client.release();
  }
}

test('a paused study does not release, and goes on by itself when it is resumed', async () => {
  const study = await locked(async () => {
    const sent = await sendStudy(network);
    await whileAlphaRuns(sent.jobs.alpha, async () => {
      assert.equal((await ordered(sent, 'pause')).state, 'paused');
      await until('alpha to stop', async () => (await jobState(alpha, sent.jobs.alpha)) === 'waiting');
    });
    return sent;
  });
  // Alpha could run now, and does not.
  await until('the order to be everywhere', async () => (await orders(beta, study)).length === 1);
  const shown = await command(lead.home, {}, 'study', 'watch', study.id, '--timeout', '20');
  assert.equal(shown.code, 1);
  assert.match(shown.err, /study version 1: paused[\s\S]*nothing runs/);
  assert.equal(await jobState(alpha, study.jobs.alpha), 'waiting');
  assert.equal(await left(alpha, study.jobs.alpha), 0);
  assert.equal((await resultOf(lead, study)).pooled?.state, 'paused');

  assert.equal((await ordered(study, 'resume')).n, 2);
  await reach(lead, study, both);
  assert.deepEqual(await orders(alpha, study), ['pause', 'resume']);
  const { pooled } = await resultOf(lead, study);
  assert.equal(pooled?.state, 'complete');
  assert.ok(pooled.sites.every(({ despite }) => despite === undefined));
});

test('a withdrawn study is cancelled where it runs, ends where it waits, and is never taken up again', async () => {
  await beta.stop();
  const study = await locked(async () => {
    const sent = await sendStudy(network);
    await whileAlphaRuns(sent.jobs.alpha, async () => {
      assert.equal((await ordered(sent, 'withdraw')).state, 'withdrawn');
      // The table is still held: the run was cancelled, not finished.
      await until('alpha to end it', async () => (await jobState(alpha, sent.jobs.alpha)) === 'expired');
      await until('its statement to be gone', async () => {
        const waits = await rowsOf(
          alpha.pool,
          `select from pg_stat_activity where datname = current_database() and application_name = 'moim-node' and wait_event_type = 'Lock'`,
        );
        return waits.length === 0;
      });
    });
    return sent;
  });
  await beta.start();
  await reach(lead, study, { alpha: 'expired expired', beta: 'expired expired' });
  assert.deepEqual([await left(alpha, study.jobs.alpha), await left(beta, study.jobs.beta)], [0, 0]);
  for (const kind of ['resume', 'pause', 'withdraw'] as const) {
    const refused = await order(study, kind);
    assert.equal(refused.code, 3, refused.err);
  }
  assert.equal((await amended(study)).code, 3);
  const { err } = await resultOf(lead, study);
  assert.doesNotMatch(err, /does not show your last order/, 'a refused order is not missed');
  const watched = await command(lead.home, {}, 'study', 'watch', study.id);
  assert.equal(watched.code, 0);
  assert.match(watched.err, /withdrawn/);
  const entries = await rowsOf<{ kind: string }>(
    alpha.pool,
    `select kind from moim.audit where body->>'study' = $1 or body->>'job' = $2 order by n`,
    [study.id, study.jobs.alpha],
  );
  assert.deepEqual(
    entries.map(({ kind }) => kind),
    ['job-received', 'job-expired', 'order-received'],
  );
});

test('an amended study is judged anew: the old version ends unanswered, the new one is answered', async () => {
  const study = await locked(async () => {
    const sent = await sendStudy(network, { title: 'Before' });
    await until('beta to answer', async () => (await left(beta, sent.jobs.beta)) === 1);
    await whileAlphaRuns(sent.jobs.alpha, async () => {
      const answer = await amended(sent, { title: 'After' });
      assert.equal(answer.code, 0, answer.err);
      const said = json<{ version: number; changes: string[] }>(answer);
      assert.equal(said.version, 2);
      assert.deepEqual(said.changes, [
        'title: "Before" → "After"',
        'the key that answers are sealed to was renewed',
      ]);
      await until(
        'the old version to end',
        async () => (await jobState(alpha, sent.jobs.alpha)) === 'expired',
      );
    });
    return sent;
  });
  await reach(lead, study, both);
  assert.equal(await left(alpha, study.jobs.alpha), 0, 'nothing left alpha for version 1');
  const newest = await resultOf(lead, study);
  assert.equal(newest.code, 0, newest.err);
  assert.deepEqual([newest.pooled?.version, newest.pooled?.title], [2, 'After']);
  const first = await resultOf(lead, study, '--version', '1', '--partial');
  assert.equal(first.code, 1);
  assert.deepEqual(
    first.pooled?.sites.map(({ site, state }) => [site, state]),
    [
      ['alpha', 'expired'],
      ['beta', 'answered'],
    ],
  );
  assert.ok((first.pooled?.cohorts[0]?.persons.value ?? 0) > 0, 'what version 1 was told stays readable');
  const words = await command(lead.home, {}, 'study', 'diff', `${study.id}@1`, `${study.id}@2`);
  assert.match(words.out, /^title: "Before" → "After"$/m);
});

test('a hospital that an amended study leaves out ends the old version too', async () => {
  const study = await locked(async () => {
    const sent = await sendStudy(network);
    await whileAlphaRuns(sent.jobs.alpha, async () => {
      const answer = await amended(sent, { sites: [beta] });
      assert.equal(answer.code, 0, answer.err);
      await until('alpha to end it', async () => (await jobState(alpha, sent.jobs.alpha)) === 'expired');
    });
    return sent;
  });
  await reach(lead, study, { beta: 'answered' });
  assert.equal(await left(alpha, study.jobs.alpha), 0);
  assert.equal((await resultOf(lead, study)).pooled?.standsOn, '1 of 1');
});

test('a version that was never sent is signed anew under the same number; another hub history is refused', async () => {
  await hub.stop();
  const study = await (async () => {
    await hub.start();
    const sent = await sendStudy(network);
    await reach(lead, sent, both);
    return sent;
  })();
  await hub.stop();
  const failed = await amended(study, { title: 'Lost on the way' });
  assert.equal(failed.code, 4, 'the hub is away');
  await hub.start();
  const done = await amended(study, { title: 'Sent' });
  assert.equal(done.code, 0, done.err);
  assert.equal(json<{ version: number }>(done).version, 2);
  await reach(lead, study, both);
  assert.equal((await resultOf(lead, study)).pooled?.title, 'Sent');
});

test('a study that was paused before it reached a hospital waits there, and is not run in passing', async () => {
  await beta.stop();
  const study = await sendStudy(network);
  await ordered(study, 'pause');
  await beta.start();
  await until('the job to wait', async () => (await jobState(beta, study.jobs.beta)) === 'waiting');
  await until('the second copy of the order', async () => {
    const rows = await rowsOf(
      beta.pool,
      `select from moim.audit where kind = 'order-repeated' and body->>'study' = $1`,
      [study.id],
    );
    return rows.length > 0;
  });
  assert.equal(await left(beta, study.jobs.beta), 0);
  await ordered(study, 'resume');
  await reach(lead, study, { beta: 'answered' });
});
