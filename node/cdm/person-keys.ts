/**
 * Makes the keys of all persons of an owned CDM and keeps them in `moim.person_key`. A person whom the source does not name, or whose name
 * another person has too, gets none. The keys before are counted against the new ones: an ETL that renames its persons is seen at once.
 */

import type { ClientBase, Pool } from 'pg';
import pgCopy from 'pg-copy-streams';
import type { Log } from '#host/log.ts';
import { databaseError } from '#host/postgres/error.ts';
import { pause } from '#host/serve.ts';
import { copyInto, isSqlState, qualify } from './fill.ts';
import { asOnlyKeyMaker, unlessKeysAreMade } from './hold.ts';
import { personKeyMaker } from './person-key.ts';
import { withSession } from './session.ts';
import { dataVersion, tablePrint } from './version.ts';

export interface PersonKeyCount {
  readonly persons: number;
  readonly keyed: number;
  /** Persons whom the source does not name. */
  readonly missing: number;
  /** Persons who share their name with others. */
  readonly repeated: number;
  /** Keys there were before, and how many of them are there still. */
  readonly before: number;
  readonly kept: number;
}

/** What is to be kept of one making: where `made` is false, the keys of the last time stand. */
export interface PersonKeys {
  readonly count: PersonKeyCount;
  readonly made: boolean;
  /** Fingerprint of the table `person` that they are of. */
  readonly print: string;
}

/**
 * Makes the keys where the persons are not those of the last time, and notes the data version. With `wait` false, undefined where another
 * process makes them now or holds the persons. Uses two sessions of the pool.
 */
export async function keepPersonKeys(
  pool: Pool,
  schema: string,
  archiveSecret: string,
  options: { readonly wait: boolean; readonly at: string; readonly signal?: AbortSignal | undefined },
): Promise<(PersonKeyCount & { readonly made: boolean }) | undefined> {
  return withSession(pool, options.signal, (source) =>
    withSession(pool, options.signal, async (target) => {
      const makers = options.wait ? asOnlyKeyMaker : unlessKeysAreMade;
      return makers(target, async () => {
        await source.query('begin');
        // No swap between the version and the persons it is of.
        if (!(await lockPersons(source, schema, options.wait))) return undefined;
        const version = await dataVersion(source, schema);
        await target.query('begin');
        const keys = await makePersonKeys(source, target, schema, archiveSecret);
        await adoptPersonKeys(target, keys, version, options.at);
        await target.query('commit');
        await source.query('commit');
        return { ...keys.count, made: keys.made };
      });
    }),
  );
}

async function lockPersons(source: ClientBase, schema: string, wait: boolean): Promise<boolean> {
  try {
    await source.query(
      `lock table ${qualify(schema, 'person')} in access share mode${wait ? '' : ' nowait'}`,
    );
    return true;
  } catch (error) {
    if (!isSqlState(error, '55P03')) throw error;
    await source.query('rollback');
    return false;
  }
}

/** At the start of a node: makes the keys of persons loaded before it was one, or by hand. A fault is logged; nothing waits for it. */
export async function catchUpPersonKeys(
  pool: Pool,
  schema: string,
  archiveSecret: string,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  try {
    const at = new Date().toISOString();
    let count: Awaited<ReturnType<typeof keepPersonKeys>>;
    while (!signal.aborted && count === undefined) {
      count = await keepPersonKeys(pool, schema, archiveSecret, { wait: false, at, signal });
      if (count === undefined) await pause(2_000, signal);
    }
    if (count?.made) log.info('person-keys', { count: count.keyed });
  } catch (cause) {
    if (!signal.aborted) log.warn('person-keys-not-made', { code: databaseError(cause).code });
  }
}

/**
 * Writes the keys of the persons of `schema` into `moim.person_key_next` and counts. `target` is in a transaction; `source`, another session,
 * reads. No source value is kept or told.
 */
