/** A table that the definition needs and this CDM lacks, as a finding. */

import type { MoimError } from '#protocol/errors.ts';
import type { Found } from '#sql/circe/told.ts';
import { hereMessages, hereRemedies } from './messages.ts';

/** Takes the `table-missing` that preparing the cohort threw. */
export function missingTables({ code, message, remedy }: MoimError): Found {
  const tables = message.match(/[^\s,]+\.[a-z_]+(?=[,\s]|$)/gu) ?? [];
  const ofImages = tables.some((table) => table.startsWith('imaging.'));
  return {
    code,
    severity: 'error',
    path: '$',
    message: hereMessages.tablesMissing(message, tables),
    remedy: ofImages ? hereRemedies.imagingSchema(remedy) : hereRemedies.loadTable(remedy),
  };
}
