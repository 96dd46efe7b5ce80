import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounters } from '#host/counters.ts';
import { hubWay } from '#host/hub-way.ts';
import { backOffMs } from '#node/link/client.ts';
import { choosePath } from '#node/link/path.ts';
import { gapOf } from '#node/link/version-gap.ts';

test('the WebSocket comes first; after two blocked attempts long-poll takes over, and what works is kept', () => {
  const paths = choosePath('auto');
  assert.equal(paths.next(), 'websocket');
  paths.failed('websocket', true);
  assert.equal(paths.next(), 'websocket', 'one may be a hub that was just starting');
  paths.failed('websocket', true);
  assert.equal(paths.next(), 'poll');
  paths.worked('poll');
  assert.equal(paths.next(), 'poll');
  paths.prefer('websocket');
  assert.equal(paths.next(), 'websocket');
});

test('a hub that is away, or refuses, changes no path', () => {
  const paths = choosePath('auto');
  for (let i = 0; i < 5; i += 1) paths.failed('websocket', false);
  assert.equal(paths.next(), 'websocket');
  paths.failed('websocket', true);
  paths.failed('websocket', false);
  paths.failed('websocket', true);
  assert.equal(paths.next(), 'websocket', 'blocked twice, not in a row');
});

test('where long-poll fails the WebSocket has its turn, and one blocked attempt brings long-poll back', () => {
  const paths = choosePath('auto');
  paths.failed('websocket', true);
  paths.failed('websocket', true);
  paths.failed('poll', false);
  assert.equal(paths.next(), 'websocket');
  paths.failed('websocket', true);
  assert.equal(paths.next(), 'poll');
});

test('a path that was set is the only one', () => {
  for (const mode of ['websocket', 'poll'] as const) {
    const paths = choosePath(mode);
    for (let i = 0; i < 3; i += 1) paths.failed(mode, true);
    assert.equal(paths.next(), mode);
  }
});

test('back-off doubles up to fifteen seconds, half of it by chance', () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((attempt) => backOffMs(attempt, 1)),
    [200, 400, 800, 1600],
  );
  assert.deepEqual(
    [0, 1, 2, 3].map((attempt) => backOffMs(attempt, 0)),
    [100, 200, 400, 800],
  );
  for (const attempt of [7, 10, 1000]) {
    assert.equal(backOffMs(attempt, 1), 15_000);
    assert.equal(backOffMs(attempt, 0), 7_500);
  }
});

test('which side is older is told from the versions that a hub shows', () => {
  assert.equal(gapOf({ protocol: [1] }), 'none');
  assert.equal(gapOf({ protocol: [3, 1] }), 'none');
  assert.equal(gapOf({ protocol: [3, 2] }), 'node-older');
  for (const page of [undefined, {}, { protocol: 'x' }, { protocol: ['1'] }])
    assert.equal(gapOf(page), 'unknown');
});

test('settings of the way to the hub are refused by name, never by value', () => {
  for (const [settings, words] of [
    [{ hubProxy: 'ward:s3cret@proxy' }, /^hubProxy/],
    [{ hubProxy: 'socks5://ward:s3cret@proxy:1080' }, /^hubProxy/],
    [{ hubTlsPin: 's3cret' }, /^hubTlsPin/],
  ] as const) {
    assert.throws(
      () => hubWay(settings),
      (cause: Error) => words.test(cause.message) && !cause.message.includes('s3cret'),
    );
  }
});

test('counters add up by name and labels, each set of them its own', () => {
  const [one, other] = [createCounters(), createCounters()];
  one.count('refused', { code: 'expired' });
  one.count('refused', { code: 'expired' });
  one.count('refused', { code: 'too-large' });
  one.count('links');
  assert.deepEqual(one.read(), [
    { name: 'refused', labels: { code: 'expired' }, value: 2 },
    { name: 'refused', labels: { code: 'too-large' }, value: 1 },
    { name: 'links', labels: {}, value: 1 },
  ]);
  assert.deepEqual(other.read(), []);
});