export async function makePersonKeys(
  source: ClientBase,
  target: ClientBase,
  schema: string,
  archiveSecret: string,
): Promise<PersonKeys> {
  const print = await tablePrint(source, schema, 'person');
  const last = await lastKeys(target);
  // A backup holds no keys: those of a node that was restored are made anew, though its persons are the same.
  if (last?.print === print && last.there) {
    const { keyed } = last.count;
    return { count: { ...last.count, before: keyed, kept: keyed }, made: false, print };
  }
  const person = qualify(schema, 'person');
  const { rows } = await source.query<{ persons: string; missing: string }>(
    `select count(*)::text as persons, (count(*) filter (where coalesce(person_source_value, '') = ''))::text as missing from ${person}`,
  );
  const persons = Number(rows[0]?.persons);
  const missing = Number(rows[0]?.missing);
  await target.query(
    `set local maintenance_work_mem = '256MB'; set local work_mem = '64MB'; set local statement_timeout = 0;
     create table moim.person_key_next (like moim.person_key)`,
  );
  const rowsOf = keyRows(source, person, personKeyMaker(archiveSecret));
  const keyed = await copyInto(target, 'moim.person_key_next', ['person_id', 'key'], 'format text', rowsOf);
  await target.query(
    `alter table moim.person_key_next add constraint person_key_next_pkey primary key (key); analyze moim.person_key_next`,
  );
  const found = await target.query<{ before: string; kept: string }>(
    `select (select count(*) from moim.person_key)::text as before,
       (select count(*) from moim.person_key join moim.person_key_next using (key))::text as kept`,
  );
  // The same persons under the same secret have the keys they had, there or not.
  const same = last?.print === print;
  const before = same ? keyed : Number(found.rows[0]?.before);
  const kept = same ? keyed : Number(found.rows[0]?.kept);
  const count = { persons, keyed, missing, repeated: persons - missing - keyed, before, kept };
  return { count, made: true, print };
}

/** Puts the keys just made in place of those before, and notes which data they are of; in the same transaction. */
export async function adoptPersonKeys(
  target: ClientBase,
  keys: PersonKeys,
  version: string,
  at: string,
): Promise<void> {
  if (keys.made) {
    await target.query(
      `drop table moim.person_key; alter table moim.person_key_next rename to person_key;
       alter table moim.person_key rename constraint person_key_next_pkey to person_key_pkey`,
    );
  } else if ((await lastKeys(target))?.version === version) return;
  const { persons, keyed, missing, repeated, before, kept } = keys.count;
  await target.query(
    `insert into moim.person_key_version (data_version, person_print, made_at, persons, keyed, missing, repeated, before, kept)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [version, keys.print, at, persons, keyed, missing, repeated, before, kept],
  );
}

/** What was noted last, or undefined where nobody has a key yet. */
export async function lastKeys(client: Pick<ClientBase, 'query'>) {
  const { rows } = await client.query<
    Record<keyof PersonKeyCount | 'version' | 'print', string> & { there: boolean; compared: boolean }
  >(
    `select data_version as version, person_print as print, persons::text, keyed::text, missing::text, repeated::text, before::text, kept::text,
       keyed = 0 or exists (select from moim.person_key) as there,
       before > 0 or coalesce(lag(keyed) over (order by n), 0) = 0 as compared
       from moim.person_key_version order by n desc limit 1`,
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const count: PersonKeyCount = {
    persons: Number(row.persons),
    keyed: Number(row.keyed),
    missing: Number(row.missing),
    repeated: Number(row.repeated),
    before: Number(row.before),
    kept: Number(row.kept),
  };
  return {
    version: row.version,
    print: row.print,
    count,
    /** False where a backup was put back, and the keys are still to be made. */
    there: row.there,
    /** False where the keys before were not there to be compared with: a backup does not hold them. */
    compared: row.compared,
  };
}

/** Rows for COPY. The one place that sees source values: as hex, since that needs no escapes. */
async function* keyRows(
  source: ClientBase,
  person: string,
  keyOf: (sourceValue: Uint8Array) => string,
): AsyncGenerator<Buffer> {
  await source.query(`set work_mem = '64MB'`);
  const reading = source.query(
    pgCopy.to(
      `copy (select min(person_id), encode(convert_to(person_source_value, 'UTF8'), 'hex') from ${person}
         where person_source_value <> '' group by person_source_value having count(*) = 1) to stdout`,
    ),
  );
  let rest = '';
  for await (const chunk of reading as AsyncIterable<Buffer>) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    let out = '';
    for (const line of lines) {
      const tab = line.indexOf('\t');
      out += `${line.slice(0, tab)}\t\\\\x${keyOf(Buffer.from(line.slice(tab + 1), 'hex'))}\n`;
    }
    yield Buffer.from(out, 'latin1');
  }
}
