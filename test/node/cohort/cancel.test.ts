import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testDatabase } from '#test/support/database.ts';
import { startMoim } from '#test/support/process.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort } from '../../sql/circe/definitions.ts';

for (const flags of [[], ['--batch'], ['--force', '--connections', '2'], ['reading the version']]) {
  test(`Ctrl-C stops the statement in the database: cohort generate ${flags.join(' ')}`, async (t) => {
    const home = temporaryHome(t);
    const { url, pool } = await testDatabase(t, { streams: ['cdm', 'results'] });
    // Every look at CONDITION_OCCURRENCE takes a minute.
    await pool.query('alter table cdm.condition_occurrence rename to condition_rows');
    await pool.query(
      'create view cdm.condition_occurrence as select r.* from pg_sleep(60) s(s) left join cdm.condition_rows r on true',
    );
    const versioned = flags[0] !== 'reading the version';
    // Noted as at a filling, so that the version is known without a look at the rows.
    if (versioned)
      await pool.query(
        "insert into cdm.moim_cdm_version (table_name, rows, fingerprint) values ('condition_occurrence', 0, 0)",
      );
    const definition = cohort([{ ConditionOccurrence: {} }]);
    for (const name of ['a', 'b']) writeFileSync(join(home, `${name}.json`), JSON.stringify(definition));
    const files = ['a', 'b'].map((name) => join(home, `${name}.json`));
    const backends = async (condition: string) => {
      const found = await pool.query(
        `select 1 from pg_stat_activity where datname = current_database() and application_name = 'moim-cohort' and ${condition}`,
      );
      return found.rowCount ?? 0;
    };
    const running = startMoim(t, home, ['cohort', 'generate', ...files, ...(versioned ? flags : [])], {
      env: { ...process.env, MOIM_DATABASE_URL: url },
    });
    while ((await backends("wait_event = 'PgSleep'")) === 0) {
      const over = await Promise.race([running.ended, new Promise((resolve) => setTimeout(resolve, 20))]);
      assert.equal(over, undefined, running.stderr());
    }
    running.kill('SIGINT', 'group');
    assert.deepEqual(await running.ended, { code: 130, signal: null }, running.stderr());
    assert.equal(await backends("state = 'active'"), 0);
    assert.equal(running.stdout(), '', 'no line of a cohort that was not finished');
    assert.equal((await pool.query("select from results.cohort_run where status = 'ok'")).rowCount, 0);
    assert.equal((await pool.query('select from results.cohort')).rowCount, 0);
  });
}
