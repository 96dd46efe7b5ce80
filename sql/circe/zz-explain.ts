import { readFileSync } from 'node:fs';
import pg from 'pg';
import { compile } from '#sql/circe/compile.ts';
import { conceptSetQuery } from '#sql/circe/concept-set.ts';
import { read } from '#sql/circe/read.ts';
import { selectStatement } from '#sql/circe/statement.ts';

const schema = 'cdm_plsynth';
const client = new pg.Client({ connectionString: 'postgres://postgres@127.0.0.1:21500/postgres' });
await client.connect();
await client.query(
  "set random_page_cost=1.1; set jit=off; set max_parallel_workers_per_gather=0; set work_mem='64MB'; set statement_timeout='20s'",
);
const r = read(readFileSync(process.argv[2]!, 'utf8'));
if (!r.ok) throw 1;
const sets = await client.query(conceptSetQuery(r.expression.ConceptSets, { cdmSchema: schema }));
const map = new Map(sets.rows.map((x) => [x.codeset_id, x.concept_ids]));
const sql = selectStatement(compile(r.expression, { cdmSchema: schema, conceptSets: map }));
const e = await client.query('explain (analyze, buffers, costs on) ' + sql);
console.log(sql.slice(0, 6000).replace(/'\{[0-9,]{80,}\}'/g, (m) => `'{…${m.split(',').length}}'`));
console.log(
  e.rows
    .map((x) => x['QUERY PLAN'])
    .join('\n')
    .replace(/'\{[0-9,]{80,}\}'/g, '{…}'),
);
await client.end();
