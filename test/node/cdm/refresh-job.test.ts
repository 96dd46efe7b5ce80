import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Pool } from 'pg';
import { json, openNetwork, type Site, succeed } from '#test/network/network.ts';
import { command, until } from '#test/network/party.ts';
import { draftOf, reach, resultOf, type SentStudy, sendStudy } from '#test/network/study.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';

const network = await openNetwork({ after }, { sites: { alpha: { persons: 60, salt: 1 } }, minimumCell: 1 });
const { lead, sites } = network;
const [alpha] = sites as [Site];
await alpha.start();

/** What the CDM holds, as an extract; every person's year of birth moved by `years`. */
async function extract(pool: Pool, years: number): Promise<string> {
  const folder = temporaryHome({ after });
  for (const table of ['person', 'observation_period', 'condition_occurrence']) {
    const { rows } = await pool.query<Record<string, unknown>>(`select * from cdm.${table}`);
    const columns = Object.keys(rows[0] ?? {});
    const lines = rows.map((row) =>
      columns
        .map((name) => (name === 'year_of_birth' ? Number(row[name]) + years : (row[name] ?? '')))
        .join(','),
    );
    writeFileSync(join(folder, `${table}.csv`), [columns.join(','), ...lines, ''].join('\n'));
  }
  return folder;
}

async function refresh(folder: string) {
  const { code, out, err } = await command(alpha.home, alpha.env, 'cdm', 'refresh', folder, '--json');
  assert.equal(code, 0, err);
  return JSON.parse(out.split('\n').at(-1)!) as { before: string; after: string };
}

const waiting = async (query: string) =>
  (
    await alpha.pool.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query ~* $1",
      [query],
    )
  ).rowCount !== 0;

async function sendTwoCohorts(): Promise<SentStudy> {
  const draft = draftOf(sites);
  const file = join(lead.home, 'two.json');
  writeFileSync(
    file,
    JSON.stringify({ ...draft, cohorts: [...draft.cohorts, { ...draft.cohorts[0], name: 'again' }] }),
  );
  const { study } = json<{ study: string }>(
    await succeed(lead, 'study', 'sign', file, '--key', lead.key, '--out', `${file}.signed`, '--json'),
  );
  await succeed(
    lead,
    'study',
    'send',
    `${file}.signed`,
    '--hub',
    network.hub.url,
    '--token-file',
    lead.tokenFile,
  );
  return { id: study, file: `${file}.signed`, jobs: {} };
}

async function versionOf(study: SentStudy): Promise<string | undefined> {
  const { pooled } = await resultOf(lead, study);
  return pooled?.sites.flatMap((site) => ('dataVersion' in site ? site.dataVersion : []))[0];
}

test('a job that runs finishes on the old data while a refresh waits; the next one answers from the new', async (t) => {
  const old = await refresh(await extract(alpha.pool, 0));
  assert.equal(old.before, old.after, 'the same rows are the same version');
  const folder = await extract(alpha.pool, -10);
  // The first cohort waits for one session, the second for the next: between them the refresh lays its tables beside.
  const [one, two] = [await alpha.pool.connect(), await alpha.pool.connect()];
  t.after(async () => [one, two].forEach((holder) => void holder.release(true)));
  const lock = 'begin; lock table cdm.condition_occurrence in access exclusive mode';
  await one.query(lock);
  const first = await sendTwoCohorts();
  await until('the job to wait for the table', () => waiting('condition_occurrence'));
  let over = false;
  const work = refresh(folder).finally(() => {
    over = true;
  });
  await until('the refresh to wait for the table', () => waiting('^create table "cdm_beside"'));
  const held = two.query(lock);
  await until('the next session to wait for the table', () => waiting('^begin; lock table'));
  await one.query('commit');
  await held;
  await until('the refresh to wait for the job', () => waiting('pg_advisory_lock\\('));
  assert.equal(over, false);
  await two.query('commit');
  await reach(lead, first, { alpha: 'answered' });
  const { before, after } = await work;
  assert.equal(before, old.after);
  assert.equal(await versionOf(first), before);
  const second = await sendStudy(network);
  await reach(lead, second, { alpha: 'answered' });
  assert.equal(await versionOf(second), after);
  assert.notEqual(after, before);
});

test('refreshes under load change no answer: every version answered from was in force', async () => {
  const folders = [await extract(alpha.pool, 1), await extract(alpha.pool, 2)];
  const known = new Set<string>();
  const studies: SentStudy[] = [];
  for (const folder of [...folders, ...folders]) {
    const sent = sendStudy(network);
    const { before, after } = await refresh(folder);
    known.add(before).add(after);
    studies.push(await sent);
  }
  assert.equal(known.size, 3);
  for (const study of studies) {
    await reach(lead, study, { alpha: 'answered' });
    assert.ok(known.has((await versionOf(study)) ?? 'none'));
  }
});
