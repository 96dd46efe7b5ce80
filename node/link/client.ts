/**
 * The node's end of the link: one outbound channel to the pinned hub, opened again with jittered back-off for as long as the node
 * runs. What is delivered goes into the inbox with its position in one transaction, and only then is acknowledged.
 */

import type { Channel } from '#host/channel.ts';
import type { Counters } from '#host/counters.ts';
import { handleFrame } from '#host/frame-handlers.ts';
import { frameReader } from '#host/frame-reader.ts';
import type { HubHttp } from '#host/hub-http.ts';
import { type LinkSession, startSession } from '#host/link-session.ts';
import type { Log } from '#host/log.ts';
import { position } from '#host/mailbox.ts';
import { aborted, pause } from '#host/serve.ts';
import { MoimError } from '#protocol/errors.ts';
import { type JobState, type RefusalReason, writeFrame } from '#protocol/frame.ts';
import type { NodeDb } from '../database.ts';
import { hubPeer } from '../identity.ts';
import { repinHub } from '../trust/hub.ts';
import { changeToBetter, isBlocked } from './better-path.ts';
import { storeDelivery } from './delivery.ts';
import { dialWebSocket, handshakeMs } from './dial.ts';
import { noteExpired } from './expiry.ts';
import { hubFrames, meetWelcome } from './frames.ts';
import { type HandshakeDeps, shakeHands } from './handshake.ts';
import { choosePath, type LinkMode } from './path.ts';
import { dialPoll } from './poll-channel.ts';
import { versionGap } from './version-gap.ts';

/** A job's state as the hub hears it: coarse codes and closed lists alone. */
interface JobReport {
  readonly job: string;
  readonly state: JobState;
  readonly code?: string | undefined;
  readonly reason?: RefusalReason | undefined;
}

export interface LinkClientDeps extends HandshakeDeps {
  readonly db: NodeDb;
  /** Where receipts are kept beside the database. */
  readonly home: string;
  /** The way to the hub, and how the link may go over it. */
  readonly http: HubHttp;
  readonly mode: LinkMode;
  /** How often to look for a better path; a test looks oftener. */
  readonly probeMs?: number | undefined;
  readonly log: Log;
  readonly now: () => number;
  readonly counters: Counters;
  /** Something new is in the inbox. */
  readonly received: () => void;
  /** States of the jobs that the hub may not know yet; sent when a link comes up. */
  readonly states: () => Promise<readonly JobReport[]>;
  readonly signal: AbortSignal;
}

export interface LinkClient {
  /** Looks for new envelopes in the outbox. */
  kick(): void;
  /** Sends a job's state where a link is up. */
  announce(job: string, state: JobState, code?: string, reason?: RefusalReason): void;
  /** Whether a link is up. */
  up(): boolean;
  readonly ended: Promise<void>;
}

const firstPauseMs = 200;
const longestPauseMs = 15_000;

/** How long to wait after `attempt` failures in a row: doubled each time up to a bound, half of it by chance. */
export function backOffMs(attempt: number, random: number): number {
  const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt, 10));
  return longest * (0.5 + random / 2);
}

export function startLink(deps: LinkClientDeps): LinkClient {
  let live: { channel: Channel; session: LinkSession } | undefined;
  const paths = choosePath(deps.mode);
  const loop = async () => {
    // Everything is carried by hand (node/carry).
    if (deps.mode === 'none') return aborted(deps.signal);
    for (let attempt = 0; !deps.signal.aborted; attempt += 1) {
      const path = paths.next();
      let channel: Channel | undefined;
      try {
        await noteExpired(deps);
        channel = await (path === 'poll' ? dialPoll : dialWebSocket)(deps.http, deps.signal);
        const session = await begin(deps, channel);
        live = { channel, session };
        attempt = 0;
        paths.worked(path);
        if (path === 'poll' && deps.mode === 'auto')
          changeToBetter(deps, channel, () => paths.prefer('websocket'), deps.probeMs);
        deps.log.info('link-up', { site: deps.hub.site, path: channel.kind });
        for (const report of await deps.states()) channel.send(stateFrame(report));
      } catch (cause) {
        channel?.terminate();
        const code = cause instanceof MoimError ? cause.code : 'internal';
        deps.log.warn('link-refused', { code, attempt, path });
        deps.counters.count('link-refused', { code });
        paths.failed(path, await isBlocked(deps.http, code));
        if (code === 'no-common-version') deps.log.warn(code, { state: await versionGap(deps.http) });
      }
      if (channel) await closed(channel);
      if (live) {
        live.session.end();
        await live.session.settled();
        live = undefined;
        deps.log.info('link-down', { site: deps.hub.site });
      }
      await pause(backOffMs(attempt, Math.random()), deps.signal);
    }
  };
  return {
    kick: () => live?.session.kick(),
    announce(job, state, code, reason) {
      if (live?.channel.open) live.channel.send(stateFrame({ job, state, code, reason }));
    },
    up: () => live?.channel.open ?? false,
    ended: loop(),
  };
}

const closed = (channel: Channel): Promise<void> =>
  new Promise((resolve) => channel.onClose(() => resolve()));

const stateFrame = ({ job, state, code, reason }: JobReport): string =>
  writeFrame({
    t: 'state',
    job,
    state,
    ...(code === undefined ? {} : { code }),
    ...(reason === undefined ? {} : { reason }),
  });

/** The handshake, then resume: both sides go on from the last pair the other holds. */
async function begin(deps: LinkClientDeps, channel: Channel): Promise<LinkSession> {
  const { hub, db } = deps;
  const inbox = frameReader(channel, (code) => {
    deps.log.warn('frame-refused', { code });
    deps.counters.count('frame-refused', { code });
  });
  const timer = setTimeout(() => channel.terminate(), handshakeMs);
  channel.onClose(() => clearTimeout(timer));
  const welcome = await shakeHands(
    { ...deps, moved: (successor) => repinHub(deps, successor) },
    channel,
    inbox,
  );
  await meetWelcome(deps, welcome);
  const last = await position(db, hubPeer(hub), 'in');
  channel.send(writeFrame({ t: 'resume', epoch: Number(last.epoch), seq: Number(last.seq) }));
  clearTimeout(timer);
  channel.keepAlive();
  const handlers = hubFrames(deps);
  const session = startSession(
    {
      db,
      peer: hubPeer(hub),
      log: deps.log,
      now: deps.now,
      send: (text) => channel.send(text),
      close: () => channel.close(),
      pause: () => channel.pause(),
      resume: () => channel.resume(),
      store: async (envelope, at) => void (await storeDelivery(deps, envelope, at)),
      other: (frame) => handleFrame(handlers, frame),
    },
    { epoch: BigInt(welcome.epoch), seq: BigInt(welcome.seq) },
  );
  inbox.pipe((frame) => session.receive(frame));
  return session;
}
