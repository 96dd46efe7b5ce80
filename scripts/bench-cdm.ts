/**
 * `node scripts/bench-cdm.ts [--rows N] [--persons N] [--rounds N]`: how fast rows are loaded (`moim cdm load` of one
 * measurement file, checks, keys, indexes, statistics and fingerprint included) and persons made up (`moim cdm synth`).
 * Each figure stands beside a calibration taken between the rounds: the same file through a bare COPY into a bare table.
 */

import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import pgCopy from 'pg-copy-streams';
import { type Database, openDatabase } from '#host/postgres/database.ts';
import { migrate } from '#host/postgres/migrate.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { synthesiseInto } from '#node/cdm/synth.ts';
import { findCdmTable } from '#sql/cdm/tables.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    persons: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
  },
});
const home = mkdtempSync(join(tmpdir(), 'moim-bench-'));
const database = await openDatabase({ home });
try {
  await migrate(database.pool, 'cdm', 'cdm');
  await bench(database, Number(values.rows), Number(values.persons), Number(values.rounds));
} finally {
  await database.close();
  rmSync(home, { recursive: true, force: true });
}

async function bench(database: Database, rows: number, persons: number, rounds: number): Promise<void> {
  const file = join(home, 'measurement.csv');
  await writeMeasurements(file, rows);
  await database.pool.query('create unlogged table bare (like cdm.measurement)');
  const times = { copy: [] as number[], load: [] as number[], synth: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.copy.push(await seconds(() => bareCopy(database, file)));
    times.load.push(
      await seconds(() =>
        loadCdm(database, { directory: home, schema: 'cdm', replace: true, ignoreUnknown: true }),
      ),
    );
    times.synth.push(
      await seconds(() => synthesiseInto(database, { persons, seed: '1', schema: 'cdm', replace: true })),
    );
  }
  const calibration = median(times.copy);
  const say = (what: string, list: readonly number[]) =>
    process.stdout.write(
      `${what.padEnd(28)} ${median(list).toFixed(2)} s (${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)}), ${(median(list) / calibration).toFixed(2)} of the bare COPY\n`,
    );
  say(`bare COPY, ${rows} rows`, times.copy);
  say(`cdm load, ${rows} rows`, times.load);
  say(`cdm synth, ${persons} persons`, times.synth);
}

async function bareCopy(database: Database, file: string): Promise<void> {
  const client = await database.connect();
  try {
    await client.query('truncate bare');
    await pipeline(
      createReadStream(file),
      client.query(pgCopy.from('copy bare from stdin with (format csv, header)')),
    );
  } finally {
    await client.end();
  }
}

async function writeMeasurements(file: string, rows: number): Promise<void> {
  const stream = createWriteStream(file);
  stream.write(
    `${findCdmTable('measurement')!
      .columns.map((column) => column.name)
      .join(',')}\n`,
  );
  let text = '';
  for (let i = 1; i <= rows; i++) {
    const date = `20${10 + (i % 13)}-0${1 + (i % 9)}-${10 + (i % 19)}`;
    text += `${i},${1 + ((i * 7919) % 50_000)},${3_000_000 + (i % 300)},${date},${date} 10:30:00,,32817,0,${(i % 1000) / 10},0,8840,3.5,10,33,${i % 200_000},,8331-1,3006322,mg/dL,8840,${(i % 1000) / 10},,\n`;
    if (text.length < 1_000_000) continue;
    if (!stream.write(text)) await once(stream, 'drain');
    text = '';
  }
  stream.end(text);
  await once(stream, 'close');
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;
}
