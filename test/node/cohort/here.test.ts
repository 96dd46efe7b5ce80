/** What a definition meets on this CDM: each finding planted, its near miss, and that nothing is run in full or written. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { findingsHere } from '#node/cohort/here.ts';
import { check } from '#sql/circe/check.ts';
import { readStudyCohorts } from '#sql/circe/read/study-cohorts.ts';
import { cohort, conceptSet, correlated, group, item } from '../../sql/circe/definitions.ts';
import { assertSameInKorean } from '../../sql/circe/in-korean.ts';
import { type TinyCdm, tinyCdm } from '../../sql/circe/tiny-cdm.ts';
import { expressionOf, slow, threePersons } from './three-persons.ts';

const sick = { ConditionOccurrence: { CodesetId: 0 } };
const endings: (() => Promise<void>)[] = [];
let cdm: TinyCdm;

before(async () => {
  cdm = await tinyCdm({ after: (work) => void endings.push(work) });
  await threePersons(cdm);
  await cdm.pool.query(
    "update cdm.concept set standard_concept = 'S', domain_id = 'Condition' where concept_id = 1",
  );
  const concept = (concept_id: number, more: Record<string, string | number | null>) =>
    cdm.add('concept', {
      concept_id,
      concept_name: 'x',
      domain_id: 'Condition',
      standard_concept: 'S',
      ...more,
    });
  await concept(2, {});
  await concept(3, { standard_concept: null });
  await concept(4, { domain_id: 'Drug' });
  await concept(5, { standard_concept: null, invalid_reason: 'U' });
  await concept(6, {});
  await cdm.add('concept_relationship', {
    concept_id_1: 5,
    concept_id_2: 2,
    relationship_id: 'Concept replaced by',
  });
  await cdm.add('concept_ancestor', { ancestor_concept_id: 6, descendant_concept_id: 1 });
});

test.after(async () => {
  for (const end of endings) await end();
});

async function here(definition: object, timeoutMs?: number) {
  const options = timeoutMs === undefined ? {} : { timeoutMs };
  const english = await findingsHere(cdm.pool, expressionOf(definition), { cdmSchema: 'cdm', ...options });
  const korean = await findingsHere(cdm.pool, expressionOf(definition), {
    cdmSchema: 'cdm',
    ...options,
    language: 'ko',
  });
  assertSameInKorean(english.findings, korean.findings);
  return english;
}

async function codes(definition: object): Promise<readonly string[]> {
  return (await here(definition)).findings.map(({ code, path }) => `${code} ${path}`);
}

const of = (...items: readonly object[]) =>
  cohort([sick], { ConceptSets: [{ id: 0, name: 'set', expression: { items } }] });
const first = '$.PrimaryCriteria.CriteriaList[0].ConditionOccurrence';

test('finds nothing where everything is there', async () => {
  const { findings, cost } = await here(of(item(1)));
  assert.deepEqual(findings, []);
  assert.equal(cost?.word, 'trifling');
  assert.ok(cost.rows > 0 && cost.plannerCost > 0);
});

test('names the concepts that the vocabulary lacks, by set', async () => {
  const many = Array.from({ length: 12 }, (_, at) => item(1000 + at));
  const { findings } = await here(of(item(1), ...many));
  const [finding] = findings;
  assert.deepEqual(
    [finding?.code, finding?.path, finding?.concepts?.length],
    ['concept-absent-here', '$.ConceptSets[0]', 12],
  );
  assert.match(finding?.message ?? '', /^12 of 13 concepts of set 0 .* 1000, .* and 2 more$/);
  assert.deepEqual(await codes(of(item(1000))), [
    'concept-absent-here $.ConceptSets[0]',
    'no-concept-here $.ConceptSets[0]',
    'nobody-enters-here $.PrimaryCriteria',
  ]);
});

test('names concepts that no row has, unless a descendant of theirs has one', async () => {
  const { findings } = await here(of(item(1), item(2)));
  assert.deepEqual(
    findings.map(({ code, concepts }) => [code, concepts]),
    [['concept-unused-here', [2]]],
  );
  assert.deepEqual(await codes(of(item(6, { descendants: true }))), []);
  assert.deepEqual(await codes(of(item(2))), [
    `no-row-here ${first}`,
    'nobody-enters-here $.PrimaryCriteria',
  ]);
});

test('names invalid concepts with what took their place, those not standard, and those of another domain', async () => {
  const { findings } = await here(of(item(1), item(5)));
  const [invalid, standard] = findings;
  assert.equal(invalid?.code, 'concept-invalid-here');
  assert.match(invalid.message, /concept 5 .* \(U\): 2 took its place/);
  assert.equal(invalid.remedy, 'Name concept 2.');
  assert.deepEqual(
    [standard?.code, standard?.severity, standard?.concepts],
    ['not-standard-here', 'info', [5]],
  );
  const alone = await here(of(item(3)));
  assert.deepEqual(alone.findings.map(({ code, severity }) => `${severity} ${code}`).slice(0, 1), [
    'warning not-standard-here',
  ]);
  const drug = await here(of(item(4)));
  assert.deepEqual(drug.findings.map(({ code, severity }) => `${severity} ${code}`).slice(0, 1), [
    'warning domain-here',
  ]);
  assert.deepEqual(
    (await here(of(item(1), item(4)))).findings
      .filter(({ code }) => code === 'domain-here')
      .map(({ severity }) => severity),
    ['info'],
  );
});

test('says where standard concepts are asked of a source column', async () => {
  const bySource = (concept: number) =>
    cohort([{ ConditionOccurrence: { ConditionSourceConcept: 0 } }], {
      ConceptSets: [conceptSet(0, concept)],
    });
  assert.ok((await codes(bySource(1))).includes(`not-standard-here ${first}`));
  assert.ok(!(await codes(bySource(3))).includes(`not-standard-here ${first}`));
});

test('names rules that nobody meets, and rules that nobody meets together', async () => {
  const rule = (name: string, ...list: readonly object[]) => ({ name, expression: group('ALL', list) });
  const again = correlated(sick, { Occurrence: { Type: 2, Count: 2 } });
  const once = correlated(sick, { Occurrence: { Type: 0, Count: 1 } });
  const never = correlated(sick, { Occurrence: { Type: 2, Count: 9 } });
  const definition = (...rules: readonly object[]) => ({ ...of(item(1)), InclusionRules: rules });
  assert.deepEqual(await codes(definition(rule('a', again), rule('b', never))), [
    'rule-selects-nobody-here $.InclusionRules[1]',
  ]);
  assert.deepEqual(await codes(definition(rule('a', again), rule('b', once))), [
    'rules-select-nobody-here $.InclusionRules',
  ]);
  assert.deepEqual(await codes(definition(rule('a', again), rule('b', correlated(sick)))), []);
});

test('of a pinned set the pinned concepts are looked for, and a combination is not run', async () => {
  const pinned = { ...expressionOf(of(item(1000))), Pinned: [{ id: 0, conceptIds: [1, 1001] }] };
  const { findings } = await findingsHere(cdm.pool, pinned, { cdmSchema: 'cdm' });
  assert.deepEqual(
    findings.map(({ code, concepts }) => [code, concepts]),
    [['concept-absent-here', [1001]]],
  );
  const source = { name: 'a', definition: of(item(1)) };
  const both = { name: 'b', expression: { op: 'minus', of: ['a', 'a'], by: 'persons' } } as const;
  const read = readStudyCohorts([source, both]);
  assert.ok(read.ok);
  const combined = read.cohorts[1]?.expression;
  assert.ok(combined);
  assert.deepEqual(check(combined), []);
  const answer = await findingsHere(cdm.pool, combined, { cdmSchema: 'cdm' });
  assert.deepEqual(answer.findings, []);
  assert.ok(answer.cost);
});

test('a CDM without ancestors or relationships can be asked', async (t) => {
  const bare = await tinyCdm(t);
  await threePersons(bare);
  await bare.pool.query('drop table cdm.concept_ancestor, cdm.concept_relationship');
  const { findings } = await findingsHere(bare.pool, expressionOf(of(item(1), item(2))), {
    cdmSchema: 'cdm',
  });
  assert.ok(findings.some(({ code }) => code === 'concept-absent-here'));
  await bare.pool.query('drop table cdm.condition_occurrence');
  const missing = await findingsHere(bare.pool, expressionOf(of(item(1))), { cdmSchema: 'cdm' });
  assert.deepEqual(
    missing.findings.map(({ code, severity }) => `${severity} ${code}`),
    ['error table-missing'],
  );
});

test('gives up a question that takes too long, says so, and writes nothing', async (t) => {
  const late = await tinyCdm(t);
  await threePersons(late);
  await late.pool.query("update cdm.concept set standard_concept = 'S', domain_id = 'Condition'");
  await slow(late);
  const { findings, cost } = await findingsHere(late.pool, expressionOf(of(item(1))), {
    cdmSchema: 'cdm',
    timeoutMs: 300,
  });
  assert.deepEqual(
    findings.map(({ code, severity, path }) => `${severity} ${code} ${path}`),
    [`info not-looked-here ${first}`, 'info not-looked-here $'],
  );
  assert.ok(cost);
  assert.deepEqual((await late.pool.query('select 1 from results.cohort')).rows, []);
  const options = { cdmSchema: 'cdm', budgetMs: 0 };
  const unasked = (await findingsHere(late.pool, expressionOf(of(item(1))), options)).findings;
  assert.deepEqual(
    unasked.map(({ code }) => code),
    ['not-looked-here', 'not-looked-here'],
  );
  assert.match(unasked[0]?.message ?? '', /used up/);
});

test('stops when it is told to', async (t) => {
  const late = await tinyCdm(t);
  await threePersons(late);
  await slow(late);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 200);
  const asked = findingsHere(late.pool, expressionOf(of(item(1))), { cdmSchema: 'cdm', signal: stop.signal });
  await assert.rejects(asked, { code: 'interrupted' });
});
