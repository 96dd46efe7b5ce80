/** Looking at a database changes nothing: not even an old one into a new one. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { lookAtDatabase } from '#host/postgres/look.ts';
import { migrate } from '#host/postgres/migrate.ts';
import { MoimError } from '#protocol/errors.ts';
import { testDatabase } from '../../support/database.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

it('tells what the next start will do, and does not do it', async (t) => {
  const ending = { after: (work: () => Promise<void>) => t.after(work) };
  const { url, pool } = await testDatabase(ending);
  const home = temporaryHome(ending);
  const look = () => lookAtDatabase({ home, url }, [['hub', 'hub']]);
  assert.match(JSON.stringify(await look()), /"warning".*not made yet/);
  assert.match(JSON.stringify(await look()), /not made yet/, 'it made none');

  await migrate(pool, 'hub', 'hub');
  assert.match(String(await look()), /^PostgreSQL \d+.*up to date$/);

  // As it was before the newest file: by hand, since migrations go forward only.
  const { rows } = await pool.query<{ n: number }>('select max(number) as n from hub.moim_migration');
  const newest = rows[0]?.n ?? 0;
  await pool.query(`create table hub.kept as select * from hub.moim_migration where number = ${newest}`);
  await pool.query('delete from hub.moim_migration where number = $1', [newest]);
  assert.match(JSON.stringify(await look()), /"warning".*1 migrations of this version wait.*no way back/);
  await pool.query('insert into hub.moim_migration select * from hub.kept');

  // Written by a newer Moim: refused, by name.
  await pool.query(
    `insert into hub.moim_migration (stream, number, name, sha256) values ('hub', $1, 'from-the-future', 'x')`,
    [newest + 1],
  );
  await assert.rejects(look, (error) => error instanceof MoimError && error.code === 'database-newer');
});
