/** Hand-made series and findings beside the hand-made CDM. */

import { after, test } from 'node:test';
import { conceptSet, correlated, group } from './definitions.ts';
import { concept } from './scene.ts';
import { type Row, type TinyCdm, tinyCdm } from './tiny-cdm.ts';

export interface ImagingCdm extends TinyCdm {
  /** Inserts a series of modality 1 unless said otherwise; gives its image_occurrence_id. */
  series(person: number, date: string, extra?: Row): Promise<number>;
  /** Inserts a finding of concept 2 in a series. */
  finding(image: number, extra?: Row): Promise<void>;
}

/** Makes the tests of a file, one after the other in one database, each with the concepts 1 to 9 and no other row. */
export function imagingScene(): (name: string, work: (cdm: ImagingCdm) => Promise<void>) => void {
  const endings: (() => Promise<void>)[] = [];
  let cdm: TinyCdm | undefined;
  after(async () => {
    for (const end of endings) await end();
  });
  return (name, work) =>
    void test(name, async () => {
      cdm ??= await tinyCdm({ after: (end) => void endings.push(end) });
      await cdm.pool.query(
        'truncate cdm.concept, cdm.person, cdm.observation_period, cdm.condition_occurrence, imaging.image_occurrence, imaging.image_feature',
      );
      await cdm.add('concept', ...Array.from({ length: 9 }, (_, at) => concept(at + 1)));
      await work(withImages(cdm));
    });
}

export function withImages(cdm: TinyCdm): ImagingCdm {
  let next = 1;
  return {
    ...cdm,
    async series(person, date, extra = {}) {
      const id = next++;
      const uids = { image_study_uid: `study ${person} ${date}`, image_series_uid: `series ${id}` };
      const own = { image_occurrence_id: id, person_id: person, image_occurrence_date: date };
      await cdm.add('image_occurrence', { ...own, ...uids, modality_concept_id: 1, ...extra });
      return id;
    },
    async finding(image, extra = {}) {
      const { rows } = await cdm.pool.query<{ person_id: string; date: string; visit: string | null }>(
        'select person_id::text, image_occurrence_date::text as date, visit_occurrence_id::text as visit from imaging.image_occurrence where image_occurrence_id = $1',
        [image],
      );
      const [of] = rows;
      await cdm.add('image_feature', {
        image_feature_id: next++,
        image_occurrence_id: image,
        person_id: of?.person_id ?? 0,
        image_feature_date: of?.date ?? '2000-01-01',
        visit_occurrence_id: of?.visit ?? null,
        image_feature_concept_id: 2,
        image_feature_type_concept_id: 3,
        ...extra,
      });
    },
  };
}

/** Set 0 is modality 1, set 1 the feature 2, set 2 the concept 3. */
export const sets = { ConceptSets: [conceptSet(0, 1), conceptSet(1, 2), conceptSet(2, 3)] };
export const scan = (more: object = {}) => ({ ImageOccurrence: { CodesetId: 0, ...more } });
export const found = (more: object = {}) => ({ ImageFeature: { CodesetId: 1, ...more } });
export const sameImage = (criterion: object, more: object = {}) =>
  correlated(criterion, { RestrictImage: true, ...more });
export const rules = (...list: readonly object[]) => ({
  ...sets,
  InclusionRules: [{ name: 'rule', expression: group('ALL', list) }],
});
