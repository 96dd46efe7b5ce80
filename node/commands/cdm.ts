/** `moim cdm`: fill, check and make up the CDM of this home. */

import {
  type Command,
  type CommandContext,
  type Commands,
  needArg,
  needFlag,
  numberFlag,
  textFlag,
} from '#host/command.ts';
import { type Database, openDatabase } from '#host/postgres/database.ts';
import { databaseError } from '#host/postgres/error.ts';
import { migrate } from '#host/postgres/migrate.ts';
import { MoimError } from '#protocol/errors.ts';
import { quoteName } from '#sql/cdm/ddl.ts';
import { checkCdm } from '../cdm/check.ts';
import { layOut } from '../cdm/layout.ts';
import { type LoadedTable, loadCdm } from '../cdm/load.ts';
import { openProgress } from '../cdm/progress.ts';
import { withSession } from '../cdm/session.ts';
import { findMix, mixNames } from '../cdm/synth/mixes.ts';
import { type SynthSummary, synthesiseFiles, synthesiseInto } from '../cdm/synth.ts';
import { readNodeConfig } from '../config.ts';

const load: Command = {
  summary:
    'Load <table>.csv or .csv.gz files of OMOP CDM 5.4 (comma, or tab as Athena writes) from a folder.',
  usage: 'DIR [--schema cdm] [--replace] [--ignore-unknown]',
  options: {
    schema: { type: 'string' },
    replace: { type: 'boolean' },
    'ignore-unknown': { type: 'boolean' },
  },
  async run(context) {
    const directory = needArg(context, 0, 'DIR');
    return withOwnCdm(context, async (database, schema) => {
      const progress = openProgress(context);
      const loaded: LoadedTable[] = [];
      try {
        const report = await loadCdm(database, {
          directory,
          schema,
          replace: context.flags.replace === true,
          ignoreUnknown: context.flags['ignore-unknown'] === true,
          signal: context.signal,
          onProgress: ({ table, bytes, totalBytes }) => progress.show(bytes / Math.max(1, totalBytes), table),
          onTable: (table) => {
            loaded.push(table);
            if (context.json) context.out(JSON.stringify(table));
          },
        });
        progress.clear();
        for (const note of report.notes) context.note(note);
        return 0;
      } finally {
        progress.clear();
        // Also after a fault: the tables before it are loaded.
        if (!context.json && loaded.length > 0) context.out(layOut(loaded, ['table', 'rows', 'ms']));
      }
    });
  },
};

const check: Command = {
  summary: 'Check the CDM, owned or attached, and say what is amiss. Counts only; SELECT is enough.',
  usage: '[--schema S] [--strict]',
  options: { schema: { type: 'string' }, strict: { type: 'boolean' } },
  async run(context) {
    const { cdmUrl, databaseUrl } = readNodeConfig(context.home, context.env);
    const database = await openDatabase({
      home: context.home,
      url: cdmUrl ?? databaseUrl,
      signal: context.signal,
    });
    try {
      const findings = await withSession(database.pool, context.signal, (client) =>
        checkCdm(client, schemaOf(context)),
      );
      if (context.json) context.out(JSON.stringify(findings));
      else if (findings.length === 0) context.out('nothing is amiss');
      else context.out(layOut(findings, ['severity', 'code', 'table', 'count', 'remedy']));
      const severities = new Set(findings.map((finding) => finding.severity));
      return severities.has('error') || (context.flags.strict === true && severities.has('warning')) ? 1 : 0;
    } finally {
      await database.close();
    }
  },
};

