import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import pg from 'pg';
import { openDatabase } from '#host/postgres/database.ts';
import { databaseError, sqlState } from '#host/postgres/error.ts';
import { failureOf, fileFailure } from '#host/postgres/failure.ts';
import { errors, MoimError } from '#protocol/errors.ts';
import { testDatabase } from '#test/support/database.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';

const database = testDatabase({ after });
const marker = 'Gildong-19520304';

async function caught(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

test('of a database error only the SQLSTATE survives, never a value', async () => {
  const { pool } = await database;
  await pool.query('CREATE TABLE person (name text PRIMARY KEY, born integer CHECK (born > 1900))');
  await pool.query('INSERT INTO person VALUES ($1)', [marker]);
  const leaking = [
    ['23505', () => pool.query('INSERT INTO person VALUES ($1)', [marker])],
    ['22P02', () => pool.query('SELECT $1::text::integer', [marker])],
    ['23514', () => pool.query('INSERT INTO person VALUES ($1, 7)', [`${marker}2`])],
    ['P0001', () => pool.query(`DO $$ BEGIN RAISE EXCEPTION '${marker}' USING DETAIL = '${marker}'; END $$`)],
    ['42703', () => pool.query(`SELECT "${marker}" FROM person`)],
  ] as const;
  for (const [state, query] of leaking) {
    const raw = await caught(query());
    assert.ok(inspect(raw).includes(marker), `${state}: the planted value is not even in the raw error`);
    assert.equal(sqlState(raw), state);
    const error = databaseError(raw);
    assert.equal(error.code, 'database-failed');
    assert.match(error.message, new RegExp(`^SQLSTATE ${state}`));
    assert.equal(inspect(error, { depth: 9, showHidden: true }).includes(marker), false, state);
  }
});

test('failures that a person can mend have codes of their own', async () => {
  const { pool } = await database;
  const code = async (text: string) => databaseError(await caught(pool.query(text))).code;
  assert.equal(await code('SELECT * FROM nowhere'), 'table-missing');
  assert.equal(await code('SELECT * FROM nowhere.nothing'), 'table-missing');
  const role = `moim_test_reader_${process.pid}`;
  const client = await pool.connect();
  try {
    await client.query('SET statement_timeout = 20');
    assert.equal(databaseError(await caught(client.query('SELECT pg_sleep(5)'))).code, 'statement-timeout');
    await client.query('RESET statement_timeout');
    await client.query(`BEGIN; CREATE ROLE ${role}; CREATE TABLE secret (n integer); SET LOCAL ROLE ${role}`);
    const refusal = databaseError(await caught(client.query('SELECT * FROM secret')));
    assert.equal(refusal.code, 'database-permission');
    assert.match(refusal.remedy, /grants/);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
});

test('a lost, refused or starting server is unavailable; a full disk is a full disk', () => {
  const raw = (code: string) => Object.assign(new Error(marker), { code });
  const of = (code: string) => databaseError(raw(code));
  for (const code of [
    '08006',
    '57P01',
    '57P03',
    '53300',
    '28P01',
    '3D000',
    'ECONNREFUSED',
    'ECONNRESET',
    'ENOTFOUND',
  ]) {
    assert.equal(of(code).code, 'database-unavailable', code);
    assert.equal(of(code).exit, 4);
  }
  assert.match(of('53300').remedy, /--connections/);
  assert.equal(of('53100').code, 'disk-full');
  assert.equal(of('53100').exit, 4);
  assert.equal(databaseError(new AggregateError([raw('ECONNREFUSED')])).code, 'database-unavailable');
  assert.equal(databaseError(new Error('Connection terminated unexpectedly')).code, 'database-unavailable');
  assert.equal(databaseError(new Error(marker)).code, 'database-failed');
  assert.equal(databaseError(new Error(marker)).message.includes(marker), false);
  assert.equal(databaseError(marker).code, 'database-failed');
});

test('a server that does not answer is told by its address, without who asked', async (t) => {
  const { port } = await new Promise<AddressInfo>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address() as AddressInfo;
      server.close(() => resolve(address));
    });
  });
  const told = async (place: string) => {
    const client = new pg.Client(`postgresql://${marker}:${marker}@${place}`);
    t.after(() => client.end().catch(() => {}));
    const error = await client.connect().then(
      () => assert.fail('somebody answered'),
      (cause: unknown) => databaseError(cause),
    );
    assert.equal(error.code, 'database-unavailable');
    assert.match(error.remedy, /\w/);
    assert.doesNotMatch(error.message, new RegExp(marker));
    return error.message;
  };
  assert.equal(await told(`127.0.0.1:${port}/x`), `no server answers at 127.0.0.1:${port} (ECONNREFUSED)`);
  assert.match(await told(`localhost:${port}/x`), /^no server answers at .*:\d+ \(ECONNREFUSED\)$/);
  assert.match(await told('no-such-host.invalid:5432/x'), /^no host is called no-such-host\.invalid \(/);
  assert.match(
    await told(`%2Fnowhere-${port}/x`),
    /^no server answers at \/nowhere-\d+\/\.s\.PGSQL\.5432 \(ENOENT\)$/,
  );
  const both = ['::1', '127.0.0.1'].map((address) =>
    Object.assign(new Error(marker), { code: 'ECONNREFUSED', syscall: 'connect', address, port: 5432 }),
  );
  assert.equal(
    databaseError(Object.assign(new AggregateError(both, marker), { code: 'ECONNREFUSED' })).message,
    'no server answers at [::1]:5432 or 127.0.0.1:5432 (ECONNREFUSED)',
  );
});

