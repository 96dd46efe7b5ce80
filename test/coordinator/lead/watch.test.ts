/** Watching outlasts a hub that restarts or asks for patience, and ends where nothing more can come. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HubJob, HubJobs } from '#lead/hub-api.ts';
import { type WatchOptions, watchStudy } from '#lead/watch.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';

const job = (site: string, state: string, more: Partial<HubJob> = {}): HubJob => ({
  site,
  job: '01a20353-cb5f-7a37-b7fc-198c0f001032',
  state,
  code: null,
  reason: null,
  left: false,
  late: false,
  change: '1',
  ...more,
});

const looks = (state: string, ...jobs: HubJob[]): HubJobs => ({
  study: { version: 1, hash: 'a'.repeat(64), state, versions: [1], order: null },
  jobs,
});

/** Watches a hub that gives these answers in turn, the last one for ever. */
async function watch(answers: readonly (HubJobs | ErrorCode)[], more: Partial<WatchOptions> = {}) {
  const said: string[] = [];
  const waited: string[] = [];
  let asked = 0;
  const end = await watchStudy({
    api: {
      async jobs() {
        const answer = answers[Math.min(asked, answers.length - 1)];
        asked += 1;
        if (typeof answer === 'string' || answer === undefined) throw new MoimError(answer ?? 'internal');
        return answer;
      },
    },
    study: 'x',
    over: () => false,
    once: false,
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    say: ({ site, state }) => said.push(`${site} ${state}`),
    stands: ({ state }) => said.push(state),
    waits: (code) => waited.push(code),
    longestPauseMs: 1,
    ...more,
  });
  return { end, said, waited };
}

const done = looks('complete', job('alpha', 'answered'), job('beta', 'refused'));

test('a hub that restarts or asks for patience is waited for, and named once', async () => {
  const { end, said, waited } = await watch([
    looks('open', job('alpha', 'running'), job('beta', 'waiting')),
    'too-many-requests',
    'too-many-requests',
    'hub-unreachable',
    done,
  ]);
  assert.equal(end, 'ended');
  assert.deepEqual(said, [
    'open',
    'alpha running',
    'beta waiting',
    'complete',
    'alpha answered',
    'beta refused',
  ]);
  assert.deepEqual(waited, ['too-many-requests']);
});

test('one look says the hub’s refusal as it is, and so does one that no patience mends', async () => {
  await assert.rejects(watch(['too-many-requests'], { once: true }), { code: 'too-many-requests' });
  await assert.rejects(watch(['token-refused']), { code: 'token-refused' });
});

test('ends with a site that left, with a study that was withdrawn or is over, and where the day has passed', async () => {
  const waiting = job('beta', 'offline');
  for (const [look, over] of [
    [looks('open', job('alpha', 'answered'), job('beta', 'left')), false],
    [looks('withdrawn', waiting), false],
    [looks('closed', waiting), false],
    [looks('complete', job('alpha', 'answered'), waiting), true],
  ] as const)
    assert.equal((await watch([look], { over: () => over })).end, 'ended', look.study.state);
});

test('a paused study is watched while something runs, and no longer', async () => {
  const { end, said } = await watch([
    looks('paused', job('alpha', 'running')),
    looks('paused', job('alpha', 'waiting')),
  ]);
  assert.equal(end, 'paused');
  assert.deepEqual(said, ['paused', 'alpha running', 'alpha waiting']);
});

test('time runs out for a hub that is away, too', async () => {
  assert.equal((await watch(['hub-unreachable'], { timeoutMs: 20 })).end, 'time');
});
