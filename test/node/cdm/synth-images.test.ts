/** The images of a synthetic hospital: the same for the same seed, of its own persons, visits and procedures, and found by criteria. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Pool } from 'pg';
import { migrate } from '#host/postgres/migrate.ts';
import { loadCdm } from '#node/cdm/load.ts';
import { refreshCdm } from '#node/cdm/refresh.ts';
import { synthesiseFiles, synthesiseInto } from '#node/cdm/synth.ts';
import { dataVersion } from '#node/cdm/version.ts';
import { countCohort } from '#node/cohort/generate.ts';
import { featureTypes, modalities, phases, planes } from '#sql/cdm/imaging-concepts.ts';
import { read } from '#sql/circe/read.ts';
import { cohort, conceptSet, correlated, group } from '#test/sql/circe/definitions.ts';
import { testDatabase } from '#test/support/database.ts';
import { folderOf } from './folder.ts';

const options = { persons: 250, seed: '11', mix: 'cancer', schema: 'cdm', imaging: true } as const;
const streams = { streams: ['cdm', 'results'] } as const;

const count = async (pool: Pool, sql: string) =>
  Number((await pool.query<{ n: string }>(`select count(*)::text as n from ${sql}`)).rows[0]?.n);

test('makes the same images for the same seed, and leaves the persons as they are without', async (t) => {
  const { pool } = await testDatabase(t, streams);
  await migrate(pool, 'cdm', 'plain');
  const made = await synthesiseInto({ pool }, { ...options, persons: 60 });
  const without = await synthesiseInto(
    { pool },
    { ...options, persons: 60, schema: 'plain', imaging: false },
  );
  assert.notEqual(made.hash, without.hash);
  assert.ok((made.tables['imaging.image_occurrence'] ?? 0) > 20, JSON.stringify(made.tables));
  const first = await dataVersion(pool, 'cdm');
  assert.deepEqual(await synthesiseInto({ pool }, { ...options, persons: 60, replace: true }), made);
  assert.equal(await dataVersion(pool, 'cdm'), first);
  const differing = `(table cdm.condition_occurrence except table plain.condition_occurrence) d`;
  assert.equal(await count(pool, differing), 0);
  const procedures = '(table plain.procedure_occurrence except table cdm.procedure_occurrence) d';
  assert.equal(await count(pool, procedures), 0);
});

const endings: (() => Promise<void>)[] = [];
const filled = await testDatabase({ after: (end) => void endings.push(end) }, streams);
await synthesiseInto(filled, options);
after(async () => {
  for (const end of endings) await end();
});

test('images hang on persons, visits and procedures that are there, on the procedure’s day', async () => {
  const { pool } = filled;
  const series = await count(pool, 'imaging.image_occurrence');
  const placed = await count(
    pool,
    `imaging.image_occurrence i join cdm.procedure_occurrence p using (procedure_occurrence_id, person_id, visit_occurrence_id)
       join cdm.visit_occurrence v using (visit_occurrence_id, person_id)
      where i.image_occurrence_date = p.procedure_date and i.image_occurrence_date between v.visit_start_date and v.visit_end_date`,
  );
  assert.equal(placed, series);
  assert.ok(series > 100, `${series}`);
  assert.equal(
    await count(
      pool,
      'imaging.image_feature f join imaging.image_occurrence i using (image_occurrence_id, person_id) where image_feature_date = image_occurrence_date',
    ),
    await count(pool, 'imaging.image_feature'),
  );
  assert.equal(
    await count(pool, 'imaging.radiology_occurrence'),
    await count(pool, '(select distinct image_study_uid, person_id from imaging.image_occurrence) s'),
  );
});

test('a definition with image criteria finds somebody in each modality, plane, phase and kind of finding', async () => {
  const { pool } = filled;
  const persons = async (criterion: object) => {
    const ids = [...Object.values(modalities)].map(({ id }) => id);
    const result = read(JSON.stringify(cohort([criterion], { ConceptSets: [conceptSet(0, ...ids)] })));
    assert.ok(result.ok);
    return (await countCohort(pool, result.expression, { cdmSchema: 'cdm' })).persons;
  };
  const one = (id: number) => [{ CONCEPT_ID: id, CONCEPT_NAME: 'x' }];
  const series = (more: object) => persons({ ImageOccurrence: { CodesetId: 0, ...more } });
  for (const each of ['axial', 'coronal', 'sagittal'] as const)
    assert.ok((await series({ Plane: one(planes[each].id) })) > 0, each);
  for (const each of ['nonContrast', 'arterial', 'portalVenous'] as const)
    assert.ok((await series({ Phase: one(phases[each].id) })) > 0, each);
  assert.ok((await series({ MagneticFieldStrength: { Op: 'eq', Value: 1.5 } })) > 0);
  assert.ok((await series({ Contrast: true, SliceThickness: { Op: 'lte', Value: 2 } })) > 0);
  for (const { id } of Object.values(featureTypes)) {
    const large = {
      ImageFeature: { FeatureType: one(id), ValueAsNumber: { Op: 'gt', Value: 8 }, Unit: one(8588) },
    };
    assert.ok((await persons(large)) > 0, String(id));
    const CorrelatedCriteria = group('ALL', [correlated(large, { RestrictImage: true })]);
    assert.ok((await series({ CorrelatedCriteria })) > 0, `a series with ${id}`);
  }
});

test('images go with the persons they speak of, and the version of the data knows of them', async (t) => {
  const { pool } = await testDatabase(t, streams);
  await synthesiseInto({ pool }, { ...options, persons: 60 });
  const version = await dataVersion(pool, 'cdm');
  assert.equal(await dataVersion(pool, 'cdm', true), version);
  await pool.query('update imaging.image_occurrence set slice_count = slice_count + 1');
  assert.notEqual(await dataVersion(pool, 'cdm', true), version);
  const directory = folderOf(t, {});
  await synthesiseFiles({ persons: 5, seed: '1', directory });
  await loadCdm({ pool }, { directory, schema: 'cdm', replace: true });
  assert.equal(await count(pool, 'imaging.image_occurrence'), 0);
  assert.equal(await dataVersion(pool, 'cdm', true), await dataVersion(pool, 'cdm'));
  await assert.rejects(synthesiseFiles({ ...options, directory }), { code: 'usage' });
});

test('a refresh, which may number persons anew, takes synthetic images along too', async (t) => {
  const { pool } = await testDatabase(t, { streams: ['cdm', 'moim', 'results'] });
  await synthesiseInto({ pool }, { ...options, persons: 60 });
  const directory = folderOf(t, {});
  await synthesiseFiles({ persons: 70, seed: '2', directory });
  await refreshCdm({ pool }, { directory, schema: 'cdm', at: '2026-01-01T00:00:00.000Z' });
  assert.equal(await count(pool, 'cdm.person'), 70);
  assert.equal(await count(pool, 'imaging.image_occurrence'), 0);
  assert.equal(await dataVersion(pool, 'cdm', true), await dataVersion(pool, 'cdm'));
});
