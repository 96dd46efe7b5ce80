/** The parts of a count go the whole way: asked for in a signed study, permitted, seen in a dry run, protected, sealed, pooled and named. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { csv, table } from '#lead/report.ts';
import { generateCohort } from '#node/cohort/generate.ts';
import { read } from '#sql/circe/read.ts';
import { definition } from './cohort.ts';
import { openNetwork, rowsOf, type Site } from './network.ts';
import { personsOf } from './persons.ts';
import { reach, resultOf, sendStudy } from './study.ts';

const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 240, salt: 1 }, beta: { persons: 150, salt: 2 } }, minimumCell: 1 },
);
const { lead } = network;
const [alpha, beta] = network.sites as [Site, Site];
await Promise.all([alpha.start(), beta.start()]);

const count = { kind: 'count' as const };
const asked = {
  ...count,
  parts: ['events', 'gain', 'standalone', 'year', 'rows'] as (
    | 'events'
    | 'gain'
    | 'standalone'
    | 'year'
    | 'rows'
  )[],
  years: { from: 2012, to: 2015 },
};

/** What Circe's inclusion tables say at one hospital, by SQL of its own. */
async function statsAt({ pool }: Site) {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok);
  return generateCohort(pool, result.expression, { cdmSchema: 'cdm' });
}

test('two hospitals give one answer by person, by event, by rule, by year and by start', async () => {
  const study = await sendStudy(network, { analyses: [asked] });
  await reach(lead, study, { alpha: 'answered', beta: 'answered' });
  const { pooled, err } = await resultOf(lead, study);
  assert.ok(pooled, err);
  const [cohort] = pooled.cohorts;
  assert.ok(cohort?.rules && cohort.years && cohort.starts, JSON.stringify(cohort));
  const stats = await Promise.all([alpha, beta].map(statsAt));
  const stat = (mode: number, rule: number, column: 2 | 3 | 4) =>
    stats.reduce(
      (sum, { inclusionStats }) =>
        sum + (inclusionStats.find((row) => row[0] === mode && row[1] === rule)?.[column] ?? 0),
      0,
    );
  assert.deepEqual(
    cohort.rules.rules.map((rule) => [
      rule.gainByPerson?.value,
      rule.gainByEvent?.value,
      rule.standaloneByPerson?.value,
    ]),
    [0, 1].map((rule) => [stat(1, rule, 3), stat(0, rule, 3), stat(1, rule, 2)]),
  );
  const [entry, first, last] = cohort.rules.attrition;
  assert.deepEqual([entry?.byPerson.value, entry?.byEvent?.value], [stat(1, 0, 4), stat(0, 0, 4)]);
  assert.equal(first?.byEvent?.value, stat(0, 0, 2));
  assert.ok((last?.byEvent?.value ?? 0) > (last?.byPerson.value ?? 0), 'some have two events');
  assert.equal(last?.byPerson.value, cohort.persons.value);
  assert.deepEqual(cohort.attrition, []);
  const sum = (all: readonly { readonly value?: number }[]) =>
    all.reduce((total, { value = 0 }) => total + value, 0);
  assert.equal(sum(cohort.years.byYear.map(({ persons }) => persons)), cohort.persons.value);
  for (const list of [cohort.starts.bySex, cohort.starts.byAgeBand, cohort.starts.byYear])
    assert.equal(sum(list.map(({ rows }) => rows)), cohort.rows.value);
  assert.match(table(pooled), /attrition: persons by their best event/);
  assert.match(csv(pooled), /gain-by-event,2/);
});

test('a hospital that does not permit a part refuses the study; one that looks first sees the parts', async () => {
  await personsOf(alpha).apply(undefined, 'countParts = ["gain"]');
  await personsOf(beta).apply(undefined, 'permit = "one-person"');
  const study = await sendStudy(network, { analyses: [asked], minimumCell: 5, title: 'Again' });
  await reach(lead, study, { alpha: 'refused not-permitted', beta: 'awaiting-approval' });
  const job = study.jobs.beta ?? '';
  const pending = await personsOf(beta).held(job, 'approval-needed');
  assert.deepEqual(pending.analyses, ['count with events, gain, standalone, year (2012 to 2015), rows']);
  const { answer } = await personsOf(beta).dryRun(undefined, job);
  const cells = new Map(answer.cohorts[0]?.cells.map((cell) => [cell.id, cell]));
  for (const id of ['by-event/step:1', 'by-person/gain:0', 'by-person/pass:1', 'year:2013', 'rows/year:2013'])
    assert.ok(cells.has(id), id);
  assert.ok([...cells.values()].some(({ state }) => state === 'suppressed'));
  assert.ok(![...cells.keys()].some((id) => /lost|others|outside|merged/.test(id)), 'derived cells stay');
  assert.deepEqual(await rowsOf(beta.pool, 'select from moim.released where job = $1', [job]), []);
});
