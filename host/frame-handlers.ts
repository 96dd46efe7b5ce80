/** What an end of the link does with the frames that are neither a delivery nor its acknowledgement: a table, a row a kind. */

import { MoimError } from '#protocol/errors.ts';
import type { Frame } from '#protocol/frame.ts';

export type FrameHandlers = {
  readonly [T in Frame['t']]?: (frame: Extract<Frame, { t: T }>) => Promise<void>;
};

/** Throws MoimError `bad-input` where the table has no row for a frame: it is out of place, and the link ends. */
export async function handleFrame(handlers: FrameHandlers, frame: Frame): Promise<void> {
  // Sound: the row found under a frame's kind takes frames of that kind.
  const handle = handlers[frame.t] as ((frame: Frame) => Promise<void>) | undefined;
  if (!handle) throw new MoimError('bad-input', `a ${frame.t} frame out of place`);
  await handle(frame);
}
