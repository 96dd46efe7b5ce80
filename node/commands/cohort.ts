/** `moim cohort …`: check a definition, see its SQL, generate it, expand its concept sets. */

import type { Pool } from 'pg';
import { type CommandContext, type Commands, numberFlag, textFlag } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { type Database, openDatabase } from '#host/postgres/database.ts';
import { migrate } from '#host/postgres/migrate.ts';
import { MoimError } from '#protocol/errors.ts';
import type { CohortQuery } from '#sql/circe/compile.ts';
import { compileWhole } from '#sql/circe/compile-whole.ts';
import { isLanguageCode } from '#sql/circe/describe.ts';
import { identifier } from '#sql/circe/literal.ts';
import { refusals } from '#sql/circe/refusal.ts';
import { cohortStatement } from '#sql/circe/statement.ts';
import { checkAttached } from '../attached.ts';
import { notedVersion } from '../cdm/generated.ts';
import { withSteadyData } from '../cdm/hold.ts';
import { dataVersion, vocabularyVersion } from '../cdm/version.ts';
import { definitionFiles, expressionOf, faults } from '../cohort/definitions.ts';
import { engineVersion } from '../cohort/engine.ts';
import { exactJson } from '../cohort/exact-json.ts';
import { expand } from '../cohort/expand.ts';
import { cdmTablesOf, prepareCohort } from '../cohort/generate.ts';
import { findingsHere } from '../cohort/here.ts';
import { hasErrors, type Report, type ReportOptions, reportOf, reportText } from '../cohort/report.ts';
import { runCohorts } from '../cohort/run.ts';
import { withSession } from '../cohort/session.ts';
import { refuseWithoutRules } from '../cohort/without-rules.ts';
import type { GeneratedLine } from '../cohort/work.ts';

const resultsSchema = 'results';

