/**
 * The hub's end of the links: mutual challenge–response, one live session a site, deliveries in and out. A site that is not
 * approved, a key that is not the site's, a version not in common: a coarse refusal, and the socket closes.
 */

import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import { beat, type FrameReader, frameReader } from '#host/frame-reader.ts';
import { type LinkSession, startSession } from '#host/link-session.ts';
import type { Log } from '#host/log.ts';
import { type Position, position } from '#host/mailbox.ts';
import { toBase64url } from '#protocol/bytes.ts';
import { canonical, type Json } from '#protocol/canonical.ts';
import { type Envelope, openEnvelope, type ReplyBody } from '#protocol/envelope.ts';
import { type ErrorCode, errors, MoimError } from '#protocol/errors.ts';
import { commonVersion, transcript, writeFrame } from '#protocol/frame.ts';
import { thumbprint } from '#protocol/keys.ts';
import { sign, verifySignature } from '#protocol/sign.ts';
import type { HubDb } from '../database.ts';
import type { HubIdentity } from '../identity.ts';
import { refuseDelivery, storeReply } from '../relay/reply.ts';
import { findSite, type Site } from '../sites/site.ts';
import { noteState } from '../study/job.ts';

export interface LinkDeps {
  readonly db: HubDb;
  readonly identity: HubIdentity;
  readonly log: Log;
  readonly now: () => number;
  /** Called when a job of a study changed. */
  readonly changed: (study: string) => void;
}

export interface Links {
  accept(socket: WebSocket): void;
  connected(site: string): boolean;
  kick(sites: readonly string[]): void;
  /** Closes a site's live link (it was revoked). */
  drop(site: string): void;
  close(): Promise<void>;
}

interface Live {
  readonly socket: WebSocket;
  readonly session: LinkSession;
}

/** The handshake ends within this time, or the socket does. */
const handshakeMs = 10_000;

/** Sockets in the handshake at one time. */
const mostUnproved = 200;

export function createLinks(deps: LinkDeps): Links {
  const live = new Map<string, Live>();
  const claimed = new Set<string>();
  const open = new Set<WebSocket>();

  const accept = (socket: WebSocket) => {
    // Who has not proved a key yet takes little room, and not for long.
    if (open.size - live.size >= mostUnproved) return socket.terminate();
    open.add(socket);
    const inbox = frameReader(socket);
    const timer = setTimeout(() => socket.terminate(), handshakeMs);
    socket.on('close', () => {
      clearTimeout(timer);
      open.delete(socket);
    });
    socket.on('error', () => socket.terminate());
    void (async () => {
      try {
        const site = await greet(deps, socket, inbox);
        inbox.admit();
        if (claimed.has(site.site)) throw new MoimError('second-session');
        // A socket that closed meanwhile tells nobody any more: its claim would never be given back.
        if (socket.readyState !== socket.OPEN) throw new MoimError('link-closed');
        claimed.add(site.site);
        socket.on('close', () => claimed.delete(site.site));
        const session = await begin(site, socket, inbox);
        clearTimeout(timer);
        live.set(site.site, { socket, session });
        socket.on('close', () => {
          session.end();
          if (live.get(site.site)?.socket === socket) live.delete(site.site);
          deps.log.info('link-down', { site: site.site });
        });
        if (socket.readyState !== socket.OPEN) live.delete(site.site);
        beat(socket);
        deps.log.info('link-up', { site: site.site });
      } catch (cause) {
        const code: ErrorCode =
          cause instanceof MoimError && 'wire' in errors[cause.code] ? cause.code : 'internal';
        deps.log.warn('link-refused', { code });
        if (socket.readyState === socket.OPEN) socket.send(writeFrame({ t: 'refuse', code }));
        socket.close();
      }
    })();
  };

  const begin = async (site: Site, socket: WebSocket, inbox: FrameReader) => {
    const last = await position(deps.db, site.site, 'in');
    socket.send(writeFrame({ t: 'welcome', epoch: Number(last.epoch), seq: Number(last.seq) }));
    const resume = await inbox.next();
    if (resume.t !== 'resume') throw new MoimError('bad-input', 'resume was expected');
    const session = startSession(
      {
        db: deps.db,
        peer: site.site,
        log: deps.log,
        now: deps.now,
        send: (text) => socket.send(text),
        close: () => socket.close(),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
        store: (envelope, at) => store(deps, site, envelope, at),
        other: async (frame) => {
          if (frame.t !== 'state') throw new MoimError('bad-input', 'a frame out of place');
          const study = await noteState(
            deps.db,
            site.site,
            frame.job,
            frame.state,
            frame.code,
            new Date(deps.now()).toISOString(),
          );
          if (study) deps.changed(study);
        },
      },
      { epoch: BigInt(resume.epoch), seq: BigInt(resume.seq) },
    );
    inbox.pipe((frame) => session.receive(frame));
    return session;
  };

  return {
    accept,
    connected: (site) => live.has(site),
    kick: (sites) => {
      for (const site of sites) live.get(site)?.session.kick();
    },
    drop: (site) => live.get(site)?.socket.terminate(),
    async close() {
      const sessions = [...live.values()];
      for (const { session } of sessions) session.end();
      for (const socket of open) socket.terminate();
      await Promise.all(sessions.map(({ session }) => session.settled()));
    },
  };
}

/** hello → challenge → proof. Gives the approved site that proved its key. */
async function greet(deps: LinkDeps, socket: WebSocket, inbox: FrameReader): Promise<Site> {
  const hello = await inbox.next();
  if (hello.t !== 'hello') throw new MoimError('bad-input', 'hello was expected');
  const version = commonVersion(hello.versions);
  if (version === undefined) throw new MoimError('no-common-version');
  const site = await findSite(deps.db, hello.site);
  if (!site || thumbprint(site.key) !== hello.key) throw new MoimError('unknown-site');
  if (site.state !== 'approved')
    throw new MoimError(site.state === 'revoked' ? 'unknown-site' : 'not-approved');
  const nonce = toBase64url(randomBytes(32));
  const said = transcript(hello, version, nonce, thumbprint(deps.identity.public)) as unknown as Json;
  socket.send(
    writeFrame({
      t: 'challenge',
      version,
      nonce,
      signature: await sign(said, 'moim-link-hub', deps.identity.key),
    }),
  );
  const proof = await inbox.next();
  if (proof.t !== 'proof') throw new MoimError('bad-input', 'proof was expected');
  const proven = await verifySignature(proof.signature, 'moim-link-node', site.key);
  if (canonical(proven as Json) !== canonical(said))
    throw new MoimError('bad-signature', 'the proof is of another handshake');
  return site;
}

async function store(deps: LinkDeps, site: Site, jws: string, at: Position): Promise<void> {
  const now = new Date(deps.now()).toISOString();
  try {
    const envelope = await openEnvelope(jws, { from: site.site, to: 'hub', key: site.key, now: deps.now() });
    if (envelope.body.kind !== 'reply') throw new MoimError('bad-input', 'a node sends replies only');
    const study = await storeReply(deps.db, site, at, envelope as Envelope & { body: ReplyBody }, now);
    if (study) deps.changed(study);
  } catch (cause) {
    if (!(cause instanceof MoimError) || !refusable.has(cause.code)) throw cause;
    deps.log.warn('delivery-refused', { site: site.site, code: cause.code });
    await refuseDelivery(deps.db, site.site, at, cause.code, now);
  }
}

/** Faults of the envelope itself: it will never be good, so the link goes on without it. */
const refusable = new Set<ErrorCode>(['bad-signature', 'bad-input', 'misaddressed', 'expired']);
