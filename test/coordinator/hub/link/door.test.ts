import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Channel } from '#host/channel.ts';
import { createDoor, networkOf } from '#hub/link/door.ts';

/** A channel that does nothing but end. */
function channelOf(): Channel {
  let open = true;
  const done: (() => void)[] = [];
  return {
    kind: 'poll',
    get open() {
      return open;
    },
    send() {},
    close() {},
    terminate() {
      open = false;
      for (const tell of done.splice(0)) tell();
    },
    pause() {},
    resume() {},
    admit() {},
    keepAlive() {},
    onMessage() {},
    onClose: (tell) => void done.push(tell),
  };
}

test('a stranger who fills the door stands in nobody’s way: a newcomer is let in, and the stranger’s oldest is ended', () => {
  const door = createDoor();
  const hospital = channelOf();
  door.enter(hospital, '192.0.2.7');
  const strangers = Array.from({ length: 400 }, channelOf);
  for (const [i, channel] of strangers.entries()) door.enter(channel, `2001:db8:1:2:${i.toString(16)}::1`);
  assert.equal(door.count(), 200);
  assert.equal(hospital.open, true, 'the oldest of all, and of another address');
  assert.deepEqual(
    strangers.map(({ open }) => open),
    strangers.map((_, i) => i >= 201),
  );
  const second = channelOf();
  door.enter(second, '192.0.2.8');
  assert.equal(second.open, true);
  assert.equal(door.count(), 200);
});

test('where all come from one address, those that named an approved site stay longest; who proved a key gives its place back', () => {
  const door = createDoor();
  const [named, proven] = [channelOf(), channelOf()];
  door.enter(named, '::ffff:192.0.2.7').named();
  const place = door.enter(proven, '192.0.2.7');
  place.leave();
  assert.equal(door.count(), 1);
  for (let i = 0; i < 300; i += 1) door.enter(channelOf(), '192.0.2.7');
  assert.equal(named.open, true);
  assert.equal(proven.open, true);
  named.terminate();
  assert.equal(door.count(), 199);
});

test('an IPv6 caller has 64 bits to itself', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  assert.equal(networkOf('2001:db8::5'), '2001:db8:0:0');
  assert.equal(networkOf('::1'), '0:0:0:0');
});
