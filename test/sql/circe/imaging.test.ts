/** Image criteria stand wherever a criterion stands: as entry, with windows and counts, nested, censoring; and are linked by image. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from '#sql/circe/check.ts';
import { compile } from '#sql/circe/compile.ts';
import { dateWindows } from '#sql/circe/date-bounds.ts';
import { read } from '#sql/circe/read.ts';
import { cohortStatement } from '#sql/circe/statement.ts';
import { anyTime, cohort, correlated, group } from './definitions.ts';
import { found, type ImagingCdm, imagingScene, rules, sameImage, scan, sets } from './imaging-scene.ts';
import { concept, sick, sickness, within } from './scene.ts';

const imaging = imagingScene();

const days = async (cdm: ImagingCdm, definition: object) =>
  (await cdm.rows(definition)).map((row) => row.split(' ').slice(0, 2).join(' '));

imaging('a series is an entry event on its day, and lasts it', async (cdm) => {
  await cdm.person(1);
  await cdm.series(1, '2010-03-01');
  await cdm.series(1, '2010-05-01', { modality_concept_id: 2 });
  await cdm.series(1, '1999-05-01');
  const untilEnd = { ...sets, EndStrategy: { DateOffset: { DateField: 'EndDate', Offset: 0 } } };
  assert.deepEqual(await cdm.rows(cohort([scan()], untilEnd)), ['1 2010-03-01 2010-03-02']);
});

imaging('a finding is an entry event on the day of its image', async (cdm) => {
  await cdm.person(1);
  const image = await cdm.series(1, '2010-03-01');
  await cdm.finding(image, { alg_datetime: '2015-01-01' });
  await cdm.finding(image, { image_feature_concept_id: 5 });
  assert.deepEqual(await days(cdm, cohort([found()], sets)), ['1 2010-03-01']);
});

imaging('the contrast chest CT of at most 2 mm slices within 30 days', async (cdm) => {
  for (const person of [1, 2, 3, 4, 5]) {
    await cdm.person(person);
    await cdm.add('condition_occurrence', sickness(person, '2010-01-01'));
  }
  const thin = { anatomic_site_concept_id: 2, contrast: 'true', slice_thickness: 1.25 };
  await cdm.series(1, '2010-01-31', thin);
  await cdm.series(2, '2010-02-01', thin);
  await cdm.series(3, '2010-01-20', { ...thin, contrast: 'false' });
  await cdm.series(4, '2010-01-20', { ...thin, slice_thickness: 5 });
  await cdm.series(5, '2010-01-20', { ...thin, anatomic_site_concept_id: 3 });
  const chest = scan({
    AnatomicSite: [{ CONCEPT_ID: 2 }],
    Contrast: true,
    SliceThickness: { Op: 'lte', Value: 2 },
  });
  const soon = correlated(chest, { StartWindow: within(0, 30) });
  assert.deepEqual(await days(cdm, cohort([sick], rules(soon))), ['1 2010-01-01']);
});

imaging('series are counted, all or by modality, site and study', async (cdm) => {
  await cdm.person(1);
  await cdm.add('condition_occurrence', sickness(1, '2010-01-01'));
  const study = { image_study_uid: 'one' };
  await cdm.series(1, '2010-02-01', { ...study, anatomic_site_concept_id: 2 });
  await cdm.series(1, '2010-02-01', { ...study, anatomic_site_concept_id: 2 });
  await cdm.series(1, '2010-03-01', { image_study_uid: 'two', anatomic_site_concept_id: 3 });
  await cdm.series(1, '2010-04-01', { image_study_uid: 'three', modality_concept_id: 2 });
  const any = { ImageOccurrence: {} };
  const atLeast = async (Count: number, CountColumn?: string) => {
    const Occurrence = { Type: 2, Count, IsDistinct: CountColumn !== undefined, CountColumn };
    return (await cdm.rows(cohort([sick], rules(correlated(any, { Occurrence }))))).length === 1;
  };
  const counts = { MODALITY: 2, DOMAIN_CONCEPT: 2, ANATOMIC_SITE: 2, STUDY: 3, START_DATE: 3 };
  assert.ok((await atLeast(4)) && !(await atLeast(5)));
  for (const [column, count] of Object.entries(counts)) {
    assert.ok(await atLeast(count, column), column);
    assert.ok(!(await atLeast(count + 1, column)), column);
  }
});

imaging('none, exactly and at most count images as any criterion', async (cdm) => {
  for (const person of [1, 2, 3]) {
    await cdm.person(person);
    await cdm.add('condition_occurrence', sickness(person, '2010-01-01'));
    for (let i = 1; i < person; i++) await cdm.series(person, `2010-02-0${i}`);
  }
  const with_ = (Type: number, Count: number) => {
    const Occurrence = { Type, Count };
    return days(cdm, cohort([sick], rules(correlated(scan(), { Occurrence, StartWindow: within(0, 90) }))));
  };
  assert.deepEqual(await with_(0, 0), ['1 2010-01-01']);
  assert.deepEqual(await with_(0, 1), ['2 2010-01-01']);
  assert.deepEqual(await with_(1, 1), ['1 2010-01-01', '2 2010-01-01']);
});

imaging('a finding in a series is one of that series, not of the same day', async (cdm) => {
  await cdm.person(1);
  const one = await cdm.series(1, '2010-03-01', { phase_concept_id: 5 });
  await cdm.series(1, '2010-03-01', { phase_concept_id: 6 });
  await cdm.finding(one, { value_as_number: 12.5, unit_concept_id: 4 });
  const large = found({ ValueAsNumber: { Op: 'gt', Value: 10 }, Unit: [{ CONCEPT_ID: 4 }] });
  const holding = (phase: number, probe: (criterion: object) => object) =>
    cohort(
      [scan({ Phase: [{ CONCEPT_ID: phase }], CorrelatedCriteria: group('ALL', [probe(large)]) })],
      sets,
    );
  assert.deepEqual(await days(cdm, holding(5, sameImage)), ['1 2010-03-01']);
  assert.deepEqual(await days(cdm, holding(6, sameImage)), []);
  // Without the link the day is all that is asked.
  assert.deepEqual(await days(cdm, holding(6, correlated)), ['1 2010-03-01']);
});

imaging('a finding may ask for its series, and for how many such findings it has', async (cdm) => {
  for (const person of [1, 2]) {
    await cdm.person(person);
    const image = await cdm.series(person, '2010-03-01', { slice_count: person * 100 });
    await cdm.finding(image);
    if (person === 2) await cdm.finding(image);
  }
  const many = scan({ SliceCount: { Op: 'gt', Value: 150 } });
  const inMany = found({ CorrelatedCriteria: group('ALL', [sameImage(many)]) });
  assert.deepEqual(await days(cdm, cohort([inMany], sets)), ['2 2010-03-01']);
  const twice = sameImage(found(), { Occurrence: { Type: 2, Count: 2 } });
  const holding = scan({ CorrelatedCriteria: group('ALL', [], { Groups: [group('ANY', [twice])] }) });
  assert.deepEqual(await days(cdm, cohort([holding], sets)), ['2 2010-03-01']);
  const inRule = rules(correlated(scan({ CorrelatedCriteria: group('ALL', [sameImage(found())]) })));
  assert.deepEqual(await days(cdm, cohort([scan()], inRule)), ['1 2010-03-01', '2 2010-03-01']);
});

imaging(
  'rules may ask for the image of the entry event, of which an entry event of another kind has none',
  async (cdm) => {
    await cdm.person(1);
    await cdm.add('condition_occurrence', sickness(1, '2010-03-01'));
    const one = await cdm.series(1, '2010-03-01');
    await cdm.series(1, '2010-03-02');
    await cdm.finding(one);
    const same = rules(sameImage(found(), { StartWindow: anyTime }));
    assert.deepEqual(await days(cdm, cohort([scan()], same)), ['1 2010-03-01']);
    assert.deepEqual(await days(cdm, cohort([sick, scan()], same)), ['1 2010-03-01']);
    assert.deepEqual(await cdm.masks(cohort([sick, scan()], same)), [
      [0, 0, 2],
      [0, 1, 1],
      [1, 1, 1],
    ]);
    const conceptSets = new Map([
      [0, [1]],
      [1, [2]],
    ]);
    for (const plan of ['join', 'probe'] as const) {
      const joined = compile(expressionOf(cohort([sick, scan()], same)), {
        cdmSchema: 'cdm',
        conceptSets,
        plan,
      });
      assert.equal((await cdm.pool.query(cohortStatement(joined))).rowCount, 1, plan);
    }
    const additional = { ...sets, AdditionalCriteria: group('ALL', [sameImage(scan())]) };
    assert.deepEqual(await days(cdm, cohort([found()], additional)), ['1 2010-03-01']);
  },
);

imaging('an image ends a stay, limits by first, and is restricted to the visit', async (cdm) => {
  await cdm.person(1);
  await cdm.add('condition_occurrence', sickness(1, '2010-01-01', { visit_occurrence_id: 7 }));
  await cdm.series(1, '2009-05-01', { visit_occurrence_id: 6, slice_count: 1 });
  await cdm.series(1, '2010-05-01', { visit_occurrence_id: 7, slice_count: 5 });
  const censored = cohort([sick], { ...sets, EndStrategy: undefined, CensoringCriteria: [scan()] });
  assert.deepEqual(await cdm.rows(censored), ['1 2010-01-01 2010-05-01']);
  const SliceCount = { Op: 'gt', Value: 2 };
  assert.deepEqual(await days(cdm, cohort([scan({ First: true, SliceCount })], sets)), []);
  const visit = (SliceCount: object) => rules(correlated(scan({ SliceCount }), { RestrictVisit: true }));
  assert.deepEqual(await days(cdm, cohort([sick], visit({ Op: 'eq', Value: 5 }))), ['1 2010-01-01']);
  assert.deepEqual(await days(cdm, cohort([sick], visit({ Op: 'eq', Value: 1 }))), []);
});

imaging('an unknown contrast is neither with nor without', async (cdm) => {
  await cdm.person(1);
  await cdm.series(1, '2010-01-01', { contrast: 'true' });
  await cdm.series(1, '2010-02-01', { contrast: 'false' });
  await cdm.series(1, '2010-03-01');
  assert.deepEqual(await days(cdm, cohort([scan({ Contrast: true })], sets)), ['1 2010-01-01']);
  assert.deepEqual(await days(cdm, cohort([scan({ Contrast: false })], sets)), ['1 2010-02-01']);
});

imaging('concepts of the DICOM vocabulary and of ours stand in a concept set', async (cdm) => {
  await cdm.person(1);
  await cdm.add('concept', concept(2_128_009_190), concept(2_127_000_001));
  await cdm.series(1, '2010-01-01', {
    modality_source_concept_id: 2_128_009_190,
    plane_concept_id: 2_127_000_001,
  });
  const ConceptSets = [2_128_009_190, 2_127_000_001].map((id, at) => ({
    id: at,
    name: 's',
    expression: { items: [{ concept: { CONCEPT_ID: id, CONCEPT_NAME: 's' } }] },
  }));
  const criterion = { ModalitySourceConcept: 0, PlaneCS: { CodesetId: 1, IsExclusion: false } };
  assert.deepEqual(await days(cdm, cohort([{ ImageOccurrence: criterion }], { ConceptSets })), [
    '1 2010-01-01',
  ]);
});

const expressionOf = (definition: object) => {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  return result.expression;
};

test('the same image without an image on both sides is refused where it stands', () => {
  const places = [
    cohort([sick], rules(sameImage(found()))),
    cohort([scan()], rules(sameImage(sick))),
    cohort([sick], { ...sets, AdditionalCriteria: group('ALL', [sameImage(scan())]) }),
    cohort([scan({ CorrelatedCriteria: group('ALL', [sameImage(sick)]) })], sets),
  ];
  for (const definition of places) {
    const expression = expressionOf(definition);
    const errors = check(expression).filter(({ severity }) => severity === 'error');
    assert.deepEqual(
      errors.map(({ code, path }) => [code, path.endsWith('.RestrictImage')]),
      [['restrict-image', true]],
    );
    const options = { cdmSchema: 'cdm', conceptSets: 'inline' as const };
    assert.throws(() => compile(expression, options), /RestrictImage/);
  }
});

test('the tables of images are those of a schema of their own', () => {
  const expression = expressionOf(cohort([scan()], rules(correlated(found(), { StartWindow: anyTime }))));
  const options = { cdmSchema: 'cdm', conceptSets: 'inline' as const };
  const query = compile(expression, options);
  assert.match(query.ctes, /from "imaging"\.image_occurrence/);
  assert.match(query.ctes, /from "imaging"\.image_feature/);
  assert.match(compile(expression, { ...options, imagingSchema: 'o"ther' }).ctes, /"o""ther"\.image_feature/);
  assert.doesNotMatch(query.ctes, /"cdm"\.image_/);
});

test('a contrast that is no boolean, and an attribute of another type, are refused with their path', () => {
  for (const [criterion, path] of [
    [scan({ Contrast: 'yes' }), 'ImageOccurrence.Contrast'],
    [found({ SliceThickness: { Op: 'lt', Value: 2 } }), 'ImageFeature.SliceThickness'],
    [scan({ SliceThickness: { Op: 'lt', Value: "1'; drop table person" } }), 'SliceThickness.Value'],
  ] as const) {
    const result = read(JSON.stringify(cohort([criterion], sets)));
    assert.ok(!result.ok);
    assert.ok(
      result.findings.some((finding) => finding.path.endsWith(path)),
      JSON.stringify(result),
    );
  }
});

test('a date asked of an image narrows the window that a policy measures', () => {
  const day = { OccurrenceStartDate: { Op: 'eq', Value: '2020-02-29' } };
  for (const criterion of [scan(day), found(day)]) {
    const windows = dateWindows(expressionOf(cohort([criterion], sets)), '2026-06-30');
    assert.equal(Math.min(...windows.map((window) => window.days)), 1);
  }
});
