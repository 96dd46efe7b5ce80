/** Runs of many cohorts look for images where they are, also where the CDM's own schema has tables of those names. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RunOptions, runCohorts } from '#node/cohort/run.ts';
import type { GeneratedLine } from '#node/cohort/work.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { cohort, group } from '../../sql/circe/definitions.ts';
import { found, rules, sameImage, scan, sets, withImages } from '../../sql/circe/imaging-scene.ts';
import { concept, sick, sickness } from '../../sql/circe/scene.ts';
import { tinyCdm } from '../../sql/circe/tiny-cdm.ts';

test('one by one and as a batch, with concepts pruned, and refused by line where the tables are gone', async (t) => {
  const cdm = withImages(await tinyCdm(t));
  await cdm.add('concept', ...[1, 2, 3].map((id) => concept(id)));
  await cdm.pool.query(`
    create table cdm.image_occurrence (like imaging.image_occurrence including all);
    create table cdm.image_feature (like imaging.image_feature including all);
    insert into cdm.image_occurrence (image_occurrence_id, person_id, image_occurrence_date, image_study_uid, image_series_uid, modality_concept_id)
      select i, 1, '2010-01-01', '', '', 77 from generate_series(1, 500) i; analyze cdm.image_occurrence`);
  await cdm.person(1);
  await cdm.person(2);
  await cdm.add('condition_occurrence', sickness(1, '2010-01-01'), sickness(2, '2010-01-01'));
  const image = await cdm.series(1, '2010-02-01');
  await cdm.finding(image);
  await cdm.pool.query('analyze imaging.image_occurrence; analyze imaging.image_feature');
  const holding = scan({ CorrelatedCriteria: group('ALL', [sameImage(found())]) });
  const within = { Start: { Days: 0, Coeff: -1 }, End: { Days: 60, Coeff: 1 } };
  const soon = { Criteria: holding, StartWindow: within, Occurrence: { Type: 2, Count: 1 } };
  const definitions = { entry: cohort([holding], sets), rule: cohort([sick], rules(soon)) };
  const home = temporaryHome(t);
  const files = Object.entries(definitions).map(([name, definition]) => {
    const file = join(home, `${name}.json`);
    writeFileSync(file, JSON.stringify(definition));
    return { name, file };
  });
  const run = async (more: Partial<RunOptions>) => {
    const lines: GeneratedLine[] = [];
    const now = () => new Date('2030-01-01T00:00:00Z');
    await runCohorts(cdm.pool, files, {
      cdmSchema: 'cdm',
      now,
      onLine: (line) => lines.push(line),
      ...more,
    });
    return lines.map(({ name, status, persons }) => `${name} ${status} ${persons}`).sort();
  };
  const expected = ['entry ok 1', 'rule ok 1'];
  assert.deepEqual(await run({ steady: true }), expected);
  assert.deepEqual(await run({ steady: true, batch: true, resultsSchema: 'results' }), expected);
  assert.deepEqual(await run({ connections: 2 }), expected);
  await cdm.pool.query('drop schema imaging cascade');
  assert.deepEqual(await run({ steady: true }), ['entry refused undefined', 'rule refused undefined']);
});
