/** `moim cdm refresh`. */

import { type Command, needArg } from '#host/command.ts';
import { migrate } from '#host/postgres/migrate.ts';
import { layOut } from '../../cdm/layout.ts';
import type { LoadedTable } from '../../cdm/load.ts';
import type { PersonKeyCount } from '../../cdm/person-keys.ts';
import { openProgress } from '../../cdm/progress.ts';
import { type RefreshReport, refreshCdm } from '../../cdm/refresh.ts';
import { namedPerson, personFlags, personUsage } from '../../person/acting.ts';
import { archiveSecret, moimOf, withOwnCdm } from './own.ts';

export const refresh: Command = {
  summary:
    'Put a whole new extract in place of the data in force: loads beside, checks, swaps at once. Works beside a running node.',
  usage: `DIR [--schema cdm] [--ignore-unknown]   ${personUsage}`,
  options: { schema: { type: 'string' }, 'ignore-unknown': { type: 'boolean' }, ...personFlags },
  async run(context) {
    const directory = needArg(context, 0, 'DIR');
    return withOwnCdm(context, async (database, schema) => {
      const secret = archiveSecret(context, schema);
      if (secret !== undefined) await migrate(database.pool, 'moim', 'moim');
      const person = secret === undefined ? undefined : await namedPerson(context, moimOf(database));
      const progress = openProgress(context);
      const loaded: LoadedTable[] = [];
      try {
        const report = await refreshCdm(database, {
          directory,
          schema,
          ignoreUnknown: context.flags['ignore-unknown'] === true,
          archiveSecret: secret,
          at: new Date().toISOString(),
          person,
          signal: context.signal,
          onProgress: ({ table, bytes, totalBytes }) => progress.show(bytes / Math.max(1, totalBytes), table),
          onWait: (what) => {
            progress.clear();
            context.note(`waiting for ${what}`);
          },
          onTable: (table) => {
            loaded.push(table);
            if (context.json) context.out(JSON.stringify(table));
          },
        });
        progress.clear();
        for (const note of report.notes) context.note(note);
        if (!context.json && loaded.length > 0) context.out(layOut(loaded, ['table', 'rows', 'ms']));
        return report.swapped === undefined
          ? tellFindings(context, report)
          : tellSwapped(context, report.swapped);
      } finally {
        progress.clear();
      }
    });
  },
};

type Told = Parameters<Command['run']>[0];

function tellFindings(context: Told, { findings }: RefreshReport): number {
  context.note('the new data are in error: nothing was swapped, the data in force are as they were');
  if (context.json) context.out(JSON.stringify({ findings }));
  else context.out(layOut(findings, ['severity', 'code', 'table', 'count', 'remedy']));
  return 1;
}

function tellSwapped(context: Told, swapped: NonNullable<RefreshReport['swapped']>): number {
  if (context.json) {
    context.out(JSON.stringify(swapped));
    return 0;
  }
  const { before, after, persons } = swapped;
  const version =
    before === after ? `data version ${after}, as before` : `data version ${after}\nbefore       ${before}`;
  context.out(`${version}\n${inWords(persons)}`);
  return 0;
}

function inWords(persons: PersonKeyCount | undefined): string {
  if (persons === undefined) return 'persons have no keys: this home is no node yet (`moim node init`)';
  const { keyed, kept, before } = persons;
  return `${keyed} of ${persons.persons} persons have a key; ${kept} of ${before} kept theirs`;
}
