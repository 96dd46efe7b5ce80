import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prefetchConceptSets } from '#node/cohort/concept-sets.ts';
import { cdmTablesOf } from '#node/cohort/generate.ts';
import { findKept } from '#node/cohort/kept-sets.ts';
import { type TinyCdm, tinyCdm } from '../../sql/circe/tiny-cdm.ts';
import { expressionOf, plain } from './three-persons.ts';

/** Notes a filling of the vocabulary, as loading does. */
async function note(
  cdm: TinyCdm,
  fingerprint: number,
  tables = ['concept', 'concept_ancestor', 'concept_relationship'],
): Promise<void> {
  for (const table of tables)
    await cdm.pool.query(
      `insert into cdm.moim_cdm_version (table_name, rows, fingerprint) values ($1, 1, $2)
       on conflict (table_name) do update set fingerprint = $2`,
      [table, fingerprint],
    );
}

async function resolve(cdm: TinyCdm, engine = 'this'): Promise<readonly number[]> {
  const cache = new Map<string, readonly number[]>();
  const tables = await cdmTablesOf(cdm.pool, 'cdm');
  const kept = await findKept(cdm.pool, { cdmSchema: 'cdm', resultsSchema: 'results', tables, engine });
  const { ConceptSets } = expressionOf(plain);
  await prefetchConceptSets(cdm.pool, [ConceptSets], { cdmSchema: 'cdm', absent: new Set(), cache, kept });
  return [...cache.values()].flat();
}

test('a concept set is resolved once for each version of the vocabulary', async (t) => {
  const cdm = await tinyCdm(t);
  await cdm.add('concept', { concept_id: 1, concept_name: 'one' });
  const stored = async () =>
    (await cdm.pool.query('select concept_ids, vocabulary_version as v from results.concept_set_cache')).rows;
  assert.deepEqual(await resolve(cdm), [1]);
  assert.deepEqual(await stored(), [], 'without a noted version nothing is kept');
  await note(cdm, 1);
  assert.deepEqual(await resolve(cdm), [1]);
  const [first] = await stored();
  assert.deepEqual(first?.concept_ids, [1]);
  await cdm.pool.query('update results.concept_set_cache set concept_ids = array[7]');
  assert.deepEqual(await resolve(cdm), [7], 'what is kept is believed');
  assert.deepEqual(await resolve(cdm, 'mended'), [1], 'by the same engine');
  await note(cdm, 2);
  assert.deepEqual(await resolve(cdm), [1], 'of another vocabulary it is not');
  const [second, ...more] = await stored();
  assert.deepEqual(more, [], 'and what was kept for the earlier one is gone');
  assert.notEqual(second?.v, first?.v);
});

test('a vocabulary table that was never filled is empty; one that other hands filled keeps nothing', async (t) => {
  const cdm = await tinyCdm(t);
  await cdm.add('concept', { concept_id: 1, concept_name: 'one' });
  await note(cdm, 1, ['concept', 'concept_ancestor']);
  const versions = async () =>
    (await cdm.pool.query('select vocabulary_version as v from results.concept_set_cache')).rows.map(
      ({ v }) => v,
    );
  assert.deepEqual(await resolve(cdm), [1]);
  const before = await versions();
  assert.equal(before.length, 1);
  await cdm.pool.query('update results.concept_set_cache set concept_ids = array[7]');
  assert.deepEqual(await resolve(cdm), [7]);
  await cdm.pool.query(
    `insert into cdm.moim_cdm_version (table_name, rows, fingerprint) values ('concept_relationship', 0, 0)`,
  );
  assert.deepEqual(await resolve(cdm), [7], 'a file with a header alone is as empty');
  await cdm.pool.query(`delete from cdm.moim_cdm_version where table_name = 'concept_relationship'`);
  await cdm.add('concept_relationship', { concept_id_1: 1, concept_id_2: 1, relationship_id: 'Maps to' });
  assert.deepEqual(await resolve(cdm), [1], 'rows that nobody noted');
  assert.deepEqual(await versions(), before);
  await note(cdm, 3, ['concept_relationship']);
  assert.deepEqual(await resolve(cdm), [1], 'rows that were noted');
  assert.notDeepEqual(await versions(), before);
});
