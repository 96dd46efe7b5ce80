/** `moim cdm`: fill, check and make up the CDM of this home. */

import { type Command, type Commands, needArg, needFlag, numberFlag, textFlag } from '#host/command.ts';
import { openDatabase } from '#host/postgres/database.ts';
import { migrate } from '#host/postgres/migrate.ts';
import { MoimError } from '#protocol/errors.ts';
import { findLeftBeside } from '../cdm/beside.ts';
import { checkCdm } from '../cdm/check.ts';
import { checkPersonKeys } from '../cdm/check-keys.ts';
import { layOut } from '../cdm/layout.ts';
import { type LoadedTable, loadCdm } from '../cdm/load.ts';
import { openProgress } from '../cdm/progress.ts';
import { withSession } from '../cdm/session.ts';
import { findMix, mixNames } from '../cdm/synth/mixes.ts';
import { type SynthSummary, synthesiseFiles, synthesiseInto } from '../cdm/synth.ts';
import { readNodeConfig } from '../config.ts';
import { personFlags, personUsage } from '../person/acting.ts';
import { keepLoad, loadingPerson, schemaOf, withOwnCdm } from './cdm/own.ts';
import { refresh } from './cdm/refresh.ts';
import { tune } from './cdm/tune.ts';

const load: Command = {
  summary:
    'Load <table>.csv or .csv.gz files of OMOP CDM 5.4 (comma, or tab as Athena writes) from a folder.',
  usage: `DIR [--schema cdm] [--replace] [--ignore-unknown]   ${personUsage}`,
  options: {
    schema: { type: 'string' },
    replace: { type: 'boolean' },
    'ignore-unknown': { type: 'boolean' },
    ...personFlags,
  },
  async run(context) {
    const directory = needArg(context, 0, 'DIR');
    return withOwnCdm(context, async (database, schema) => {
      const person = await loadingPerson(context, database, schema);
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
          onWait: (what) => context.note(`waiting for ${what}`),
          onTable: (table) => {
            loaded.push(table);
            if (context.json) context.out(JSON.stringify(table));
          },
        });
        progress.clear();
        for (const note of report.notes) context.note(note);
        await keepLoad(context, database, schema, person);
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
      const findings = await withSession(database.pool, context.signal, async (client) => [
        ...(await checkCdm(client, schemaOf(context))),
        ...(cdmUrl === undefined ? await checkPersonKeys(client, schemaOf(context)) : []),
        ...(cdmUrl === undefined ? await findLeftBeside(client, schemaOf(context)) : []),
      ]);
      const severities = new Set(findings.map((finding) => finding.severity));
      if (context.json) context.out(JSON.stringify(findings));
      else if (findings.length === 0) context.out('nothing is amiss');
      else context.out(layOut(findings, ['severity', 'code', 'table', 'count', 'remedy']));
      return severities.has('error') || (context.flags.strict === true && severities.has('warning')) ? 1 : 0;
    } finally {
      await database.close();
    }
  },
};

const synth: Command = {
  summary: `Make up a hospital from a seed, into the CDM or as files. Mixes: ${mixNames.join(', ')}.`,
  usage: `--persons N --seed S [--mix NAME] [--dense] [--imaging] [--out DIR] [--schema S] [--replace]   ${personUsage}`,
  options: {
    persons: { type: 'string' },
    seed: { type: 'string' },
    mix: { type: 'string' },
    dense: { type: 'boolean' },
    imaging: { type: 'boolean' },
    out: { type: 'string' },
    schema: { type: 'string' },
    replace: { type: 'boolean' },
    ...personFlags,
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
      imaging: context.flags.imaging === true,
      replace: context.flags.replace === true,
      signal: context.signal,
      onWait: () => context.note('waiting for jobs that run on the data in force'),
      onProgress: (made: number) => progress.show(made / persons, 'persons'),
    };
    const directory = textFlag(context, 'out');
    const started = performance.now();
    try {
      const summary =
        directory === undefined
          ? await withOwnCdm(context, async (database, schema) => {
              const person = await loadingPerson(context, database, schema);
              if (options.imaging) await migrate(database.pool, 'results', 'results');
              const made = await synthesiseInto(database, { ...options, schema });
              await keepLoad(context, database, schema, person);
              return made;
            })
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

export const commands: Commands = { load, refresh, check, synth, tune };

function inWords(summary: SynthSummary, ms: number): string {
  const { persons, seed, mix, dense, rows, hash } = summary;
  const head = `${persons} persons, ${rows} rows, seed ${seed}, mix ${mix}${dense ? ', dense' : ''}, ${ms} ms\ncontent ${hash}`;
  const tables = Object.entries(summary.tables).map(([table, count]) => ({ table, rows: count }));
  return `${layOut(tables, ['table', 'rows'])}\n${head}`;
}

function elapsed(started: number): number {
  return Math.round(performance.now() - started);
}
