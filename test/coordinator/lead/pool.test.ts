/** What becomes of the answers: which count, which are late, and what the lead is told beside them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PoolNeeds, poolResults } from '#lead/pool.ts';
import type { CompletionRule } from '#protocol/completion.ts';
import type { StudyOrder } from '#protocol/order.ts';
import { signStudy } from '#protocol/study.ts';
import { draft, fixedIds, instant, leadKey, noon, siteAnswer, studySealing } from '#test/vectors/fixed.ts';

const dayMs = 86_400_000;
const later = (days: number) => instant(noon + days * dayMs);

async function needsOf(completion: CompletionRule, sealedAt: readonly string[]): Promise<PoolNeeds> {
  const signed = await signStudy(
    { ...draft, sites: ['seoul', 'busan'], completion },
    { key: leadKey, sealingKey: studySealing.public, signedAt: instant(), nextId: fixedIds('study') },
  );
  return {
    signed,
    standing: { state: 'open' },
    jobs: [],
    now: noon + dayMs,
    opened: {
      refused: [],
      results: sealedAt.map((at, i) => ({
        site: ['seoul', 'busan'][i] ?? '',
        answer: {
          ...siteAnswer(signed),
          cohorts: [{ cohort: 0, cells: [{ id: 'persons', kind: 'persons', state: 'value', value: 10 }] }],
        },
        pinned: true,
        sealedAt: at,
        receivedAt: at,
      })),
    },
  };
}

const byToday: CompletionRule = { kind: 'by-date', date: instant().slice(0, 10) };

test('a late answer is shown and marked, and pooled only where the lead asks for it', async () => {
  const needs = await needsOf(byToday, [instant(), later(1)]);
  const pooled = poolResults(needs);
  assert.deepEqual([pooled.standsOn, pooled.complete], ['1 of 2', true]);
  assert.equal(pooled.cohorts[0]?.persons.value, 10);
  assert.deepEqual(
    pooled.sites.map(({ late, answeredAt }) => [late, answeredAt]),
    [
      [undefined, instant()],
      [true, later(1)],
    ],
  );
  const all = poolResults({ ...needs, late: true });
  assert.deepEqual([all.standsOn, all.cohorts[0]?.persons.value], ['2 of 2', 20]);
});

test('the site’s own signed time counts: a hub that keeps an answer back shuts it out of nothing, and is named', async () => {
  const needs = await needsOf(byToday, [instant(), instant()]);
  const [first, second] = needs.opened.results;
  assert.ok(first && second);
  const kept = { ...second, receivedAt: later(3) };
  const pooled = poolResults({ ...needs, opened: { refused: [], results: [first, kept] } });
  assert.equal(pooled.standsOn, '2 of 2');
  assert.deepEqual(
    pooled.sites.map(({ receivedAt }) => receivedAt),
    [undefined, later(3)],
  );
});

test('complete by a day only once the day has passed or everybody answered', async () => {
  const needs = await needsOf(byToday, [instant()]);
  assert.equal(poolResults({ ...needs, now: noon }).complete, false);
  assert.equal(poolResults(needs).complete, true);
});

test('an answer that was sealed after the lead’s pause or withdrawal says so', async () => {
  const needs = await needsOf({ kind: 'all' }, [instant(), later(1)]);
  const order: StudyOrder = {
    schema: 'moim-order/1',
    study: needs.signed.study.id,
    version: 1,
    order: 'pause',
    n: 1,
    at: instant(noon + 3_600_000),
  };
  const despite = (given: StudyOrder) =>
    poolResults({ ...needs, order: given }).sites.map((site) => site.despite);
  assert.deepEqual(despite(order), [undefined, 'pause']);
  assert.deepEqual(despite({ ...order, order: 'withdraw' }), [undefined, 'withdraw']);
  assert.deepEqual(despite({ ...order, order: 'resume' }), [undefined, undefined]);
});

test('a site that left and one that refused are shown with what is known of them', async () => {
  const needs = await needsOf({ kind: 'all' }, []);
  const job = { job: needs.signed.study.sites[0]?.job ?? '', change: '1', late: false };
  const pooled = poolResults({
    ...needs,
    jobs: [
      { ...job, site: 'seoul', state: 'refused', code: 'hospital-refused', reason: 'scope', left: false },
      { ...job, site: 'busan', state: 'left', code: null, reason: null, left: true },
    ],
  });
  assert.deepEqual(pooled.sites, [
    { site: 'seoul', state: 'refused', code: 'hospital-refused', reason: 'scope' },
    { site: 'busan', state: 'left', left: true },
  ]);
});
