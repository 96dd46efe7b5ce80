/**
 * The node's end of the link: one outbound WebSocket to the pinned hub, opened again with jittered back-off for as long as the node
 * runs. What is delivered goes into the inbox with its position in one transaction, and only then is acknowledged.
 */

import { WebSocket } from 'ws';
import { record } from '#host/audit-log.ts';
import { beat, type FrameReader, frameReader } from '#host/frame-reader.ts';
import { type LinkSession, startSession } from '#host/link-session.ts';
import type { Log } from '#host/log.ts';
import { type Position, position, take } from '#host/mailbox.ts';
import { pause } from '#host/serve.ts';
import { toBase64url } from '#protocol/bytes.ts';
import { canonical, type Json } from '#protocol/canonical.ts';
import { openEnvelope } from '#protocol/envelope.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import {
  type Frame,
  frameLimit,
  type Hello,
  type JobState,
  protocolVersions,
  transcript,
  writeFrame,
} from '#protocol/frame.ts';
import { type Random, secureRandom } from '#protocol/ids.ts';
import { thumbprint } from '#protocol/keys.ts';
import { sign, verifySignature } from '#protocol/sign.ts';
import type { NodeDb } from '../database.ts';
import { hubPeer, type NodeIdentity, type PinnedHub } from '../identity.ts';

export interface LinkClientDeps {
  readonly db: NodeDb;
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly log: Log;
  readonly now: () => number;
  /** Something new is in the inbox. */
  readonly received: () => void;
  /** States of the jobs that the hub may not know yet; sent when a link comes up. */
  readonly states: () => Promise<readonly { job: string; state: JobState; code?: string }[]>;
  readonly signal: AbortSignal;
  readonly random?: Random;
}

export interface LinkClient {
  /** Looks for new envelopes in the outbox. */
  kick(): void;
  /** Sends a job's state where a link is up. */
  announce(job: string, state: JobState, code?: string): void;
  readonly ended: Promise<void>;
}

const firstPauseMs = 200;
const longestPauseMs = 15_000;
/** The handshake ends within this time, or the socket does. */
const handshakeMs = 10_000;

export function startLink(deps: LinkClientDeps): LinkClient {
  let live: { socket: WebSocket; session: LinkSession } | undefined;
  const loop = async () => {
    for (let attempt = 0; !deps.signal.aborted; attempt += 1) {
      const socket = new WebSocket(linkUrl(deps.hub.url), {
        maxPayload: frameLimit,
        perMessageDeflate: false,
        handshakeTimeout: handshakeMs,
      });
      const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
      socket.on('error', () => socket.terminate());
      const stop = () => socket.terminate();
      deps.signal.addEventListener('abort', stop);
      const timer = setTimeout(stop, handshakeMs);
      try {
        const session = await open(deps, socket);
        live = { socket, session };
        attempt = 0;
        clearTimeout(timer);
        deps.log.info('link-up', { site: deps.hub.site });
        for (const { job, state, code } of await deps.states()) socket.send(stateFrame(job, state, code));
      } catch (cause) {
        clearTimeout(timer);
        socket.terminate();
        deps.log.warn('link-refused', {
          code: cause instanceof MoimError ? cause.code : 'internal',
          attempt,
        });
      }
      await closed;
      deps.signal.removeEventListener('abort', stop);
      if (live) {
        live.session.end();
        await live.session.settled();
        live = undefined;
        deps.log.info('link-down', { site: deps.hub.site });
      }
      const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt, 10));
      await pause(longest * (0.5 + Math.random() / 2), deps.signal);
    }
  };
  return {
    kick: () => live?.session.kick(),
    announce(job, state, code) {
      if (live?.socket.readyState === WebSocket.OPEN) live.socket.send(stateFrame(job, state, code));
    },
    ended: loop(),
  };
}

const linkUrl = (hubUrl: string): string =>
  `${hubUrl.replace(/^http/, 'ws').replace(/\/$/, '')}/federation/v1/link`;

const stateFrame = (job: string, state: JobState, code?: string): string =>
  writeFrame({ t: 'state', job, state, ...(code === undefined ? {} : { code }) });