export const commands: Commands = {
  check: {
    summary: 'What a definition says, and what its author hardly meant.',
    usage: 'FILE… [--here] [--circe-parity] [--lang en|ko] [--schema S]',
    options: {
      here: { type: 'boolean' },
      'circe-parity': { type: 'boolean' },
      lang: { type: 'string' },
      schema: { type: 'string' },
    },
    async run(context) {
      const language = textFlag(context, 'lang') ?? 'en';
      if (!isLanguageCode(language)) throw new MoimError('usage', '--lang takes en or ko');
      const files = definitionFiles(context.args, language);
      const report = async (here?: ReportOptions['here']) => {
        const reports: Report[] = [];
        const asked = { language, ...(here === undefined ? {} : { here }) };
        for (const file of files) reports.push(await reportOf(file, asked));
        if (context.json) context.out(JSON.stringify(reports));
        else for (const one of reports) context.out(reportText(one, language));
        return reports.some(hasErrors) ? 1 : 0;
      };
      if (context.flags.here !== true) return report();
      const parity = context.flags['circe-parity'] === true;
      const options = { cdmSchema: cdmSchema(context), parity, signal: context.signal, language };
      return withCdm(context, 3, ({ pool }) =>
        report((expression) => findingsHere(pool, expression, options)),
      );
    },
  },
  compile: {
    summary:
      'Self-contained SQL of a definition, for PostgreSQL 15 or newer; --here writes the concept ids of this CDM into it.',
    usage: 'FILE [--here] [--circe-parity] [--schema S]',
    options: { here: { type: 'boolean' }, 'circe-parity': { type: 'boolean' }, schema: { type: 'string' } },
    async run(context) {
      const [file, ...more] = definitionFiles(context.args);
      if (file === undefined || context.args.length > 1) throw new MoimError('usage', 'one FILE is expected');
      if (more.length > 0)
        throw new MoimError('usage', 'one definition is expected: of a study file name one, FILE#NAME');
      const expression = expressionOf(file);
      const refused = refusals(expression);
      if (refused.length > 0) throw new MoimError('definition-refused', `${file.file}: ${faults(refused)}`);
      const options = { cdmSchema: cdmSchema(context), parity: context.flags['circe-parity'] === true };
      const print = (query: CohortQuery) => {
        context.out(`${cohortStatement(query)};`);
        return 0;
      };
      if (context.flags.here !== true) return print(compileWhole(expression, options));
      return withCdm(context, 3, async ({ pool }) => {
        const session = { signal: context.signal, readOnly: true };
        return print(
          await withSession(pool, session, (client) => prepareCohort(client, expression, options)),
        );
      });
    },
  },
  generate: {
    summary: 'Generate cohorts on the CDM, one line each (rules are numbered from 0).',
    usage:
      'FILE|DIR… [--schema S] [--circe-parity] [--force] [--without-rule N]… [--timeout S] [--connections N] [--batch]',
    options: {
      schema: { type: 'string' },
      'circe-parity': { type: 'boolean' },
      force: { type: 'boolean' },
      'without-rule': { type: 'string', multiple: true },
      timeout: { type: 'string' },
      connections: { type: 'string' },
      batch: { type: 'boolean' },
    },
    async run(context) {
      const files = definitionFiles(context.args);
      const schema = cdmSchema(context);
      const connections = numberFlag(context, 'connections', 1, 1, givenServer(context) ? undefined : 50); // the home's own has 60
      const timeoutMs = secondsFlag(context, 'timeout');
      const withoutRules = ruleNumbers(context);
      if (withoutRules.length > 0) refuseWithoutRules(context.args, files, withoutRules);
      return withCdm(context, connections + 2, async ({ pool, attached }) => {
        const writes = attached ? await mayWrite(pool, resultsSchema) : true;
        // Beside an attached CDM nothing is written by a role that could write to the CDM itself.
        if (attached && writes) await checkAttached(pool, schema);
        if (!writes)
          context.note(`no writable schema ${resultsSchema} beside the attached CDM: nothing is stored`);
        const steady = <T>(work: () => Promise<T>) =>
          attached ? work() : withSteadyData(pool, schema, context.signal, work);
        const run = async () =>
          runCohorts(pool, files, {
            cdmSchema: schema,
            resultsSchema: writes ? resultsSchema : undefined,
            ...(writes ? await knownVersions(pool, schema, context.signal) : {}),
            engine: engineVersion(),
            parity: context.flags['circe-parity'] === true,
            force: context.flags.force === true,
            withoutRules,
            connections,
            batch: context.flags.batch === true,
            steady: !attached,
            signal: context.signal,
            ...(timeoutMs === undefined ? {} : { timeoutMs }),
            now: () => new Date(),
            onLine: (line) => context.out(lineOf(line)),
          });
        // The version that answers are kept under is of the data that they are counted on.
        const failed = await steady(run);
        context.note(`${files.length - failed} of ${files.length} cohorts`);
        return failed === 0 ? 0 : 1;
      });
    },
  },
  expand: {
    summary: "The concept ids of a definition's concept sets on this CDM, with the vocabulary version.",
    usage: 'FILE… [--schema S]',
    options: { schema: { type: 'string' } },
    async run(context) {
      const files = definitionFiles(context.args);
      const schema = cdmSchema(context);
      return withCdm(context, 2, async ({ pool }) => {
        const present = await cdmTablesOf(pool, schema);
        if (!present.has('concept'))
          throw new MoimError('table-missing', `the CDM has no table ${schema}.concept`);
        return withSession(pool, { signal: context.signal, readOnly: true }, async (client) => {
          const version = await vocabularyVersion(client, schema);
          const options = { cdmSchema: schema, present, vocabularyVersion: version };
          let refused = 0;
          for (const file of files) {
            const answer = await expand(client, file, options);
            if (answer instanceof MoimError) {
              if (files.length === 1) throw answer;
              // Lines of the answer go into a study: what cannot be expanded has no place among them.
              context.note(`${file.name}: ${answer.code}: ${answer.message}`);
              refused += 1;
            } else if (answer !== undefined) context.out(JSON.stringify(answer));
          }
          return refused === 0 ? 0 : 5;
        });
      });
    },
  },
};

