/** Whether the persons of a CDM can be known again after the next load, and how many were. Counts only. */

import type { ClientBase } from 'pg';
import type { FoundTable } from './catalog.ts';
import { qualify } from './fill.ts';
import type { Finding } from './finding.ts';
import { lastKeys } from './person-keys.ts';
import { tablePrint } from './version.ts';

/** Persons whom the source does not name, or not alone. SELECT on `person` is enough. */
export async function checkPersonSource(
  client: ClientBase,
  schema: string,
  catalog: ReadonlyMap<string, FoundTable>,
): Promise<Finding[]> {
  if (!catalog.get('person')?.columns.has('person_source_value')) return [];
  const { rows } = await client.query<{ missing: string; repeated: string }>(
    `select coalesce(sum(n) filter (where named is null), 0)::text as missing,
            coalesce(sum(n) filter (where named is not null and n > 1), 0)::text as repeated
       from (select nullif(person_source_value::text, '') as named, count(*) as n from ${qualify(schema, 'person')} group by 1) each`,
  );
  return [
    warning(
      'person-source-missing',
      Number(rows[0]?.missing),
      'They cannot be known again after a refresh: fill person_source_value.',
    ),
    warning(
      'person-source-repeated',
      Number(rows[0]?.repeated),
      'They cannot be told apart after a refresh: give each person a person_source_value of their own.',
    ),
  ].filter(({ count }) => count > 0);
}

/** Of an owned CDM: how many persons kept their key since the version before, or why nobody has one. */
export async function checkPersonKeys(client: ClientBase, schema: string): Promise<Finding[]> {
  const { rows } = await client.query<{ keys: boolean; persons: boolean }>(
    `select to_regclass('moim.person_key_version') is not null as keys, to_regclass($1) is not null as persons`,
    [qualify(schema, 'person')],
  );
  if (rows[0]?.persons !== true) return [];
  const persons = await client.query(`select from ${qualify(schema, 'person')} limit 1`);
  if (persons.rowCount === 0) return [];
  const last = rows[0].keys ? await lastKeys(client) : undefined;
  if (last === undefined) {
    return [
      info(
        'person-keys-missing',
        1,
        'Nobody has a key yet: the keys come with `moim node init` and its first run.',
      ),
    ];
  }
  if (last.print !== (await tablePrint(client, schema, 'person'))) {
    return [
      info(
        'person-keys-old',
        1,
        'The keys are of earlier data: they come when the node runs, or with the next refresh.',
      ),
    ];
  }
  if (!last.there)
    return [
      info('person-keys-old', 1, 'A backup holds no keys: they come when the node runs, or with a refresh.'),
    ];
  if (!last.compared)
    return [
      info(
        'person-keys-not-compared',
        1,
        'A backup was put back, which holds no keys: how many persons kept theirs cannot be told this once.',
      ),
    ];
  const { before, kept } = last.count;
  if (before === 0) return [];
  if (kept * 2 >= before) {
    return [
      info(
        'person-keys-kept',
        kept,
        `Of ${before} persons with a key before, these are there still: nothing to do.`,
      ),
    ];
  }
  const remedy = `Of ${before} persons with a key before, only these are there still: see whether the extract names its persons as the last one did (person_source_value).`;
  return [warning('person-keys-kept', kept, remedy)];
}

const info = (code: string, count: number, remedy: string): Finding => ({
  code,
  severity: 'info',
  table: 'person',
  count,
  remedy,
});

const warning = (code: string, count: number, remedy: string): Finding => ({
  ...info(code, count, remedy),
  severity: 'warning',
});
