/** Reading frames off a WebSocket, the same on both ends: one by one during the handshake, then piped in order. */

import type { RawData, WebSocket } from 'ws';
import { MoimError } from '#protocol/errors.ts';
import { type Frame, readFrame } from '#protocol/frame.ts';

export interface FrameReader {
  next(): Promise<Frame>;
  /** The peer has proved its key: it gets the room of the link from here on. */
  admit(): void;
  pipe(take: (frame: Frame) => void): void;
}

/** Frames of a socket, one by one during the handshake, then piped. A frame that does not parse closes the socket. */
export function frameReader(socket: WebSocket): FrameReader {
  const waiting: Frame[] = [];
  let taker: ((frame: Frame) => void) | undefined;
  let wake: ((frame: Frame) => void) | undefined;
  let broken: ((cause: MoimError) => void) | undefined;
  let piped = false;
  let admitted = false;
  let refused = false;
  socket.on('message', (data, isBinary) => {
    if (refused) return;
    try {
      if (isBinary) throw new MoimError('bad-input', 'a frame is text');
      // Before the peer has proved anything it gets little room; the handshake alternates, so nothing piles up.
      if (!admitted && (sizeOf(data) > greetingLimit || waiting.length >= 2))
        throw new MoimError('bad-input', 'too much before the handshake');
      const frame = readFrame(String(data));
      if (piped) taker?.(frame);
      else if (wake) {
        wake(frame);
        wake = undefined;
      } else waiting.push(frame);
    } catch {
      refused = true;
      socket.close(1002);
    }
  });
  socket.on('close', () => broken?.(new MoimError('link-closed')));
  return {
    next: () =>
      new Promise((resolve, reject) => {
        const frame = waiting.shift();
        if (frame) return resolve(frame);
        if (socket.readyState !== socket.OPEN) return reject(new MoimError('link-closed'));
        wake = resolve;
        broken = reject;
      }),
    admit() {
      admitted = true;
    },
    pipe(take) {
      taker = take;
      piped = true;
      for (const frame of waiting.splice(0)) take(frame);
    },
  };
}

/** Bytes of a frame of the handshake. */
const greetingLimit = 16 * 1024;

const sizeOf = (data: RawData): number =>
  Array.isArray(data) ? data.reduce((sum, part) => sum + part.length, 0) : data.byteLength;

/** A peer that has not answered a ping for this long is gone. */
const heartbeatMs = 15_000;

/** Pings until the socket closes, and ends a socket whose peer does not answer. */
export function beat(socket: WebSocket): void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, heartbeatMs);
  socket.on('close', () => clearInterval(timer));
}