/** Spelled and ordered as the contract has it. */
function lineOf(line: GeneratedLine): string {
  const {
    name,
    status,
    persons,
    rows,
    days,
    md5,
    inclusionResult,
    inclusionStats,
    summaryStats,
    ms,
    cached,
    reason,
  } = line;
  const figures = { persons, rows, days, md5, inclusionResult, inclusionStats, summaryStats };
  return exactJson({ name, status, ...figures, ms, cached, reason });
}

function cdmSchema(context: CommandContext): string {
  const schema = textFlag(context, 'schema') ?? readSetting(context.env, 'MOIM_CDM_SCHEMA') ?? 'cdm';
  try {
    identifier(schema);
  } catch {
    throw new MoimError('usage', '--schema takes a name that PostgreSQL can hold');
  }
  return schema;
}

function secondsFlag(context: CommandContext, name: string): number | undefined {
  const text = textFlag(context, name);
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds <= 0 || seconds > 1_000_000) {
    throw new MoimError('usage', `--${name} takes seconds above 0`);
  }
  return seconds * 1000;
}

/** `--without-rule N`: rules are numbered from 0, as in the inclusion tables. */
function ruleNumbers(context: CommandContext): readonly number[] {
  const given = context.flags['without-rule'];
  return (Array.isArray(given) ? given : []).map((text) => {
    if (!/^\d{1,4}$/.test(text))
      throw new MoimError('usage', '--without-rule takes the number of a rule, from 0');
    return Number(text);
  });
}

interface Cdm {
  readonly pool: Pool;
  readonly attached: boolean;
}

/** The attached CDM (MOIM_CDM_URL), else the owned one, with the results schema brought up to date. */
async function withCdm(
  context: CommandContext,
  connections: number,
  work: (cdm: Cdm) => Promise<number>,
): Promise<number> {
  const cdmUrl = readSetting(context.env, 'MOIM_CDM_URL');
  const database: Database = await openDatabase({
    home: context.home,
    url: givenServer(context),
    applicationName: 'moim-cohort',
    maxConnections: connections,
    signal: context.signal,
  });
  try {
    if (cdmUrl === undefined) await migrate(database.pool, 'results', resultsSchema);
    return await work({ pool: database.pool, attached: cdmUrl !== undefined });
  } finally {
    await database.close();
  }
}

const givenServer = ({ env }: CommandContext) =>
  readSetting(env, 'MOIM_CDM_URL') ?? readSetting(env, 'MOIM_DATABASE_URL');

/** Whether our role may write cohorts there: a schema that the hospital granted us, and a role that is not read only. */
async function mayWrite(pool: Pool, schema: string): Promise<boolean> {
  const { rows } = await pool.query<{ may: boolean }>(
    `select current_setting('default_transaction_read_only') = 'off' and count(*) = 2 and bool_and(
         has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
         and has_table_privilege(c.oid, 'delete')
         and coalesce(has_sequence_privilege(
           case when c.relname = 'cohort_run'
             then pg_get_serial_sequence(c.oid::regclass::text, 'cohort_definition_id') end, 'usage'), true)) as may
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname in ('cohort', 'cohort_run') and has_schema_privilege(n.oid, 'usage')`,
    [schema],
  );
  return rows[0]?.may === true;
}

/** The versions where they are kept at every filling (an owned CDM); computing them means reading every row. */
async function knownVersions(pool: Pool, schema: string, signal: AbortSignal) {
  if (!(await cdmTablesOf(pool, schema)).has('moim_cdm_version')) return {};
  // A table that was filled by other hands is read whole: that can be stopped, as everything here.
  return withSession(pool, { signal, readOnly: true }, async (client) => ({
    dataVersion: notedVersion(schema, await dataVersion(client, schema)),
    vocabularyVersion: await vocabularyVersion(client, schema),
  }));
}
