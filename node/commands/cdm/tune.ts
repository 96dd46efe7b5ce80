/** `moim cdm tune`: the indexes that cohorts want, what each costs and saves; makes those that pay on a CDM of our own. */

import type { Pool } from 'pg';
import type { Command } from '#host/command.ts';
import { openDatabase } from '#host/postgres/database.ts';
import { MoimError } from '#protocol/errors.ts';
import { quoteName } from '#sql/cdm/ddl.ts';
import { layOut } from '../../cdm/layout.ts';
import { withSession } from '../../cdm/session.ts';
import { adviseIndexes, type IndexAdvice } from '../../cdm/tune.ts';
import { readNodeConfig } from '../../config.ts';
import { schemaOf, withOwnCdm } from './own.ts';

export const tune: Command = {
  summary:
    'The indexes that cohorts want: statement, size, and how many times fewer rows are read. --apply makes those that pay (own CDM only).',
  usage: '[--schema S] [--apply]',
  options: { schema: { type: 'string' }, apply: { type: 'boolean' } },
  async run(context) {
    const { cdmUrl } = readNodeConfig(context.home, context.env);
    const apply = context.flags.apply === true;
    if (cdmUrl !== undefined && apply) throw new MoimError('cdm-attached');
    const show = async (pool: Pool, schema: string) => {
      const ask = () => withSession(pool, context.signal, (client) => adviseIndexes(client, schema));
      const advice = await ask();
      const wanted = advice.filter(({ state }) => state === 'pays');
      if (apply) await make(pool, schema, wanted, context.note);
      const shown = apply && wanted.length > 0 ? await ask() : advice;
      if (context.json) context.out(JSON.stringify(shown));
      else context.out(inWords(shown));
      return 0;
    };
    if (cdmUrl === undefined) return withOwnCdm(context, ({ pool }, schema) => show(pool, schema));
    const database = await openDatabase({ home: context.home, url: cdmUrl, signal: context.signal });
    try {
      return await show(database.pool, schemaOf(context));
    } finally {
      await database.close();
    }
  },
};

async function make(
  pool: Pool,
  schema: string,
  advice: readonly IndexAdvice[],
  note: (text: string) => void,
): Promise<void> {
  for (const { name, table, statement } of advice) {
    const started = performance.now();
    await pool.query(statement.replace('create index', 'create index if not exists'));
    note(`${name}: ${Math.round(performance.now() - started)} ms`);
    await pool.query(`analyze ${quoteName(schema)}.${quoteName(table)}`);
  }
}

function inWords(advice: readonly IndexAdvice[]): string {
  const rows = advice.map(({ name, state, bytes, rowsWithout, rowsWith, gain }) => ({
    state,
    index: name,
    size: `${(bytes / 2 ** 20).toFixed(1)} MB`,
    'rows read': `${rowsWithout} -> ${rowsWith}`,
    gain: `${gain}x`,
  }));
  const statements = advice.filter(({ state }) => state === 'pays').map(({ statement }) => statement);
  const missing = statements.length === 0 ? 'no index that pays is missing' : statements.join('\n');
  return `${layOut(rows, ['state', 'index', 'size', 'rows read', 'gain'])}\n${missing}`;
}
