/** What a hand-made row of a table of images must have; the other columns stay NULL. */

import { type CdmTable, cdmTable } from '#sql/cdm/table.ts';

const tables = [
  cdmTable(
    'clinical',
    'image_occurrence',
    ['image_occurrence_id'],
    `
    image_occurrence_id bigint required
    person_id bigint required
    image_occurrence_date date required
    image_study_uid text required
    image_series_uid text required
    modality_concept_id integer required
    `,
  ),
  cdmTable(
    'clinical',
    'image_feature',
    ['image_feature_id'],
    `
    image_feature_id bigint required
    person_id bigint required
    image_occurrence_id bigint required
    image_feature_concept_id integer required
    image_feature_type_concept_id integer required
    image_feature_date date required
    `,
  ),
];

export function findImagingTable(name: string): CdmTable | undefined {
  return tables.find((table) => table.name === name);
}
