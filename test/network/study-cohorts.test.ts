/** A study whose cohorts stand on one another, with pinned concepts, over hospitals with different vocabularies. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { definition, truthOf } from './cohort.ts';
import { openNetwork, rowsOf, type Site, succeed } from './network.ts';
import { command } from './party.ts';
import { personsOf } from './persons.ts';
import { reach, resultOf, sendStudy } from './study.ts';

const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 120, salt: 1 }, beta: { persons: 90, salt: 2 } }, minimumCell: 1 },
);
const { lead } = network;
const [alpha, beta] = network.sites as [Site, Site];
const version = (site: Site, text: string) =>
  site.pool.query(
    `insert into cdm.vocabulary (vocabulary_id, vocabulary_name, vocabulary_reference, vocabulary_version, vocabulary_concept_id)
     values ('None', 'OMOP', 'x', $1, 0)`,
    [text],
  );
await version(alpha, 'v5.0 30-AUG-23');
await version(beta, 'Klinik Nord, build of Dr Secret');
for (const site of network.sites) await site.start();

const plain = {
  ...definition,
  InclusionRules: [],
  PrimaryCriteria: {
    ...definition.PrimaryCriteria,
    CriteriaList: [{ ConditionOccurrence: { CodesetId: 1, First: true } }],
  },
};
const membership = {
  ...plain,
  InclusionRules: [
    {
      name: 'known hypertension',
      expression: {
        Type: 'ALL',
        CriteriaList: [
          {
            Criteria: { CohortMembership: { Cohort: 'hypertension' } },
            StartWindow: { Start: { Coeff: -1 }, End: { Coeff: 1 } },
            Occurrence: { Type: 2, Count: 1 },
          },
        ],
        DemographicCriteriaList: [],
        Groups: [],
      },
    },
  ],
};
const cohorts = [
  { name: 'hypertension', definition },
  { name: 'diabetes', definition: plain },
  {
    name: 'both',
    expression: { op: 'intersect' as const, of: ['diabetes', 'hypertension'], by: 'persons' as const },
  },
  { name: 'alone', expression: { op: 'minus' as const, of: ['diabetes', 'both'], by: 'persons' as const } },
  { name: 'member', definition: membership },
];

test('cohorts of cohorts are counted at every hospital and pooled', async () => {
  const study = await sendStudy(network, { cohorts });
  await reach(lead, study, { alpha: 'answered', beta: 'answered' });
  const { pooled } = await resultOf(lead, study);
  const persons = Object.fromEntries(
    pooled?.cohorts.map((cohort) => [cohort.name, cohort.persons.value ?? 0]) ?? [],
  );
  let [hypertensive, diabetic] = [0, 0];
  for (const { pool } of network.sites) {
    hypertensive += (await truthOf(pool)).persons;
    const [found] = await rowsOf<{ n: number }>(
      pool,
      `select count(distinct c.person_id)::int as n from cdm.condition_occurrence c join cdm.observation_period o using (person_id)
        where condition_concept_id = 201826 and condition_start_date between observation_period_start_date and observation_period_end_date`,
    );
    diabetic += found?.n ?? 0;
  }
  assert.ok(hypertensive > 20 && diabetic > hypertensive);
  assert.deepEqual(persons, {
    hypertension: hypertensive,
    diabetes: diabetic,
    both: hypertensive,
    alone: diabetic - hypertensive,
    member: hypertensive,
  });
  assert.deepEqual(
    pooled?.cohorts.find(({ name }) => name === 'member')?.attrition.map(({ name }) => name),
    ['Entry events', 'known hypertension'],
  );
});

test('a site says its vocabulary version in OHDSI’s form or not at all, and the unresolved concepts in bands', async () => {
  const missing = Array.from({ length: 12 }, (_, i) => 2_000_000_001 + i);
  const study = await sendStudy(network, {
    concepts: [
      {
        name: 'hypertension',
        vocabularyVersion: 'v5.0 31-AUG-24',
        conceptSets: [{ id: 0, conceptIds: [320128, ...missing] }],
      },
    ],
  });
  await reach(lead, study, { alpha: 'answered', beta: 'answered' });
  const { pooled } = await resultOf(lead, study);
  assert.deepEqual(
    pooled?.sites.map(({ site, vocabulary }) => ({ site, ...vocabulary })),
    [
      { site: 'alpha', version: 'v5.0 30-AUG-23', unresolved: '10-99' },
      { site: 'beta', version: 'unrecognised', unresolved: '10-99' },
    ],
  );
  const own = (await Promise.all(network.sites.map(({ pool }) => truthOf(pool)))).reduce(
    (sum, one) => sum + one.persons,
    0,
  );
  assert.ok((pooled?.cohorts[0]?.persons.value ?? own) < own, 'the descendant is not pinned');
  const shown = await command(lead.home, {}, 'study', 'result', study.id, '--key', lead.key);
  assert.equal(shown.code, 0, shown.err);
  assert.match(
    shown.out,
    /vocabularies\n.*version +concepts not found\n +alpha +v5\.0 30-AUG-23 +10-99\n +beta +unrecognised +10-99/,
  );
  const left = await succeed(beta, 'nodeAudit', 'show', '--left');
  assert.match(left.out, /vocabulary unrecognised, 10-99 of the study's concepts/);
  assert.doesNotMatch(`${left.out}${shown.out}${JSON.stringify(pooled)}`, /Secret|Klinik/);
});

test('a lead may ask for the vocabularies before any figure, where a hospital permits it', async () => {
  const asks = { cohorts: cohorts.slice(0, 1), analyses: [{ kind: 'vocabulary' as const }] };
  const refused = await sendStudy(network, asks);
  await reach(lead, refused, { alpha: 'refused not-permitted', beta: 'refused not-permitted' });
  for (const site of network.sites) {
    const file = join(site.home, 'policy-vocabulary.toml');
    writeFileSync(file, 'minimumCell = 1\nshowZero = true\nanalyses = ["count", "vocabulary"]\n');
    await succeed(site, 'node', 'policy', 'apply', file);
  }
  const study = await sendStudy(network, asks);
  await reach(lead, study, { alpha: 'answered', beta: 'answered' });
  const { pooled, code } = await resultOf(lead, study);
  assert.equal(code, 0);
  assert.deepEqual(pooled?.cohorts, []);
  assert.deepEqual(
    pooled?.sites.map(({ vocabulary, cohorts: figures }) => ({ ...vocabulary, figures })),
    [
      { version: 'v5.0 30-AUG-23', unresolved: '0', figures: [] },
      { version: 'unrecognised', unresolved: '0', figures: [] },
    ],
  );
  const { out } = await succeed(alpha, 'nodeAudit', 'show', '--left', '--json');
  const left = out.split('\n').map((line) => JSON.parse(line).answer);
  const [own] = left.filter(({ study: id }) => id === study.id);
  assert.deepEqual(own.cohorts, [{ cohort: 0, cells: [] }], 'no figure left');
});

test('a hospital sees the vocabulary line before it approves, and may refuse what cohorts of cohorts use', async () => {
  const persons = personsOf(alpha);
  await persons.apply(undefined, 'permit = "one-person"');
  await personsOf(beta).apply(undefined, '[criteria]\ndeny = ["Combination.minus"]');
  const [, diabetes] = cohorts;
  const itself = { op: 'minus' as const, of: ['diabetes', 'diabetes'], by: 'persons' as const };
  const few = [...(diabetes ? [diabetes] : []), { name: 'nobody', expression: itself }];
  const study = await sendStudy(network, { cohorts: few });
  await reach(lead, study, { alpha: 'awaiting-approval', beta: 'refused not-permitted' });
  const job = study.jobs.alpha ?? '';
  const dry = await persons.dryRun(undefined, job);
  assert.deepEqual(dry.answer.vocabulary, { version: 'v5.0 30-AUG-23', unresolved: '0' });
  // The line is part of what is approved: with another version the release is another one.
  await alpha.pool.query("update cdm.vocabulary set vocabulary_version = 'v5.0 29-FEB-24'");
  assert.notEqual((await persons.dryRun(undefined, job)).hash, dry.hash);
});
