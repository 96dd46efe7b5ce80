/** Reading frames off a channel, the same on both ends: one by one during the handshake, then piped in order. */

import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import { type Frame, readFrame } from '#protocol/frame.ts';
import type { Channel } from './channel.ts';

export interface FrameReader {
  next(): Promise<Frame>;
  /** The peer has proved its key: it gets the room of the link from here on. */
  admit(): void;
  pipe(take: (frame: Frame) => void): void;
}

/** Bytes of a frame of the handshake. */
export const greetingLimit = 16 * 1024;

/**
 * Frames of a channel, one by one during the handshake, then piped. A frame that does not parse, or is larger than the peer may send,
 * closes the channel; `refused` hears of it.
 */
export function frameReader(channel: Channel, refused: (code: ErrorCode) => void = () => {}): FrameReader {
  const waiting: Frame[] = [];
  let taker: ((frame: Frame) => void) | undefined;
  let wake: ((frame: Frame) => void) | undefined;
  let broken: ((cause: MoimError) => void) | undefined;
  let admitted = false;
  let over = false;
  channel.onMessage((message) => {
    if (over) return;
    try {
      // Before the peer has proved anything it gets little room; the handshake alternates, so nothing piles up.
      if (!admitted && message.byteLength > greetingLimit) throw new MoimError('too-large');
      if (!admitted && waiting.length >= 2) throw new MoimError('bad-input', 'too much before the handshake');
      const frame = readFrame(message.toString());
      if (taker) taker(frame);
      else if (wake) {
        wake(frame);
        wake = undefined;
      } else waiting.push(frame);
    } catch (cause) {
      over = true;
      const code = cause instanceof MoimError ? cause.code : 'internal';
      refused(code);
      channel.close(code);
    }
  });
  channel.onClose((why) => {
    if (why !== undefined) refused(why);
    broken?.(new MoimError('link-closed'));
  });
  return {
    next: () =>
      new Promise((resolve, reject) => {
        const frame = waiting.shift();
        if (frame) return resolve(frame);
        if (!channel.open) return reject(new MoimError('link-closed'));
        wake = resolve;
        broken = reject;
      }),
    admit() {
      admitted = true;
      channel.admit();
    },
    pipe(take) {
      taker = take;
      for (const frame of waiting.splice(0)) take(frame);
    },
  };
}
