import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PooledResult, SiteLine } from '#lead/pool.ts';
import { sumOf, type Truth, truthOf } from './cohort.ts';
import {
  applyPolicy,
  assertAnsweredOnce,
  assertChainsVerify,
  type Network,
  openNetwork,
  rowsOf,
  succeed,
} from './network.ts';
import { reach, resultOf, sendStudy } from './study.ts';

const network = await openNetwork(
  { after },
  {
    sites: {
      alpha: { persons: 240, salt: 1 },
      beta: { persons: 150, salt: 2 },
      gamma: { persons: 320, salt: 3 },
    },
    minimumCell: 1,
  },
);
const truths: readonly Truth[] = await Promise.all(network.sites.map(({ pool }) => truthOf(pool)));
await Promise.all(network.sites.map((site) => site.start()));

const all = { alpha: 'answered', beta: 'answered', gamma: 'answered' };

/** The pooled figures of the one cohort, in the shape of the truth. */
function figuresOf(pooled: PooledResult): Truth {
  const [cohort] = pooled.cohorts;
  assert.ok(cohort);
  return {
    persons: cohort.persons.value ?? -1,
    rows: cohort.rows.value ?? -1,
    attrition: cohort.attrition.map(({ persons }) => persons.value ?? -1),
    strata: Object.fromEntries(
      cohort.strata
        .filter(({ persons }) => persons.state !== 'zero')
        .map(({ sex, ageBand, persons }) => [`${sex}/${ageBand}`, persons.value ?? -1]),
    ),
  };
}

test('three hospitals give one answer: the sum of what each holds, each answered once, every step on record', async () => {
  const study = await sendStudy(network);
  await reach(network.lead, study, all);
  const { code, pooled } = await resultOf(network.lead, study);
  assert.equal(code, 0);
  assert.equal(pooled?.standsOn, '3 of 3');
  const truth = sumOf(truths);
  assert.ok(truth.persons > 50 && Object.keys(truth.strata).length > 10, 'the hand-made data say something');
  assert.deepEqual(figuresOf(pooled), truth);
  const ofSites: readonly SiteLine[] = pooled.sites;
  for (const [i, site] of network.sites.entries()) {
    const own = ofSites.find((line) => line.site === site.site)?.cohorts?.[0];
    assert.equal(own?.persons.value, truths[i]?.persons, site.site);
    assert.equal(own?.rows.value, truths[i]?.rows, site.site);
    await assertAnsweredOnce(network, site, study.jobs[site.site] ?? '');
  }
  await assertChainsVerify(network);
});

test('the figures of a hospital match what the archive key opens, and the hub holds them sealed', async () => {
  const [site] = network.sites;
  assert.ok(site);
  const left = (await succeed(site, 'nodeAudit', 'show', '--left', '--json')).out.split('\n');
  const { intact, answer } = JSON.parse(left[0] ?? '') as {
    intact: boolean;
    answer: { cohorts: { cells: { id: string; value?: number }[] }[] };
  };
  assert.equal(intact, true);
  assert.equal(answer.cohorts[0]?.cells.find(({ id }) => id === 'persons')?.value, truths[0]?.persons);
  const [reply] = await rowsOf<{ text: string }>(
    network.hub.pool,
    `select row_to_json(reply)::text as text from hub.reply limit 1`,
  );
  assert.doesNotMatch(reply?.text ?? '', /persons|attrition|"value"/);
});

test('a hospital that is off for the whole run is named, "2 of 3" is not complete, and its late answer completes the pool', async () => {
  const late = network.sites[1];
  assert.ok(late);
  await late.stop();
  const study = await sendStudy(network);
  await reach(network.lead, study, { ...all, beta: 'offline' });

  const incomplete = await resultOf(network.lead, study);
  assert.equal(incomplete.code, 1);
  assert.equal(incomplete.pooled?.standsOn, '2 of 3');
  assert.deepEqual(incomplete.pooled?.cohorts, [], 'no figure without --partial');
  assert.match(incomplete.err, /2 of 3 answered.*beta offline.*--partial/s);

  const partial = await resultOf(network.lead, study, '--partial');
  assert.equal(partial.code, 1, 'found wanting, still');
  const two = sumOf([truths[0], truths[2]].filter((truth) => truth !== undefined));
  assert.ok(partial.pooled);
  assert.deepEqual(figuresOf(partial.pooled), two);

  await late.start();
  await reach(network.lead, study, all);
  const complete = await resultOf(network.lead, study);
  assert.equal(complete.code, 0);
  assert.ok(complete.pooled);
  assert.deepEqual(figuresOf(complete.pooled), sumOf(truths));
  for (const site of network.sites) await assertAnsweredOnce(network, site, study.jobs[site.site] ?? '');
});

