/**
 * The schema beside a CDM in which a refresh gathers the new rows: its tables are like those in force (columns, indexes, grants, whatever
 * the hospital added), so that they can take their place. Tables that are kept stand there as views, for the check.
 */

import { createHash } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import { MoimError } from '#protocol/errors.ts';
import { quoteName } from '#sql/cdm/ddl.ts';
import type { CdmTable } from '#sql/cdm/tables.ts';
import { qualify } from './fill.ts';
import type { Finding } from './finding.ts';
import { fillingKey } from './hold.ts';

/** Name of the schema beside `schema`, which holds at most 63 characters. */
export function besideName(schema: string): string {
  const name = `${schema}_beside`;
  return name.length <= 63
    ? name
    : `moim_beside_${createHash('sha256').update(schema).digest('hex').slice(0, 32)}`;
}

/** Written on the schema: only what bears it is ever dropped. */
const mark = 'moim: rows of an unfinished refresh';

/** Drops what lies beside, if anything; that of a refresh that was killed too. Throws MoimError `cdm-attached` on a schema that is not ours. */
export async function dropBeside(client: ClientBase | Pool, schema: string): Promise<void> {
  const beside = besideName(schema);
  const { rows } = await client.query<{ comment: string | null }>(
    `select obj_description(oid, 'pg_namespace') as comment from pg_namespace where nspname = $1`,
    [beside],
  );
  if (rows.length === 0) return;
  if (rows[0]?.comment !== mark) {
    throw new MoimError('cdm-attached', `the schema ${beside}, which a refresh needs, is not ours`, {
      remedy: `Rename the schema ${beside}: a refresh gathers the new rows under that name.`,
    });
  }
  await client.query(`drop schema ${quoteName(beside)} cascade`);
}

/** Whether an unfinished refresh left rows beside: they cost room, nothing else. */
export async function findLeftBeside(client: ClientBase, schema: string): Promise<Finding[]> {
  const beside = besideName(schema);
  const { rowCount } = await client.query(
    `select from pg_namespace where nspname = $1 and obj_description(oid, 'pg_namespace') = $2
        and not exists (select from pg_locks where locktype = 'advisory' and granted and mode = 'ExclusiveLock'
                         and (classid::bigint << 32 | objid::bigint) = hashtextextended($3, 0))`,
    [beside, mark, fillingKey(schema)],
  );
  if (!rowCount) return [];
  const remedy = `A refresh that did not end left the schema ${beside}: the next refresh drops it.`;
  return [{ code: 'refresh-left-over', severity: 'info', table: beside, count: 1, remedy }];
}

/** Makes the schema: `fresh` tables like those in force but empty, `kept` ones as views. */
export async function layBeside(
  client: ClientBase,
  schema: string,
  fresh: readonly CdmTable[],
  kept: readonly string[],
): Promise<string> {
  const beside = besideName(schema);
  const target = quoteName(beside);
  await client.query('begin');
  try {
    await client.query(`create schema ${target}; comment on schema ${target} is '${mark}'`);
    for (const { name } of [...fresh, { name: 'moim_cdm_version' }]) {
      await client.query(
        `create table ${qualify(beside, name)} (like ${qualify(schema, name)} including all excluding indexes)`,
      );
    }
    await client.query(`alter table ${qualify(beside, 'moim_cdm_version')} add primary key (table_name)`);
    const names = fresh.map(({ name }) => name);
    const { rows } = await client.query<{ statement: string }>(likeInForce, [schema, beside, names]);
    for (const { statement } of rows) await client.query(statement);
    for (const name of kept) {
      await client.query(`create view ${qualify(beside, name)} as select * from ${qualify(schema, name)}`);
    }
    await client.query('commit');
    return beside;
  } catch (error) {
    await client.query('rollback').catch(() => {}); // the connection may be gone; then nothing was committed
    throw error;
  }
}

/**
 * Throws MoimError `cdm-bound` where views or foreign keys of the hospital's own stand on a table that is to be replaced: they would have to
 * fall with it.
 */
export async function refuseBound(
  client: ClientBase,
  schema: string,
  fresh: readonly CdmTable[],
): Promise<void> {
  const { rows } = await client.query<{ what: string }>(
    `with replaced as (select c.oid from pg_class c where c.relnamespace = $1::regnamespace and c.relname = any($2))
     select distinct quote_ident(n.nspname) || '.' || quote_ident(v.relname) as what
       from pg_depend d join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
       join pg_class v on v.oid = r.ev_class join pg_namespace n on n.oid = v.relnamespace
      where d.refclassid = 'pg_class'::regclass and d.refobjid in (select oid from replaced) and v.oid <> d.refobjid
     union
     select conrelid::regclass::text from pg_constraint where contype = 'f' and confrelid in (select oid from replaced)
     order by 1`,
    [quoteName(schema), fresh.map(({ name }) => name)],
  );
  if (rows.length === 0) return;
  throw new MoimError(
    'cdm-bound',
    `${rows.map(({ what }) => what).join(', ')}: built on tables to be replaced`,
  );
}

/** Statements that give the tables of $3 in the schema $2 the keys, indexes and grants that those of the schema $1 have. */
const likeInForce = `
with t as (
  select oid, relname, relowner, relacl from pg_class where relnamespace = quote_ident($1)::regnamespace and relname = any($3)
), said (place, statement) as (
  select 1, format('alter table %I.%I add constraint %I %s', $2::text, t.relname, k.conname, pg_get_constraintdef(k.oid))
    from t join pg_constraint k on k.conrelid = t.oid and k.contype in ('p', 'u', 'x')
  union all
  select 2, replace(pg_get_indexdef(x.indexrelid), format(' ON %I.%I USING ', $1::text, t.relname), format(' ON %I.%I USING ', $2::text, t.relname))
    from t join pg_index x on x.indrelid = t.oid
   where not exists (select from pg_constraint k where k.conindid = x.indexrelid and k.contype in ('p', 'u', 'x'))
  union all
  select 3, format('grant %s on %I.%I to %s%s', a.privilege_type, $2::text, t.relname, coalesce(quote_ident(r.rolname), 'public'),
      case when a.is_grantable then ' with grant option' else '' end)
    from t cross join aclexplode(t.relacl) a left join pg_roles r on r.oid = a.grantee where a.grantee <> t.relowner
)
select statement from said order by place, statement`;
