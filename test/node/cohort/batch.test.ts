import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { inOrder } from '#node/cohort/line-order.ts';
import type { GeneratedLine } from '#node/cohort/work.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort } from '../../sql/circe/definitions.ts';
import { type TinyCdm, tinyCdm } from '../../sql/circe/tiny-cdm.ts';
import { run, women } from './run-files.ts';
import { plain, sets, sick, slow, threePersons } from './three-persons.ts';

/** Thirty definitions, of which every seventh cannot be read and every eleventh fails in the database. */
function many(): Record<string, object | string> {
  const files: Record<string, object | string> = {};
  for (let at = 1; at <= 30; at += 1) {
    const limited = { ...plain, CollapseSettings: { CollapseType: 'ERA', EraPad: at * 30 } };
    const failing = cohort([{ ObservationPeriod: {} }], sets);
    files[`c${at}`] = at % 7 === 0 ? '{' : at % 11 === 0 ? failing : at % 3 === 0 ? women : limited;
  }
  return files;
}

/** Makes OBSERVATION_PERIOD fail wherever its type is read. */
async function breakPeriods(cdm: TinyCdm): Promise<void> {
  await cdm.pool.query('alter table cdm.death rename to death_rows');
}

test('a batch gives the same lines as one by one, in the order of the definitions, whatever fails', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await breakPeriods(cdm);
  const home = temporaryHome(t);
  const files = { ...many(), deadly: cohort([{ Death: {} }]), last: plain };
  const figures = ({ ms: _ms, ...line }: GeneratedLine) => line;
  const rows = async () =>
    (
      await cdm.pool.query(
        `select r.name, c.subject_id, c.cohort_start_date, c.cohort_end_date from results.cohort c
           join results.cohort_run r using (cohort_definition_id) order by 1, 2, 3`,
      )
    ).rows;
  const single = await run(cdm, files, home, { force: true });
  const written = await rows();
  assert.ok(written.length > 50);
  for (const connections of [1, 2]) {
    const batch = await run(cdm, files, home, { force: true, batch: true, connections, steady: true });
    assert.deepEqual(batch.map(figures), single.map(figures));
    assert.deepEqual(await rows(), written, 'rows of the earlier run have given way');
  }
  const kept = await run(cdm, files, home, { batch: true });
  assert.ok(kept.filter(({ status }) => status === 'ok').every(({ cached }) => cached));
  const noted = await cdm.pool.query(
    `select count(*)::int as n from results.cohort_run where status = 'ok' and summary is not null and ms is not null`,
  );
  assert.equal(noted.rows[0]?.n, single.filter(({ status }) => status === 'ok').length);
});

test('a definition that fails inside the database costs its group nothing', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await cdm.pool.query('alter table cdm.drug_exposure rename to drug_rows');
  await cdm.pool.query(
    "create view cdm.drug_exposure as select r.* from cdm.drug_rows r where ('x' || r.person_id)::int > 0 or r.person_id is null",
  );
  await cdm.pool.query(
    `insert into cdm.drug_rows (drug_exposure_id, person_id, drug_concept_id, drug_exposure_start_date, drug_type_concept_id)
     values (1, 1, 1, '2010-01-01', 0)`,
  );
  const files = { one: plain, broken: cohort([{ DrugExposure: {} }]), two: women };
  const lines = await run(cdm, files, temporaryHome(t), { batch: true });
  assert.deepEqual(
    lines.map(({ name, status, rows }) => `${name} ${status} ${rows}`),
    ['one ok 4', 'broken error undefined', 'two ok 3'],
  );
  const noted = await cdm.pool.query('select name, status from results.cohort_run order by name');
  assert.deepEqual(
    noted.rows.map((row) => `${row.name} ${row.status}`),
    ['broken error', 'one ok', 'two ok'],
  );
});

