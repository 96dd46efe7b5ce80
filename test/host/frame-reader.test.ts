import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { webSocketChannel } from '#host/channel.ts';
import { frameReader } from '#host/frame-reader.ts';
import type { ErrorCode } from '#protocol/errors.ts';
import type { Frame } from '#protocol/frame.ts';

/** As much of a socket as the reader touches. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly closes: number[] = [];
  close(code: number): void {
    this.closes.push(code);
    this.readyState = 2;
  }
  say(value: unknown, binary = false): void {
    this.emit('message', Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), binary);
  }
}

function pair() {
  const socket = new FakeSocket();
  const refused: ErrorCode[] = [];
  const channel = webSocketChannel(socket as unknown as WebSocket);
  return { socket, refused, reader: frameReader(channel, (code) => void refused.push(code)) };
}

const ack = (seq: number): Frame => ({ t: 'ack', epoch: 1, seq });

test('frames are read one by one, whether they came before they were asked for or after', async () => {
  const { socket, reader } = pair();
  socket.say(ack(1));
  socket.say(ack(2));
  assert.deepEqual(await reader.next(), ack(1));
  assert.deepEqual(await reader.next(), ack(2));
  const later = reader.next();
  socket.say(ack(3));
  assert.deepEqual(await later, ack(3));
});

test('once piped, frames flow in order, those that waited first', () => {
  const { socket, reader } = pair();
  const seen: Frame[] = [];
  socket.say(ack(1));
  reader.pipe((frame) => seen.push(frame));
  socket.say(ack(2));
  assert.deepEqual(seen, [ack(1), ack(2)]);
});

test('a frame that does not parse, or is binary, closes the socket; what comes after it is not read', () => {
  for (const [text, binary] of [
    ['no frame', false],
    ['{"t":"query"}', false],
    [JSON.stringify(ack(1)), true],
  ] as const) {
    const { socket, reader, refused } = pair();
    const seen: Frame[] = [];
    reader.pipe((frame) => seen.push(frame));
    socket.say(text, binary);
    socket.say(ack(2));
    assert.deepEqual(socket.closes, [1002]);
    assert.deepEqual(seen, []);
    assert.deepEqual(refused, ['bad-input'], 'counted once');
  }
});

test('who waits for a frame when the socket closes is told so, as is who asks later', async () => {
  const { socket, reader } = pair();
  const waiting = reader.next();
  socket.readyState = 3;
  socket.emit('close');
  await assert.rejects(waiting, { code: 'link-closed' });
  await assert.rejects(reader.next(), { code: 'link-closed' });
});

test('before a peer has proved its key it gets little room, and afterwards the room of the link', () => {
  const large = { t: 'deliver', epoch: 1, seq: 1, envelope: `a.${'b'.repeat(20_000)}.c` };
  const unproved = pair();
  unproved.socket.say(large);
  assert.deepEqual(unproved.socket.closes, [1002]);
  assert.deepEqual(unproved.refused, ['too-large']);

  const hasty = pair();
  for (let seq = 1; seq <= 3; seq += 1) hasty.socket.say(ack(seq));
  assert.deepEqual(hasty.socket.closes, [1002], 'the handshake alternates: nothing piles up');

  const proved = pair();
  const seen: string[] = [];
  proved.reader.admit();
  proved.socket.say(large);
  proved.reader.pipe((frame) => void seen.push(frame.t));
  assert.deepEqual([seen, proved.socket.closes], [['deliver'], []]);
});
