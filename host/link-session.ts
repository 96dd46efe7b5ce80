/**
 * One live link after the handshake, the same on both ends: sends the outbox in order with a bounded window, hands deliveries on one at
 * a time, acknowledges only what is durable. When anything is wrong it closes; a new link resumes from what both hold.
 */

import { MoimError } from '#protocol/errors.ts';
import { type Frame, frameLimit, writeFrame } from '#protocol/frame.ts';
import { isBeyond, unacknowledge } from './epoch.ts';
import type { Log } from './log.ts';
import { type Position, position } from './mailbox.ts';
import type { BatchDb } from './mailbox-batch.ts';
import { type Outbox, sharedOutbox } from './outbox.ts';

/** Envelopes in flight before the first must be acknowledged. */
const window = 32;

/** Frames received and not yet handled before the peer is made to wait. */
const mostUnhandled = 2 * window;

/** Characters of envelopes received and not yet handled before the peer is made to wait: two of the largest. */
const mostHeld = 2 * frameLimit;

export interface SessionDeps {
  readonly db: BatchDb;
  /** Shared by all links of a process; the session's own unless given. */
  readonly outbox?: Outbox;
  readonly peer: string;
  readonly log: Log;
  readonly now: () => number;
  /** Makes a delivered envelope durable, or notes its refusal; when it resolves, the position is taken. */
  readonly store: (envelope: string, at: Position) => Promise<void>;
  /** Any frame that is neither `deliver` nor `ack`. */
  readonly other: (frame: Frame) => Promise<void>;
  readonly send: (text: string) => void;
  readonly close: () => void;
  /** Back-pressure: stop and go on reading from the peer. */
  readonly pause: () => void;
  readonly resume: () => void;
}

export interface LinkSession {
  /** Looks for new envelopes in the outbox. */
  kick(): void;
  /** Takes a frame; frames are handled in the order they came. */
  receive(frame: Frame): void;
  /** Resolves when what was received before is handled. */
  settled(): Promise<void>;
  end(): void;
}

/** Starts sending what the peer does not hold yet: everything after `resumeAfter`. */
export function startSession(deps: SessionDeps, resumeAfter: Position): LinkSession {
  let sent = resumeAfter;
  let inFlight = 0;
  let unhandled = 0;
  let held = 0;
  let paused = false;
  let ended = false;
  let pumping = false;
  let again = false;
  let more = false;
  const outbox = deps.outbox ?? sharedOutbox(deps.db, deps.now);
  let queue = Promise.resolve();

  const fail = (cause: unknown) => {
    if (ended) return;
    deps.log.warn('link-broken', {
      site: deps.peer,
      code: cause instanceof MoimError ? cause.code : 'internal',
    });
    ended = true;
    deps.close();
  };

  const pump = async () => {
    if (pumping) {
      again = true;
      return;
    }
    pumping = true;
    try {
      do {
        again = false;
        while (!ended && inFlight < window) {
          const room = window - inFlight;
          const batch = await outbox.pending(deps.peer, sent, room);
          more = batch.length === room;
          for (const { epoch, seq, envelope } of batch) {
            if (ended) return;
            deps.send(writeFrame({ t: 'deliver', epoch: Number(epoch), seq: Number(seq), envelope }));
            sent = { epoch, seq };
            inFlight += 1;
          }
          if (!more) break;
        }
      } while (again && !ended);
    } catch (cause) {
      fail(cause);
    } finally {
      pumping = false;
    }
  };

  const handle = async (frame: Frame) => {
    if (ended) return;
    if (frame.t === 'deliver') {
      await deps.store(frame.envelope, { epoch: BigInt(frame.epoch), seq: BigInt(frame.seq) });
      if (!ended) deps.send(writeFrame({ t: 'ack', epoch: frame.epoch, seq: frame.seq }));
    } else if (frame.t === 'ack') {
      await outbox.acknowledge(deps.peer, { epoch: BigInt(frame.epoch), seq: BigInt(frame.seq) });
      inFlight = Math.max(0, inFlight - 1);
      // What is new says so by `kick`; only what was left behind a full window waits for an acknowledgement.
      if (more) void pump();
    } else await deps.other(frame);
  };

  // What the peer holds already needs no second sending; what it acknowledged and does not hold any more (it was set back) is sent again, since
  // it must be. A peer that holds more than was ever sent means that this side was set back (an old
  // backup): nothing may be sent under numbers that the peer would pass over.
  const settle = async () => {
    const last = await position(deps.db, deps.peer, 'out');
    if (isBeyond(resumeAfter, last)) throw new MoimError('set-back');
    const count = await unacknowledge(deps.db, deps.peer, resumeAfter);
    if (count > 0) deps.log.warn('peer-set-back', { site: deps.peer, count });
    await outbox.acknowledge(deps.peer, resumeAfter);
  };
  queue = settle().then(pump).catch(fail);

  return {
    kick: () => void pump(),
    receive(frame) {
      const size = frame.t === 'deliver' ? frame.envelope.length : 0;
      unhandled += 1;
      held += size;
      if (!paused && (unhandled >= mostUnhandled || held >= mostHeld)) {
        paused = true;
        deps.pause();
      }
      queue = queue
        .then(() => handle(frame))
        .catch(fail)
        .then(() => {
          unhandled -= 1;
          held -= size;
          if (!paused || unhandled >= mostUnhandled || held >= mostHeld) return;
          paused = false;
          deps.resume();
        });
    },
    settled: () => queue,
    end() {
      ended = true;
    },
  };
}
