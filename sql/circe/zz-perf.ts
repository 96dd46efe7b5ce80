import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { compile } from '#sql/circe/compile.ts';
import { conceptSetQuery } from '#sql/circe/concept-set.ts';
import { read } from '#sql/circe/read.ts';
import { selectStatement } from '#sql/circe/statement.ts';

const schema = process.argv[2] ?? 'cdm_plsynth';
const client = new pg.Client({ connectionString: 'postgres://postgres@127.0.0.1:21500/postgres' });
await client.connect();
await client.query(
  "set random_page_cost=1.1; set jit=off; set max_parallel_workers_per_gather=0; set work_mem='64MB'; set statement_timeout='20s'",
);
const dir = '/work/shared/data/ohdsi/phenotypes/';
const t = { read: 0, sets: 0, compile: 0, exec: 0, bytes: 0 };
const all: [number, string, number][] = [];
for (const f of readdirSync(dir)) {
  const a = performance.now();
  const r = read(readFileSync(dir + f, 'utf8'));
  if (!r.ok) throw 1;
  const b = performance.now();
  const sets = await client.query(conceptSetQuery(r.expression.ConceptSets, { cdmSchema: schema }));
  const map = new Map(sets.rows.map((x) => [x.codeset_id, x.concept_ids]));
  const c = performance.now();
  const sql = selectStatement(compile(r.expression, { cdmSchema: schema, conceptSets: map }));
  const d = performance.now();
  await client.query(sql);
  const e = performance.now();
  const t0 = performance.now();
  await client.query(sql);
  const e2 = performance.now() - t0;
  t.read += b - a;
  t.sets += c - b;
  t.compile += d - c;
  t.exec += e2;
  t.bytes += sql.length;
  all.push([e2, f, sql.length]);
}
console.log(t);
all.sort((x, y) => y[0] - x[0]);
console.log(
  all
    .slice(0, 25)
    .map(([ms, f, n]) => `${f}:${ms.toFixed(1)}(${n})`)
    .join(' '),
);
console.log(
  'median',
  all[273]?.[0],
  'p95',
  all[27]?.[0],
  'sum top 20',
  all.slice(0, 20).reduce((s, x) => s + x[0], 0),
);
await client.end();
