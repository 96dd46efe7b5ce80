/** A signed study whose definition has image criteria is answered by a node, unless its hospital's policy denies them by name. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { definition } from './cohort.ts';
import { openNetwork, type Site, succeed } from './network.ts';
import { reach, resultOf, sendStudy } from './study.ts';

const network = await openNetwork({ after }, { sites: { alpha: { persons: 90, salt: 1 } }, minimumCell: 1 });
const { lead } = network;
const [alpha] = network.sites as [Site];
await alpha.pool.query(`
  insert into imaging.image_occurrence (image_occurrence_id, person_id, image_occurrence_date, image_study_uid, image_series_uid,
    modality_concept_id, contrast, slice_thickness, series_description)
  select i, i, '2012-06-01', '2.25.' || i, '2.25.1.' || i, 2128009190, i % 2 = 0, case when i % 3 = 0 then 5 else 1.25 end, 'CHEST' from generate_series(1, 60) i;
  insert into imaging.image_feature (image_feature_id, person_id, image_occurrence_id, image_feature_concept_id, image_feature_type_concept_id,
    image_feature_date, value_as_number)
  select i, i, i, 2127000111, 2127000021, '2012-06-01', i from generate_series(1, 60) i`);
await alpha.start();

const thin = { Contrast: true, SliceThickness: { Op: 'lte', Value: 2 } };
const large = {
  Criteria: { ImageFeature: { ValueAsNumber: { Op: 'gt', Value: 20 } } },
  StartWindow: { Start: { Days: 0, Coeff: -1 }, End: { Days: 0, Coeff: 1 } },
  RestrictImage: true,
  Occurrence: { Type: 2, Count: 1 },
};
const scans = (more: object) => ({
  ...definition,
  ConceptSets: [],
  PrimaryCriteria: {
    CriteriaList: [{ ImageOccurrence: { ...thin, ...more } }],
    ObservationWindow: { PriorDays: 0, PostDays: 0 },
    PrimaryCriteriaLimit: { Type: 'First' },
  },
  InclusionRules: [],
});

test('a study of images is answered with those who have them', async () => {
  const CorrelatedCriteria = {
    Type: 'ALL',
    CriteriaList: [large],
    DemographicCriteriaList: [],
    Groups: [],
  };
  const study = await sendStudy(network, { definition: scans({ CorrelatedCriteria }) });
  await reach(lead, study, { alpha: 'answered' });
  const { pooled } = await resultOf(lead, study);
  // Even, no multiple of three, from 22 to 60.
  assert.deepEqual(pooled?.cohorts[0]?.persons, { state: 'value', value: 13, sites: 1 });
});

test('a policy that denies an attribute of images refuses the study that uses it, and no other', async () => {
  const file = join(alpha.home, 'strict.toml');
  writeFileSync(
    file,
    'minimumCell = 1\nshowZero = true\nanalyses = ["count"]\n[criteria]\ndeny = ["*.SeriesDescription", "ImageFeature"]\n',
  );
  await succeed(alpha, 'node', 'policy', 'apply', file);
  const SeriesDescription = { Op: 'contains', Text: 'CHEST' };
  const denied = await sendStudy(network, { definition: scans({ SeriesDescription }) });
  await reach(lead, denied, { alpha: 'refused not-permitted' });
});

test('without tables of images the study fails and says that a table is missing', async () => {
  await alpha.pool.query('drop schema imaging cascade');
  const study = await sendStudy(network, { definition: scans({ KVP: { Op: 'gt', Value: 1 } }) });
  await reach(lead, study, { alpha: 'failed table-missing' });
});