/** hello → challenge (the hub proves the pinned key) → proof → welcome → resume. */
async function open(deps: LinkClientDeps, socket: WebSocket): Promise<LinkSession> {
  const { identity, hub, db } = deps;
  const inbox = frameReader(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('close', () => reject(new MoimError('link-closed')));
  });
  const random = deps.random ?? secureRandom;
  const hello: Hello = {
    t: 'hello',
    versions: [...protocolVersions],
    site: hub.site,
    key: thumbprint(identity.public),
    nonce: toBase64url(random(32)),
    capabilities: ['analysis:count', 'cohort:circe'],
  };
  socket.send(writeFrame(hello));
  const challenge = await expectFrame(inbox, 'challenge');
  if (!(protocolVersions as readonly number[]).includes(challenge.version))
    throw new MoimError('no-common-version');
  const said = transcript(hello, challenge.version, challenge.nonce, thumbprint(hub.key)) as unknown as Json;
  const proven = await verifySignature(challenge.signature, 'moim-link-hub', hub.key);
  if (canonical(proven as Json) !== canonical(said))
    throw new MoimError('bad-signature', 'the challenge is of another handshake');
  inbox.admit();
  socket.send(writeFrame({ t: 'proof', signature: await sign(said, 'moim-link-node', identity.key) }));
  const welcome = await expectFrame(inbox, 'welcome');
  const last = await position(db, hubPeer(hub), 'in');
  socket.send(writeFrame({ t: 'resume', epoch: Number(last.epoch), seq: Number(last.seq) }));
  beat(socket);
  const session = startSession(
    {
      db,
      peer: hubPeer(hub),
      log: deps.log,
      now: deps.now,
      send: (text) => socket.send(text),
      close: () => socket.close(),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      store: (envelope, at) => store(deps, envelope, at),
      other: async (frame) => {
        throw new MoimError('bad-input', `a ${frame.t} frame out of place`);
      },
    },
    { epoch: BigInt(welcome.epoch), seq: BigInt(welcome.seq) },
  );
  inbox.pipe((frame) => session.receive(frame));
  return session;
}

async function expectFrame<T extends Frame['t']>(
  inbox: FrameReader,
  t: T,
): Promise<Extract<Frame, { t: T }>> {
  const frame = await inbox.next();
  if (frame.t === 'refuse')
    throw new MoimError(refusals.has(frame.code) ? (frame.code as ErrorCode) : 'link-closed');
  if (frame.t !== t) throw new MoimError('bad-input', `${t} was expected`);
  return frame as Extract<Frame, { t: T }>;
}

const refusals: ReadonlySet<string> = new Set<ErrorCode>([
  'unknown-site',
  'not-approved',
  'second-session',
  'no-common-version',
  'bad-signature',
]);

/** Faults of the envelope itself: it will never be good, so it is noted and the link goes on. */
const refusable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'bad-signature',
  'bad-input',
  'misaddressed',
  'expired',
]);

async function store(deps: LinkClientDeps, jws: string, at: Position): Promise<void> {
  const { db, hub, log } = deps;
  const now = new Date(deps.now()).toISOString();
  const opened = await openEnvelope(jws, { from: 'hub', to: hub.site, key: hub.key, now: deps.now() }).then(
    // A hub sends jobs; anything else would lie in the inbox for ever.
    (envelope) =>
      envelope.body.kind === 'job'
        ? { message: envelope.id, code: undefined }
        : { message: undefined, code: 'bad-input' as const },
    (cause: unknown) => {
      if (!(cause instanceof MoimError) || !refusable.has(cause.code)) throw cause;
      return { message: undefined, code: cause.code };
    },
  );
  await db.transaction().execute(async (transaction) => {
    if (!(await take(transaction, hubPeer(hub), at))) return;
    if (opened.message === undefined) {
      await record(transaction, now, 'delivery-refused', { code: opened.code });
      log.warn('delivery-refused', { code: opened.code });
      return;
    }
    await transaction
      .insertInto('inbox')
      .values({
        message: opened.message,
        peer: hubPeer(hub),
        ...at,
        envelope: jws,
        received_at: now,
        handled_at: null,
        outcome: null,
      })
      .onConflict((conflict) => conflict.column('message').doNothing())
      .execute();
  });
  if (opened.message !== undefined) deps.received();
}