test('an error of ours passes through, and a statement cancelled by the user is an interruption', () => {
  const ours = new MoimError('bad-input', 'here');
  assert.equal(databaseError(ours), ours);
  const cancelled = Object.assign(new Error('x'), { code: '57014' });
  assert.equal(databaseError(cancelled).code, 'statement-timeout');
  assert.equal(databaseError(cancelled, AbortSignal.abort()).code, 'interrupted');
});

test('a given server that is not there, or no address at all, is said without naming the password', async (t) => {
  for (const [url, code] of [
    ['postgresql://moim:hush-hush@127.0.0.1:1/moim', 'database-unavailable'],
    ['not a url hush-hush', 'bad-config'],
    ['postgresql://moim:hush-hush@[bad/moim', 'bad-config'],
    ['mysql://moim:hush-hush@127.0.0.1/moim', 'bad-config'],
    ['postgresql://moim:a@hush-hush/b@127.0.0.1:1/moim', 'bad-config'],
    ['postgresql://moim:hush?a@127.0.0.1:1/moim', 'bad-config'],
  ] as const) {
    const error = await caught(openDatabase({ home: temporaryHome(t), url }));
    assert.ok(error instanceof MoimError);
    assert.equal(error.code, code);
    assert.equal(inspect(error, { depth: 9, showHidden: true }).includes('hush'), false);
  }
});

test('why our own server did not start is read from what it wrote', () => {
  const code = (output: string) => failureOf(output, 'server.log').code;
  assert.equal(
    code('FATAL:  could not write lock file "postmaster.pid": No space left on device'),
    'disk-full',
  );
  assert.equal(code('initdb: error: could not create directory "x": Permission denied'), 'home-unwritable');
  assert.equal(
    code('"root" execution of the PostgreSQL server is not permitted.\ninitdb: error: cannot be run as root'),
    'postgres-as-root',
  );
  assert.match(
    failureOf(
      'DETAIL:  The data directory was initialized by PostgreSQL version 17, which is not compatible',
      'server.log',
    ).message,
    /written by PostgreSQL 17/,
  );
  assert.equal(code('Segmentation fault'), 'database-start-failed');
  const full = fileFailure(Object.assign(new Error('x'), { code: 'ENOSPC' }), '/home');
  assert.ok(full instanceof MoimError && full.code === 'disk-full');
  for (const known of [
    'disk-full',
    'home-unwritable',
    'postgres-as-root',
    'database-start-failed',
  ] as const) {
    assert.equal(errors[known].exit, 4);
    assert.ok(errors[known].remedy.length > 20);
  }
});

test('the raw errors of the driver are of the class that is asked for', async () => {
  const { pool } = await database;
  assert.ok((await caught(pool.query('SELECT 1/0'))) instanceof pg.DatabaseError);
});
