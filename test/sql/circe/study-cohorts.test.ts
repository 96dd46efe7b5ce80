import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countCohort, prepareCohort } from '#node/cohort/generate.ts';
import { withSession } from '#node/cohort/session.ts';
import { usedAttributes } from '#sql/circe/attributes.ts';
import { compile } from '#sql/circe/compile.ts';
import { compileWhole } from '#sql/circe/compile-whole.ts';
import type { Combination } from '#sql/circe/expression.ts';
import { type CohortSource, readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';
import { refusals } from '#sql/circe/refusal.ts';
import { cohortStatement } from '#sql/circe/statement.ts';
import { cohort, conceptSet, correlated, group } from './definitions.ts';
import { assertSameInKorean } from './in-korean.ts';
import { semantics, sickness, within } from './scene.ts';
import type { TinyCdm } from './tiny-cdm.ts';

/** Every event of the concept, each stay so many days long. */
const stays = (concept: number, days: number, more: object = {}) =>
  cohort([{ ConditionOccurrence: { CodesetId: 0 } }], {
    ConceptSets: [conceptSet(0, concept)],
    EndStrategy: { DateOffset: { DateField: 'StartDate', Offset: days } },
    ...more,
  });
const a = { name: 'a', definition: stays(1, 10) };
const b = { name: 'b', definition: stays(2, 10) };
const c = { name: 'c', definition: stays(3, 10) };
const combined = (op: Combination['op'], by: Combination['by'], ...of: Combination['of']) => ({
  name: 'combined',
  expression: { op, of, by },
});

function expressionsOf(sources: readonly CohortSource[]) {
  const result = readStudyCohorts(sources);
  assert.ok(result.ok, JSON.stringify(result));
  return result.cohorts;
}

/** Rows `person start end` of the last cohort, compiled in two ways that must agree. */
async function rowsOf(cdm: TinyCdm, ...sources: readonly CohortSource[]): Promise<readonly string[]> {
  const last = expressionsOf(sources).at(-1);
  assert.ok(last);
  const [prepared, inline] = await withSession(cdm.pool, { readOnly: true }, async (client) => {
    const options = { cdmSchema: 'cdm' };
    const answers: string[][] = [];
    for (const query of [
      await prepareCohort(client, last.expression, options),
      compileWhole(last.expression, options),
    ]) {
      const { rows } = await client.query<{ line: string }>(
        `select concat_ws(' ', subject_id, cohort_start_date, cohort_end_date) as line from (${cohortStatement(query)}) c`,
      );
      answers.push(rows.map(({ line }) => line));
    }
    return answers;
  });
  assert.deepEqual(inline, prepared);
  return prepared ?? [];
}

/** Person 1 has a and b overlapping, 2 has a then b the day after, 3 has a alone, 4 b alone. */
async function fourPersons(cdm: TinyCdm): Promise<void> {
  for (const person of [1, 2, 3, 4]) await cdm.person(person);
  const of = (concept: number, person: number, start: string) =>
    sickness(person, start, { condition_concept_id: concept });
  await cdm.add(
    'condition_occurrence',
    of(1, 1, '2010-01-01'),
    of(2, 1, '2010-01-06'),
    of(1, 2, '2010-01-01'),
    of(2, 2, '2010-01-12'),
    of(1, 3, '2010-01-01'),
    of(1, 3, '2011-01-01'),
    of(2, 4, '2010-01-01'),
  );
}

semantics('by days, a row is a run of days without a gap', async (cdm) => {
  await fourPersons(cdm);
  assert.deepEqual(await rowsOf(cdm, a, b, combined('union', 'days', 'a', 'b')), [
    '1 2010-01-01 2010-01-16',
    '2 2010-01-01 2010-01-22',
    '3 2010-01-01 2010-01-11',
    '3 2011-01-01 2011-01-11',
    '4 2010-01-01 2010-01-11',
  ]);
  assert.deepEqual(await rowsOf(cdm, a, b, combined('intersect', 'days', 'a', 'b')), [
    '1 2010-01-06 2010-01-11',
  ]);
  assert.deepEqual(await rowsOf(cdm, a, b, combined('minus', 'days', 'a', 'b')), [
    '1 2010-01-01 2010-01-05',
    '2 2010-01-01 2010-01-11',
    '3 2010-01-01 2010-01-11',
    '3 2011-01-01 2011-01-11',
  ]);
});

semantics('by persons, the rows are those of the first cohort that has the person', async (cdm) => {
  await fourPersons(cdm);
  assert.deepEqual(await rowsOf(cdm, a, b, combined('union', 'persons', 'b', 'a')), [
    '1 2010-01-06 2010-01-16',
    '2 2010-01-12 2010-01-22',
    '3 2010-01-01 2010-01-11',
    '3 2011-01-01 2011-01-11',
    '4 2010-01-01 2010-01-11',
  ]);
  assert.deepEqual(await rowsOf(cdm, a, b, combined('intersect', 'persons', 'a', 'b')), [
    '1 2010-01-01 2010-01-11',
    '2 2010-01-01 2010-01-11',
  ]);
  assert.deepEqual(await rowsOf(cdm, a, b, combined('minus', 'persons', 'a', 'b')), [
    '3 2010-01-01 2010-01-11',
    '3 2011-01-01 2011-01-11',
  ]);
});

semantics('combinations nest, and stand on combinations', async (cdm) => {
  await fourPersons(cdm);
  await cdm.add('condition_occurrence', sickness(3, '2011-01-05', { condition_concept_id: 3 }));
  const nested = combined('minus', 'days', { op: 'union', of: ['a', 'b'], by: 'days' }, 'c', 'b');
  assert.deepEqual(await rowsOf(cdm, a, b, c, nested), [
    '1 2010-01-01 2010-01-05',
    '2 2010-01-01 2010-01-11',
    '3 2010-01-01 2010-01-11',
    '3 2011-01-01 2011-01-04',
  ]);
  const either = { ...combined('union', 'persons', 'a', 'b'), name: 'either' };
  assert.deepEqual(await rowsOf(cdm, a, b, either, combined('minus', 'persons', 'either', 'a')), [
    '4 2010-01-01 2010-01-11',
  ]);
});

const member = (attributes: object = {}) => ({ CohortMembership: { Cohort: 'a', ...attributes } });
const asked = (criterion: object, more: object = {}) => ({
  name: 'asked',
  definition: stays(2, 0, {
    InclusionRules: [{ name: 'in a', expression: group('ALL', [correlated(criterion, more)]) }],
  }),
});

semantics('a criterion asks for membership, with windows and counts', async (cdm) => {
  await fourPersons(cdm);
  assert.deepEqual(await rowsOf(cdm, a, asked(member())), [
    '1 2010-01-06 2010-01-06',
    '2 2010-01-12 2010-01-12',
  ]);
  assert.deepEqual(await rowsOf(cdm, a, asked(member(), { StartWindow: within(-10, 0) })), [
    '1 2010-01-06 2010-01-06',
  ]);
  const none = { Occurrence: { Type: 0, Count: 0 } };
  assert.deepEqual(await rowsOf(cdm, a, asked(member(), none)), ['4 2010-01-01 2010-01-01']);
  const twice = { Occurrence: { Type: 2, Count: 2, IsDistinct: true } };
  assert.deepEqual(await rowsOf(cdm, a, asked(member(), twice)), []);
  await cdm.add('condition_occurrence', sickness(3, '2012-01-01', { condition_concept_id: 2 }));
  assert.deepEqual(await rowsOf(cdm, a, asked(member(), twice)), ['3 2012-01-01 2012-01-01']);
});

semantics(
  'membership is an entry event, censors, and stands in AdditionalCriteria and in nested criteria',
  async (cdm) => {
    await fourPersons(cdm);
    const enters = { name: 'enters', definition: cohort([member()]) };
    assert.equal((await rowsOf(cdm, a, enters)).length, 4);
    const censored = {
      name: 'censored',
      definition: stays(1, 400, { CensoringCriteria: [{ CohortMembership: { Cohort: 'b' } }] }),
    };
    assert.deepEqual(await rowsOf(cdm, b, censored), [
      '1 2010-01-01 2010-01-06',
      '2 2010-01-01 2010-01-12',
      '3 2010-01-01 2012-02-05',
    ]);
    for (const QualifiedLimit of [{ Type: 'All' }, { Type: 'First' }]) {
      const additional = {
        name: 'additional',
        definition: stays(2, 0, {
          QualifiedLimit,
          AdditionalCriteria: group('ALL', [correlated(member())]),
          InclusionRules: [
            { name: 'again', expression: group('ANY', [correlated(member({ First: true }))]) },
          ],
        }),
      };
      assert.deepEqual(await rowsOf(cdm, a, additional), [
        '1 2010-01-06 2010-01-06',
        '2 2010-01-12 2010-01-12',
      ]);
    }
    const nestedEntry = {
      name: 'nested',
      definition: cohort(
        [{ ConditionOccurrence: { CodesetId: 0, CorrelatedCriteria: group('ALL', [correlated(member())]) } }],
        { ConceptSets: [conceptSet(0, 2)] },
      ),
    };
    assert.equal((await rowsOf(cdm, a, nestedEntry)).length, 2);
    const nestedProbe = asked({
      ConditionOccurrence: { CodesetId: 0, CorrelatedCriteria: group('ALL', [correlated(member())]) },
    });
    assert.equal((await rowsOf(cdm, a, nestedProbe)).length, 2);
  },
);

semantics('every attribute of a membership is asked of the rows of that cohort', async (cdm) => {
  await fourPersons(cdm);
  await cdm.pool.query('update cdm.person set gender_concept_id = 8507 where person_id = 3');
  const starts = async (attributes: object) =>
    rowsOf(cdm, a, { name: 'it', definition: cohort([member(attributes)]) });
  const late = { Op: 'gte', Value: '2010-06-01' };
  assert.deepEqual(await starts({ OccurrenceStartDate: late }), ['3 2011-01-01 2011-01-01']);
  assert.deepEqual(await starts({ OccurrenceEndDate: late }), ['3 2011-01-01 2011-01-01']);
  assert.deepEqual(await starts({ Age: { Op: 'eq', Value: 31 } }), ['3 2011-01-01 2011-01-01']);
  assert.deepEqual(await starts({ AgeAtEnd: { Op: 'eq', Value: 31 } }), ['3 2011-01-01 2011-01-01']);
  assert.equal((await starts({ MembershipLength: { Op: 'eq', Value: 10 } })).length, 4);
  assert.equal((await starts({ MembershipLength: { Op: 'gt', Value: 10 } })).length, 0);
  assert.equal((await starts({ First: true })).length, 3);
  assert.equal((await starts({ Gender: [{ CONCEPT_ID: 8507 }] })).length, 2);
  assert.equal((await starts({ First: true, Gender: [{ CONCEPT_ID: 8507 }] })).length, 1);
  const shifted = { StartWith: 'END_DATE', StartOffset: 0, EndWith: 'END_DATE', EndOffset: 1 };
  assert.equal((await starts({ DateAdjustment: shifted }))[0], '1 2010-01-11 2010-01-11');
});

semantics('a cohort that two others need is computed once, and a study counts them all', async (cdm) => {
  await fourPersons(cdm);
  const study = expressionsOf([a, b, asked(member()), { ...combined('minus', 'persons', 'b', 'asked') }]);
  const last = study.at(-1)?.expression;
  assert.ok(last);
  assert.deepEqual(
    last.Cohorts?.map(({ name }) => name),
    ['a', 'b', 'asked'],
  );
  const counts = await countCohort(cdm.pool, last, { cdmSchema: 'cdm' });
  assert.deepEqual([counts.persons, counts.rows, counts.entryPersons, counts.rulePersons], [1, 1, 1, []]);
  const used = usedAttributes(last).map(({ attribute }) => attribute);
  for (const name of ['Combination.minus', 'CohortMembership.Cohort', 'ConditionOccurrence.CodesetId'])
    assert.ok(used.includes(name), name);
});

test('a name that is not given before is refused with its path', () => {
  const codes = (...sources: readonly CohortSource[]) => {
    const result = readStudyCohorts(sources);
    const korean = readStudyCohorts(sources, [], 'ko');
    if (!result.ok) assertSameInKorean(result.findings, korean.ok ? [] : korean.findings);
    return result.ok ? [] : result.findings.map(({ cohort: at, code, path }) => `${at} ${code} ${path}`);
  };
  const path = '$.InclusionRules[0].expression.CriteriaList[0].Criteria.CohortMembership.Cohort';
  assert.deepEqual(codes(asked(member())), [`0 unknown-cohort ${path}`]);
  assert.deepEqual(codes(asked(member()), a), [`0 unknown-cohort ${path}`], 'later');
  assert.deepEqual(codes({ ...asked(member()), name: 'a' }), [`0 unknown-cohort ${path}`], 'itself');
  assert.deepEqual(codes(a, combined('union', 'days', 'a', { op: 'minus', of: ['a', 'x'], by: 'days' })), [
    '1 unknown-cohort $.expression.of[1].of[1]',
  ]);
  const nameless = expressionsOf([{ name: 'it', definition: cohort([{ CohortMembership: {} }]) }]).at(0);
  assert.ok(nameless);
  assert.deepEqual(
    refusals(nameless.expression).map(({ code, path: at }) => `${code} ${at}`),
    ['unknown-cohort $.PrimaryCriteria.CriteriaList[0].CohortMembership.Cohort'],
  );
  const lone = expressionsOf([a, asked(member())]).at(-1)?.expression;
  assert.ok(lone);
  const { Cohorts: _, ...without } = lone;
  assert.throws(() => compile(without, { cdmSchema: 'cdm', conceptSets: 'inline' }), RangeError);
});
