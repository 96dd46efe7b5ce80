/** Why a definition with image criteria cannot be answered on a database without tables of images. */

import { MoimError } from '#protocol/errors.ts';
import { imagingTables, schemaOf } from '#sql/circe/imaging-schema.ts';

/** Throws MoimError `table-missing` where tables of images are among those missing. */
export function refuseMissingImages(missing: readonly string[]): void {
  const names = missing.filter((table) => imagingTables.has(table));
  if (names.length === 0) return;
  const qualified = names.map((table) => `${schemaOf(table, { cdmSchema: '' })}.${table}`);
  throw new MoimError(
    'table-missing',
    `image criteria need ${qualified.join(', ')}, which the database of this CDM does not have or the role may not read`,
    {
      remedy:
        'Beside an attached CDM, let its administrator make the schema imaging and grant its use: docs/imaging-criteria.md says how. Or leave image criteria out.',
    },
  );
}
