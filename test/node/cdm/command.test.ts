import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from '#node/commands/cdm.ts';
import { MoimError } from '#protocol/errors.ts';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { gather } from './context.ts';
import { folderOf, personHeader } from './folder.ts';

const persons = (...rows: string[]) => ({ 'person.csv': `${personHeader}\n${rows.join('\n')}\n` });
const good = ['1,8507,1950,0,0,', '2,8532,1960,0,0,'];

const fault = (code: string, exit: number) => (error: unknown) =>
  error instanceof MoimError && error.code === code && error.exit === exit;

test('loads into a schema that it makes, one JSON line a table', async (t) => {
  const { url, pool } = await testDatabase(t);
  const { context, out } = gather({
    args: [folderOf(t, persons(...good))],
    flags: { schema: 'ward' },
    json: true,
    home: temporaryHome(t),
    env: { MOIM_DATABASE_URL: url },
  });
  assert.equal(await commands.load!.run(context), 0);
  const line = JSON.parse(out[0]!);
  assert.deepEqual([out.length, line.table, line.rows, typeof line.ms], [1, 'person', 2, 'number']);
  assert.equal((await pool.query('select 1 from ward.person')).rowCount, 2);
});

test('ends a load of bad rows with exit 5, having told what was loaded before', async (t) => {
  const { url } = await testDatabase(t);
  const folder = folderOf(t, { ...persons(...good), 'death.csv': 'person_id,death_date\n1,Marker\n' });
  const { context, out } = gather({
    args: [folder],
    home: temporaryHome(t),
    env: { MOIM_DATABASE_URL: url },
  });
  await assert.rejects(commands.load!.run(context), (error) => {
    assert.ok(error instanceof MoimError);
    assert.deepEqual([error.exit, error.message], [5, 'death.csv:2 death_date: not a date (YYYY-MM-DD)']);
    return true;
  });
  assert.match(out[0]!, /^table {3}rows {2}ms\nperson {5}2 +\d+$/);
});

test('writes nothing to an attached CDM, nor to a schema that is not a CDM of ours', async (t) => {
  const { url, pool } = await testDatabase(t, { streams: ['results'] });
  const folder = folderOf(t, persons(...good));
  const home = temporaryHome(t);
  const attached = gather({ args: [folder], home, env: { MOIM_DATABASE_URL: url, MOIM_CDM_URL: url } });
  await assert.rejects(commands.load!.run(attached.context), fault('cdm-attached', 3));
  await pool.query('create schema theirs; create table theirs.person (person_id int)');
  for (const schema of ['theirs', 'results']) {
    const { context } = gather({ args: [folder], flags: { schema }, home, env: { MOIM_DATABASE_URL: url } });
    await assert.rejects(commands.load!.run(context), fault('cdm-attached', 3));
  }
});

test('checks an attached CDM by SELECT, with exit 1 on errors and, when strict, on warnings', async (t) => {
  const { url, pool } = await testDatabase(t, { streams: ['cdm'] });
  const home = temporaryHome(t);
  const check = async (flags: Record<string, boolean>) => {
    const { context, out } = gather({ flags, home, json: true, env: { MOIM_CDM_URL: url } });
    return [await commands.check!.run(context), JSON.parse(out[0]!)[0]?.severity];
  };
  assert.deepEqual(await check({}), [0, 'warning']); // an empty CDM
  assert.deepEqual(await check({ strict: true }), [1, 'warning']);
  await pool.query('drop table cdm.concept');
  assert.deepEqual(await check({}), [1, 'error']);
});

test('makes a hospital up, twice the same', async (t) => {
  const { url } = await testDatabase(t, { streams: ['cdm'] });
  const home = temporaryHome(t);
  const hash = async (flags: Record<string, string | boolean>) => {
    const { context, out } = gather({ flags, home, json: true, env: { MOIM_DATABASE_URL: url } });
    assert.equal(await commands.synth!.run(context), 0);
    return JSON.parse(out[0]!).hash;
  };
  const first = await hash({ persons: '30', seed: '1' });
  assert.match(first, /^[0-9a-f]{64}$/);
  assert.equal(await hash({ persons: '30', seed: '1', replace: true }), first);
});

test('says what is wrong with its flags', async () => {
  const synth = (flags: Record<string, string>) => commands.synth!.run(gather({ flags }).context);
  await assert.rejects(synth({ seed: '1' }), fault('usage', 2));
  await assert.rejects(synth({ persons: '10', seed: '1', mix: 'veterinary' }), fault('usage', 2));
  await assert.rejects(synth({ persons: '10', seed: '1', schema: 'a; drop' }), fault('usage', 2));
  await assert.rejects(commands.load!.run(gather({}).context), fault('usage', 2));
});
