import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSession } from '#node/cohort/session.ts';
import { vocabularyHere } from '#node/cohort/unresolved.ts';
import { readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';
import { testDatabase } from '#test/support/database.ts';
import { cohort, conceptSet, item } from '../../sql/circe/definitions.ts';

const set = (id: number, ...items: readonly object[]) => ({ id, name: `set ${id}`, expression: { items } });

test('counts each concept of a study once, wherever it is named, pinned or excluded', async (t) => {
  const { pool } = await testDatabase(t, { streams: ['cdm'] });
  await pool.query(
    `insert into cdm.concept (concept_id, concept_name, domain_id, vocabulary_id, concept_class_id, concept_code, valid_start_date, valid_end_date)
     values (1, 'one', 'Condition', 'SNOMED', 'x', '1', '2000-01-01', '2099-12-31')`,
  );
  const a = cohort([{ ConditionOccurrence: { CodesetId: 0 } }], {
    ConceptSets: [conceptSet(0, 1, 2), set(1, item(3, { excluded: true }), item(2))],
  });
  const b = cohort([{ ConditionOccurrence: { CodesetId: 0 } }], { ConceptSets: [conceptSet(0, 4)] });
  const asked = async (pinned: Parameters<typeof readStudyCohorts>[1] = []) => {
    const both = { op: 'union' as const, of: ['a', 'b'], by: 'days' as const };
    const read = readStudyCohorts(
      [
        { name: 'a', definition: a },
        { name: 'b', definition: b },
        { name: 'both', expression: both },
      ],
      pinned,
    );
    assert.ok(read.ok, JSON.stringify(read));
    const expressions = read.cohorts.map(({ expression }) => expression);
    return withSession(pool, { readOnly: true }, (client) => vocabularyHere(client, expressions, 'cdm'));
  };
  assert.deepEqual(await asked(), { version: undefined, unresolved: 3 });
  // Of a pinned set what it pins counts, not what its items name.
  assert.equal(
    (await asked([{ name: 'b', conceptSets: [{ id: 0, conceptIds: [1, 5, 6, 7, 5] }] }])).unresolved,
    5,
  );
  await pool.query(`insert into cdm.vocabulary values ('None', 'OMOP', 'x', 'v5.0 30-AUG-23', 0)`);
  assert.equal((await asked()).version, 'v5.0 30-AUG-23');
  const large = readStudyCohorts([
    { name: 'a', definition: cohort([{ Death: {} }], { ConceptSets: [conceptSet(0, 3_000_000_000)] }) },
  ]);
  assert.ok(large.ok);
  const expressions = large.cohorts.map(({ expression }) => expression);
  const here = () =>
    withSession(pool, { readOnly: true }, (client) => vocabularyHere(client, expressions, 'cdm'));
  assert.equal((await here()).unresolved, 1, 'no concept of any vocabulary');
  await pool.query('drop table cdm.concept');
  assert.equal((await asked()).unresolved, 4, 'without CONCEPT nothing is found');
});
