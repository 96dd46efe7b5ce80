/**
 * A data refresh: the hospital's newest extract is loaded beside the data in force, checked there, and put in their place at once. Until that
 * moment, and on any fault, everything is as before.
 *
 * An extract is whole: a table of persons or of care that holds rows and has no file would keep rows of persons who may have been renumbered
 * since, so it is refused. Vocabulary tables name nobody and are kept where the folder has no file of them.
 */

import type { ClientBase, Pool } from 'pg';
import { MoimError } from '#protocol/errors.ts';
import { cdmTables } from '#sql/cdm/tables.ts';
import { dropBeside, layBeside, refuseBound } from './beside.ts';
import { readCatalog } from './catalog.ts';
import { checkCdm } from './check.ts';
import { type CdmFolder, readCdmFolder } from './files.ts';
import { qualify } from './fill.ts';
import type { Finding } from './finding.ts';
import { asOnlyFiller, asOnlyKeyMaker, settleSession } from './hold.ts';
import { type LoadedTable, type LoadOptions, loadFiles } from './load.ts';
import { withSession } from './session.ts';
import { type SwapOptions, type Swapped, swap } from './swap.ts';

export type RefreshOptions = Omit<LoadOptions, 'replace'> &
  Pick<SwapOptions, 'archiveSecret' | 'at' | 'person' | 'onWait'>;

export interface RefreshReport {
  readonly tables: readonly LoadedTable[];
  /** Files and columns passed over. */
  readonly notes: readonly string[];
  /** What `cdm check` says of the new data. */
  readonly findings: readonly Finding[];
  /** Undefined where a finding is an error: nothing was swapped. */
  readonly swapped?: Swapped;
}

/**
 * Refreshes the CDM of `schema`, which must be there. Throws as `loadCdm` does, and MoimError `cdm-busy` where another command fills
 * it, `cdm-bound` where the hospital's own views stand on a table.
 */
export async function refreshCdm(
  database: { readonly pool: Pool },
  options: RefreshOptions,
): Promise<RefreshReport> {
  const { schema, signal } = options;
  const folder = await readCdmFolder(options.directory, options.ignoreUnknown ?? false);
  const fresh = folder.files.map(({ table }) => table);
  return withSession(database.pool, signal, async (client) => {
    await settleSession(client);
    return asOnlyFiller(client, schema, async () => {
      await dropBeside(client, schema);
      const kept = await keptTables(client, schema, folder);
      await refuseBound(client, schema, fresh);
      try {
        const beside = await layBeside(client, schema, fresh, kept);
        const tables = await loadFiles(client, beside, folder.files, { ...options, beside: true });
        options.onWait?.('the check of the new data');
        const findings = await checkCdm(client, beside);
        const report = { tables, notes: folder.notes, findings };
        if (findings.some(({ severity }) => severity === 'error')) return report;
        const swapped = await withSession(database.pool, signal, (source) => {
          const work = () => swap(client, source, { ...options, beside, fresh });
          return options.archiveSecret === undefined ? work() : asOnlyKeyMaker(client, work);
        });
        return { ...report, swapped };
      } finally {
        // By another session, since this one may be lost. Where that fails too, the next refresh does it.
        await dropBeside(database.pool, schema).catch(() => {});
      }
    });
  });
}

/** The tables in force that stay. Throws MoimError `cdm-bad-file` naming those that hold rows of persons and have no file. */
async function keptTables(client: ClientBase, schema: string, folder: CdmFolder): Promise<string[]> {
  const catalog = await readCatalog(client, schema);
  const given = new Set(folder.files.map(({ table }) => table.name));
  const absent = [...given].filter((name) => !catalog.has(name));
  if (absent.length > 0)
    throw new MoimError('cdm-missing', `the schema ${schema} has no table ${absent.join(', ')}`);
  const others = cdmTables.filter(({ name }) => catalog.has(name) && !given.has(name));
  const faults: string[] = [];
  for (const { name, group } of others) {
    if (group === 'vocabulary' || group === 'cohort') continue;
    const { rows } = await client.query(`select 1 from ${qualify(schema, name)} limit 1`);
    if (rows.length > 0) faults.push(`${name}: holds rows, and the folder has no ${name}.csv`);
  }
  if (faults.length > 0) {
    throw new MoimError('cdm-bad-file', faults.join('\n'), {
      remedy:
        'A refresh takes a whole extract: add the files named (a header alone empties the table). Only vocabulary tables are kept without a file.',
    });
  }
  return others.map(({ name }) => name);
}
