/** Synthetic examinations as rows of the tables of images, written as CSV text. */

import { featureTypes, modalities, phases, planes } from '#sql/cdm/imaging-concepts.ts';
import type { Visit } from './course.ts';
import { sites } from './image-concepts.ts';
import { Lines } from './lines.ts';
import type { Random } from './random.ts';
import { orderedFor, type Series, type Study, seenIn, studyOf } from './studies.ts';

/** Columns written, by table of the schema `imaging`; the others stay NULL. No row is written of single images. */
export const imageColumns = {
  image_occurrence:
    'image_occurrence_id person_id procedure_occurrence_id visit_occurrence_id anatomic_site_concept_id image_occurrence_date image_study_uid image_series_uid modality_concept_id modality_source_value modality_source_concept_id anatomic_site_source_value plane_concept_id phase_concept_id slice_thickness slice_count image_rows image_columns manufacturer model_name contrast magnetic_field_strength kvp protocol_name series_description quality_verdict'.split(
      ' ',
    ),
  image_feature:
    'image_feature_id person_id image_occurrence_id image_feature_concept_id image_feature_type_concept_id image_finding_concept_id anatomic_site_concept_id alg_system image_feature_date visit_occurrence_id value_as_number unit_concept_id'.split(
      ' ',
    ),
  radiology_occurrence:
    'radiology_occurrence_id radiology_occurrence_date person_id procedure_occurrence_id visit_occurrence_id radiology_modality_concept_id anatomic_site_concept_id image_total_count image_study_uid'.split(
      ' ',
    ),
} as const;

export type ImageTable = keyof typeof imageColumns;
export const imageTables = Object.keys(imageColumns) as readonly ImageTable[];

/** A procedure row of the CDM that images hang on. */
export interface ImagedProcedure {
  readonly id: string;
  readonly concept: number;
  readonly day: string;
}

/** Ids of a person's images are those from `person * idStep`, as the rows of the CDM have it. */
const idStep = 100_000;

export class ImageRows {
  readonly #lines: Record<ImageTable, Lines> = {
    image_occurrence: new Lines(),
    image_feature: new Lines(),
    radiology_occurrence: new Lines(),
  };
  readonly rows: Record<ImageTable, number> = {
    image_occurrence: 0,
    image_feature: 0,
    radiology_occurrence: 0,
  };
  #person = 0;
  #next = 0;

  /** The CSV text of one table that was written since the last call for it. */
  take(table: ImageTable): Buffer {
    return this.#lines[table].take();
  }

  /** Examinations that the visit's illnesses call for beside its own procedures. */
  ordered(random: Random, visit: Visit): readonly number[] {
    return orderedFor(
      random,
      visit.conditions.map((each) => each.concept),
    );
  }

  /** Writes what the procedures of a visit yield. */
  write(
    random: Random,
    person: number,
    visit: Visit,
    visitId: string,
    procedures: readonly ImagedProcedure[],
  ): void {
    if (person !== this.#person) [this.#person, this.#next] = [person, person * idStep];
    const seen = seenIn(visit.conditions.map((each) => each.concept));
    for (const procedure of procedures) {
      const study = studyOf(random, procedure.concept, seen);
      if (study !== undefined) this.#study(person, visitId, procedure, study);
    }
  }

  #study(person: number, visit: string, procedure: ImagedProcedure, study: Study): void {
    const id = this.#next++;
    const uid = `2.25.${id}`;
    const images = study.series.reduce((sum, { slices }) => sum + slices, 0);
    const [first] = study.series;
    if (first === undefined) return;
    const { day } = procedure;
    this.#row(
      'radiology_occurrence',
      `${id},${day},${person},${procedure.id},${visit},${modalities[first.modality].id},${sites[first.site].id},${images},${uid}`,
    );
    for (const series of study.series) this.#series(person, visit, procedure, study, uid, series);
  }

  #series(
    person: number,
    visit: string,
    { id: procedure, day }: ImagedProcedure,
    { manufacturer, model }: Study,
    uid: string,
    series: Series,
  ): void {
    const id = this.#next++;
    const modality = modalities[series.modality].id;
    const site = sites[series.site].id;
    const plane = series.plane === undefined ? '' : planes[series.plane].id;
    const phase = series.phase === undefined ? '' : phases[series.phase].id;
    this.#row(
      'image_occurrence',
      `${id},${person},${procedure},${visit},${site},${day},${uid},2.25.${id},${modality},${series.modality},${modality},${series.site.toUpperCase()},${plane},${phase},${series.thickness ?? ''},${series.slices},${series.rows},${series.columns},${manufacturer},${model},${series.contrast ?? ''},${series.field ?? ''},${series.kvp ?? ''},${series.protocol},${series.description},${series.verdict}`,
    );
    for (const each of series.findings)
      this.#row(
        'image_feature',
        `${this.#next++},${person},${id},${each.feature},${featureTypes[each.by].id},${each.finding},${site},${each.system ?? ''},${day},${visit},${each.value},${each.unit ?? ''}`,
      );
  }

  #row(table: ImageTable, line: string): void {
    this.#lines[table].add(line);
    this.rows[table]++;
  }
}
