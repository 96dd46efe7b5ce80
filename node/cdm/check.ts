/**
 * What is amiss in a CDM, in counts only: never a value, never a person. SELECT is enough, so that it runs on an attached
 * CDM too. Real hospitals' data have orphans, unresolved concepts and absent tables: those are warnings; an error is what
 * makes answers wrong or impossible.
 */

import type { ClientBase } from 'pg';
import { MoimError } from '#protocol/errors.ts';
import { cdmTables } from '#sql/cdm/tables.ts';
import { readCatalog } from './catalog.ts';
import { checkPersonSource } from './check-keys.ts';
import { RowCheck } from './check-rows.ts';
import { checkStructure } from './check-structure.ts';
import type { Finding, Severity } from './finding.ts';

export type { Finding } from './finding.ts';

/**
 * Checks the CDM in `schema`; findings come errors first. Throws MoimError `cdm-missing` where the schema holds no table
 * of a CDM. Runs in a read-only transaction of its own on `client`.
 */
export async function checkCdm(client: ClientBase, schema: string): Promise<readonly Finding[]> {
  await client.query('begin isolation level repeatable read read only');
  try {
    const catalog = await readCatalog(client, schema);
    if (!cdmTables.some((table) => catalog.has(table.name))) {
      throw new MoimError('cdm-missing', `the schema ${schema} holds no table of a CDM`);
    }
    const findings = checkStructure(catalog);
    await new RowCheck(client, schema, catalog, findings).contents();
    findings.push(...(await checkPersonSource(client, schema, catalog)));
    const order: readonly Severity[] = ['error', 'warning', 'info'];
    return findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  } finally {
    await client.query('rollback').catch(() => undefined); // the connection may be gone; the first error is the one to tell
  }
}