test('a study may say how many hospitals are enough', async () => {
  const late = network.sites[1];
  assert.ok(late);
  await late.stop();
  const study = await sendStudy(network, { completion: { kind: 'at-least', sites: 2 } });
  await reach(network.lead, study, { alpha: 'answered', gamma: 'answered' });
  const { code, pooled } = await resultOf(network.lead, study);
  assert.equal(code, 0);
  assert.equal(pooled?.standsOn, '2 of 3');
  await late.start();
  await reach(network.lead, study, all);
});

test('small groups are withheld by the stricter of hospital and study, whichever it is', async () => {
  const [alpha, beta, gamma] = network.sites;
  assert.ok(alpha && beta && gamma);
  // The hospital is stricter than the study at alpha, as strict at beta, laxer at gamma.
  await applyPolicy(alpha, { minimumCell: 11 });
  await applyPolicy(beta, { minimumCell: 5 });
  await applyPolicy(gamma, { minimumCell: 2 });
  const study = await sendStudy(network, { minimumCell: 5 });
  await reach(network.lead, study, all);
  const { pooled } = await resultOf(network.lead, study);
  assert.deepEqual(
    pooled?.sites.map(({ site, minCell }) => [site, minCell]),
    [
      ['alpha', 11],
      ['beta', 5],
      ['gamma', 5],
    ],
  );
  assert.equal(pooled.minCell, 5, 'the pool claims no more than its least strict answer');

  const strata = pooled.cohorts[0]?.strata ?? [];
  const truth = sumOf(truths);
  const withheld = strata.filter(
    ({ persons }) => persons.state === 'suppressed' || persons.state === 'range',
  );
  assert.ok(withheld.length > 0, 'some group is small somewhere');
  for (const { sex, ageBand, persons } of strata) {
    const exact = truth.strata[`${sex}/${ageBand}`] ?? 0;
    if (persons.value !== undefined) assert.equal(persons.value, exact);
    else
      assert.ok(
        (persons.low ?? 1e9) <= exact && exact <= (persons.high ?? -1),
        `${sex}/${ageBand} lies in its bounds`,
      );
  }
  for (const { persons } of withheld) {
    assert.equal('value' in persons, false);
    assert.ok((persons.high ?? 0) - (persons.low ?? 0) >= 4, 'bounds are wide enough to hide in');
  }
  // At each hospital: no number of 1 to k − 1 persons left.
  for (const [i, site] of network.sites.entries()) {
    const k = [11, 5, 5][i] ?? 0;
    for (const cell of await cellsThatLeft(site)) {
      if (cell.kind !== 'persons' || cell.state !== 'value') continue;
      assert.ok((cell.value ?? 0) >= k, `${site.site} ${cell.id} left with a value under ${k}`);
    }
  }
});

test('a lead that asks the same question under another rule is refused: two answers could be subtracted', async () => {
  const [, , gamma] = network.sites;
  assert.ok(gamma);
  const study = await sendStudy(network, { minimumCell: 20, sites: [gamma] });
  await reach(network.lead, study, { gamma: 'refused released-otherwise' });
});

test('a hospital that hides zeros shows none', async () => {
  const [alpha] = network.sites;
  assert.ok(alpha);
  await applyPolicy(alpha, { minimumCell: 5, showZero: false });
  const study = await sendStudy(network, { minimumCell: 1, sites: [alpha] });
  await reach(network.lead, study, { alpha: 'answered' });
  const cells = await cellsThatLeft(alpha);
  assert.ok(cells.length > 0);
  assert.equal(
    cells.some(({ state }) => state === 'zero'),
    false,
  );
});

/** The cells of the last answer that left a hospital, opened with its archive key. */
async function cellsThatLeft(site: Network['sites'][number]) {
  const lines = (await succeed(site, 'nodeAudit', 'show', '--left', '--json')).out.split('\n');
  const last = JSON.parse(lines.at(-1) ?? '') as {
    answer: { cohorts: { cells: { id: string; kind: string; state: string; value?: number }[] }[] };
  };
  return last.answer.cohorts.flatMap(({ cells }) => cells);
}
