/** Permission is looked at once more when the answer is about to leave: what the hospital took back while the cohorts ran is taken back. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openNetwork, rowsOf, type Site, succeed } from './network.ts';
import { until } from './party.ts';
import { reach, sendStudy } from './study.ts';

const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 90, salt: 1 } }, minimumCell: 5, env: { MOIM_QUERY_TIMEOUT: '600' } },
);
const { lead } = network;
const [alpha] = network.sites as [Site];
await alpha.start();

/** Runs `work` while a study's cohort waits for a table that the test holds; gives the job. */
async function whileItRuns(work: () => Promise<void>) {
  const client = await alpha.pool.connect();
  await client.query('begin; lock table cdm.condition_occurrence in access exclusive mode');
  try {
    const study = await sendStudy(network);
    await until('the job to run', async () => {
      const rows = await rowsOf<{ state: string }>(alpha.pool, 'select state from moim.job where job = $1', [
        study.jobs.alpha,
      ]);
      return rows[0]?.state === 'running';
    });
    await work();
    return study;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const answers = (job: string | undefined) =>
  rowsOf<{ body: { minimumCell: number } }>(
    alpha.pool,
    `select body from moim.audit where kind = 'job-answered' and body->>'job' = $1`,
    [job],
  );

test('a policy put in force while the cohorts run is the one that the answer keeps to', async () => {
  const file = join(alpha.home, 'strict.toml');
  writeFileSync(file, 'minimumCell = 20\nshowZero = false\nanalyses = ["count"]\n');
  const study = await whileItRuns(async () => {
    await succeed(alpha, 'node', 'policy', 'apply', file);
  });
  await reach(lead, study, { alpha: 'answered' });
  const [entry, ...more] = await answers(study.jobs.alpha);
  assert.equal(entry?.body.minimumCell, 20);
  assert.deepEqual(more, [], 'answered once');
});

test('a lead removed while the cohorts run gets no answer', async () => {
  const study = await whileItRuns(async () => {
    await alpha.pool.query('update moim.lead set removed_at = now()');
  });
  await reach(lead, study, { alpha: 'refused lead-not-accepted' });
  assert.deepEqual(await answers(study.jobs.alpha), []);
  assert.deepEqual(
    await rowsOf(alpha.pool, 'select from moim.released where job = $1', [study.jobs.alpha]),
    [],
  );
});
