/**
 * The hub's end of long-poll: a session is a channel whose frames come by POST and go by the answers to POSTs that wait. Both ways are
 * numbered: a request that is sent again because its answer was lost is answered again, and nothing is taken twice.
 */

import { randomBytes } from 'node:crypto';
import type { Channel } from '#host/channel.ts';
import { greetingLimit } from '#host/frame-reader.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import { frameLimit } from '#protocol/frame.ts';

export interface PollTimes {
  /** An answer that has nothing to say waits this long. Proxies commonly cut after 30 s. */
  readonly waitMs: number;
  /** A node that asks nothing for this long is gone. */
  readonly patienceMs: number;
  /** The same where a waiting request was cut: a node that lives asks again at once. */
  readonly cutMs: number;
}

export interface PollSession {
  readonly id: string;
  readonly channel: Channel;
  /** Before the body of a request is read. `abandon` ends the reading of it, where a newer request takes its place. */
  expect(n: number, size: number, abandon: () => void): void;
  /** Takes frames under the request's number. `paused`: send nothing more yet, ask again under the same number. */
  up(n: number, frames: readonly string[]): Promise<{ paused: boolean }>;
  /** The frames after batch `after`, waiting for some; `cut` when the caller went away. */
  down(after: number, cut: AbortSignal): Promise<{ n: number; closed: boolean; frames: readonly string[] }>;
  end(): void;
}

/** `over` is called once, when nobody can ask for anything any more. */
export function pollSession(times: PollTimes, over: () => void): PollSession {
  const queue: string[] = [];
  const done: ((why?: ErrorCode) => void)[] = [];
  let take: (message: Buffer) => void = () => {};
  let state: 'open' | 'closing' | 'closed' = 'open';
  let fault: ErrorCode | undefined;
  let admitted = false;
  let [taken, given] = [0, 0];
  /** The newest request was answered, and not with a pause. */
  let goOn = true;
  let last: readonly string[] | undefined;
  let flowing: PromiseWithResolvers<void> | undefined;
  let wake: (() => void) | undefined;
  let asking = 0;
  let reading: (() => void) | undefined;
  let timer: NodeJS.Timeout;

  const isOver = () => state === 'closed';
  const finish = () => {
    if (state === 'closed') return;
    state = 'closed';
    clearTimeout(timer);
    wake?.();
    flowing?.resolve();
    over();
    for (const tell of done.splice(0)) queueMicrotask(() => tell(fault));
  };
  const expire = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(finish, ms);
  };
  /** A request under way is a sign of life; the clock runs between requests. */
  const during = async <T>(work: () => Promise<T>, cut?: AbortSignal): Promise<T> => {
    if (isOver()) throw new MoimError('not-found', 'the session is over');
    asking += 1;
    clearTimeout(timer);
    try {
      return await work();
    } finally {
      asking -= 1;
      if (asking === 0 && !isOver())
        expire(cut?.aborted || state === 'closing' ? times.cutMs : times.patienceMs);
    }
  };
  expire(times.patienceMs);
  /** A node sends more when it was told that the last was taken: one that sends sooner would fill the memory, and is no node of ours. */
  const refusePressing = (n: number) => {
    if (n !== taken + 1 || goOn || state !== 'open') return;
    fault = 'out-of-order';
    finish();
    throw new MoimError('out-of-order', 'the answer before was not to go on');
  };

  const channel: Channel = {
    kind: 'poll',
    get open() {
      return state === 'open';
    },
    send(text) {
      if (state !== 'open') return;
      queue.push(text);
      wake?.();
    },
    close(why) {
      if (state !== 'open') return;
      state = 'closing';
      fault = why;
      wake?.();
      flowing?.resolve();
      if (asking === 0) expire(times.cutMs);
    },
    terminate: finish,
    pause() {
      flowing ??= Promise.withResolvers();
    },
    resume() {
      flowing?.resolve();
      flowing = undefined;
    },
    admit() {
      admitted = true;
    },
    // The clock between requests runs from the first moment.
    keepAlive() {},
    onMessage(taker) {
      take = taker;
    },
    onClose: (tell) => (state === 'closed' ? queueMicrotask(() => tell(fault)) : void done.push(tell)),
  };

  return {
    id: randomBytes(32).toString('base64url'),
    channel,
    expect(n, size, abandon) {
      if (!(size <= (admitted ? frameLimit : greetingLimit))) throw new MoimError('too-large');
      refusePressing(n);
      // One body at a time; the newer one, since the older may have been cut unseen.
      reading?.();
      reading = abandon;
    },
    up: (n, frames) =>
      during(async () => {
        refusePressing(n);
        if (n !== taken && n !== taken + 1) throw new MoimError('out-of-order');
        if (n === taken + 1) {
          taken = n;
          goOn = false;
          for (const frame of frames) if (frame !== '' && state === 'open') take(Buffer.from(frame));
        }
        if (flowing && state === 'open') await soon(flowing.promise, times.waitMs);
        const paused = flowing !== undefined && state === 'open';
        if (!paused && n === taken) goOn = true;
        return { paused };
      }),
    down: (after, cut) =>
      during(async () => {
        if (after === given) last = undefined;
        else if (after !== given - 1 || last === undefined) throw new MoimError('out-of-order');
        if (last === undefined && queue.length === 0 && state === 'open') {
          // A second question, asked since the first was lost, takes its place.
          wake?.();
          const waiting = Promise.withResolvers<void>();
          wake = waiting.resolve;
          cut.addEventListener('abort', waiting.resolve as () => void);
          await soon(waiting.promise, times.waitMs);
          if (wake === waiting.resolve) wake = undefined;
        }
        if (last === undefined && queue.length > 0 && !cut.aborted && after === given) {
          last = batch(queue);
          given += 1;
        }
        const closed = state !== 'open' && queue.length === 0;
        // Said now or never: where this answer is lost too, the next question finds no session, which says the same.
        if (closed) finish();
        return { n: given, closed, frames: after === given ? [] : (last ?? []) };
      }, cut),
    end: finish,
  };
}

async function soon(promise: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([promise, late.promise]);
  clearTimeout(timer);
}

/** As many of the first frames as one answer carries: at least one. */
function batch(queue: string[]): string[] {
  let size = 0;
  let count = 0;
  for (const frame of queue) {
    size += frame.length;
    if (count > 0 && size > frameLimit) break;
    count += 1;
  }
  return queue.splice(0, count);
}