test('an abort stops a batch in the database, and nothing of its group is kept', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await slow(cdm);
  const abort = new AbortController();
  const sleeping = async () => {
    const { rowCount } = await cdm.pool.query(
      "select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
    );
    return rowCount ?? 0;
  };
  const files = { one: cohort([{ Death: {} }]), two: plain };
  const running = run(cdm, files, temporaryHome(t), { batch: true, signal: abort.signal });
  running.catch(() => {});
  while ((await sleeping()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  abort.abort();
  await assert.rejects(
    running,
    (error) => error instanceof Error && 'code' in error && error.code === 'interrupted',
  );
  assert.equal(await sleeping(), 0);
  assert.equal((await cdm.pool.query('select 1 from results.cohort_run')).rowCount, 0);
});

test('where one of several connections is lost the others finish what they have, and begin nothing more', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  const holder = await cdm.pool.connect();
  t.after(() => holder.release(true));
  await holder.query('begin; lock table cdm.death');
  const deadly = cohort([{ Death: {} }]);
  const files = { one: deadly, two: deadly, three: plain, four: women };
  const running = run(cdm, files, temporaryHome(t), { connections: 2, force: true });
  running.catch(() => {});
  const waiting = async () => {
    const { rows } = await cdm.pool.query<{ pid: number }>(
      "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' order by pid",
    );
    return rows.map(({ pid }) => pid);
  };
  let pids = await waiting();
  for (; pids.length < 2; pids = await waiting()) await new Promise((resolve) => setTimeout(resolve, 20));
  await cdm.pool.query('select pg_terminate_backend($1)', [pids[0]]);
  while ((await waiting()).length > 1) await new Promise((resolve) => setTimeout(resolve, 20));
  await holder.query('rollback');
  await assert.rejects(
    running,
    (error) => error instanceof Error && 'code' in error && error.code === 'database-unavailable',
  );
  const { rows } = await cdm.pool.query<{ name: string }>('select name from results.cohort_run');
  assert.equal(rows.length, 1);
  assert.match(rows[0]?.name ?? '', /^(one|two)$/);
});

test('an interruption is noticed where every answer is kept and the database is asked nothing', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  const home = temporaryHome(t);
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`c${at}`, plain]));
  await run(cdm, files, home);
  const abort = new AbortController();
  let lines = 0;
  const onLine = () => {
    lines += 1;
    abort.abort();
  };
  await assert.rejects(
    run(cdm, files, home, { signal: abort.signal, onLine }),
    (error) => error instanceof Error && 'code' in error && error.code === 'interrupted',
  );
  assert.equal(lines, 1);
});

test('lines are held back until those before them are out', () => {
  const out: string[] = [];
  const add = inOrder((line: string) => out.push(line));
  for (const [line, place] of [
    ['c', 3],
    ['b', 1],
    ['a', 0],
    ['a', 2],
  ] as const)
    add(line, place);
  assert.deepEqual(out, ['a', 'b', 'a', 'c']);
});

test('concepts that no row has are left out where the data stand still, and nowhere else', async (t) => {
  const cdm = await tinyCdm(t);
  await threePersons(cdm);
  await cdm.add('concept', { concept_id: 2, concept_name: 'two' });
  const asked: string[] = [];
  const both = cohort([sick], {
    ConceptSets: [
      {
        ...sets.ConceptSets[0],
        expression: { items: [1, 2].map((id) => ({ concept: { CONCEPT_ID: id } })) },
      },
    ],
  });
  const { query } = pg.Client.prototype;
  t.mock.method(pg.Client.prototype, 'query', function (this: pg.Client, ...words: unknown[]) {
    asked.push(String(words[0]));
    return Reflect.apply(query, this, words);
  });
  const files = { one: both, two: both };
  const [steady] = await run(cdm, files, temporaryHome(t), { force: true, steady: true });
  assert.ok(asked.some((sql) => sql.includes('insert') && /condition_concept_id = 1\b/.test(sql)));
  asked.length = 0;
  const [moving] = await run(cdm, files, temporaryHome(t), { force: true });
  assert.ok(asked.some((sql) => sql.includes('insert') && sql.includes("any('{1,2}'::int[])")));
  assert.equal(steady?.md5, moving?.md5);
  assert.equal(steady?.rows, 4);
});