const synth: Command = {
  summary: `Make up a hospital from a seed, into the CDM or as files. Mixes: ${mixNames.join(', ')}.`,
  usage: '--persons N --seed S [--mix NAME] [--dense] [--out DIR] [--schema S] [--replace]',
  options: {
    persons: { type: 'string' },
    seed: { type: 'string' },
    mix: { type: 'string' },
    dense: { type: 'boolean' },
    out: { type: 'string' },
    schema: { type: 'string' },
    replace: { type: 'boolean' },
  },
  async run(context) {
    needFlag(context, 'persons');
    const persons = numberFlag(context, 'persons', 1, 1);
    const mix = textFlag(context, 'mix') ?? 'general';
    if (findMix(mix) === undefined) throw new MoimError('usage', `--mix is one of ${mixNames.join(', ')}`);
    const progress = openProgress(context);
    const options = {
      persons,
      seed: needFlag(context, 'seed'),
      mix,
      dense: context.flags.dense === true,
      replace: context.flags.replace === true,
      signal: context.signal,
      onProgress: (made: number) => progress.show(made / persons, 'persons'),
    };
    const directory = textFlag(context, 'out');
    const started = performance.now();
    try {
      const summary =
        directory === undefined
          ? await withOwnCdm(context, (database, schema) => synthesiseInto(database, { ...options, schema }))
          : await synthesiseFiles({ ...options, directory });
      progress.clear();
      context.out(
        context.json
          ? JSON.stringify({ ...summary, ms: elapsed(started) })
          : inWords(summary, elapsed(started)),
      );
      return 0;
    } finally {
      progress.clear();
    }
  },
};

export const commands: Commands = { load, check, synth };

/** Opens the database and brings the CDM's schema to its present state. Refuses an attached CDM, and one not made by us. */
async function withOwnCdm<T>(
  context: CommandContext,
  work: (database: Database, schema: string) => Promise<T>,
): Promise<T> {
  const { cdmUrl, databaseUrl } = readNodeConfig(context.home, context.env);
  if (cdmUrl !== undefined) throw new MoimError('cdm-attached');
  const schema = schemaOf(context);
  const database = await openDatabase({ home: context.home, url: databaseUrl, signal: context.signal });
  try {
    await refuseForeign(database, schema);
    await migrate(database.pool, 'cdm', schema);
    return await work(database, schema);
  } catch (error) {
    throw databaseError(error, context.signal);
  } finally {
    await database.close();
  }
}

/** A schema that holds tables but none of our migrations is somebody else's. */
async function refuseForeign(database: Database, schema: string): Promise<void> {
  const found = await database.pool.query<{ ours: boolean; tables: string }>(
    `select bool_or(c.relname = 'moim_migration') as ours, count(*)::text as tables
       from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind in ('r', 'p', 'v')`,
    [schema],
  );
  const [row] = found.rows;
  if (row === undefined || row.tables === '0') return;
  const stream = row.ours
    ? await database.pool.query(
        `select 1 from ${quoteName(schema)}.moim_migration where stream = 'cdm' limit 1`,
      )
    : undefined;
  if (stream?.rowCount) return;
  throw new MoimError('cdm-attached', `the schema ${schema} holds tables that are not a CDM of ours`, {
    remedy: 'Name another schema with --schema: Moim writes only to a CDM that it made.',
  });
}

function schemaOf(context: CommandContext): string {
  const schema = textFlag(context, 'schema') ?? readNodeConfig(context.home, context.env).cdmSchema;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema) || schema.startsWith('pg_')) {
    throw new MoimError('usage', '--schema takes a name of a-z, 0-9 and _ that does not begin with pg_');
  }
  return schema;
}

function inWords(summary: SynthSummary, ms: number): string {
  const { persons, seed, mix, dense, rows, hash } = summary;
  const head = `${persons} persons, ${rows} rows, seed ${seed}, mix ${mix}${dense ? ', dense' : ''}, ${ms} ms\ncontent ${hash}`;
  const tables = Object.entries(summary.tables).map(([table, count]) => ({ table, rows: count }));
  return `${layOut(tables, ['table', 'rows'])}\n${head}`;
}

function elapsed(started: number): number {
  return Math.round(performance.now() - started);
}
