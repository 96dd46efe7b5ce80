/**
 * The hub's end of the links: mutual challenge–response, one live session a site, deliveries in and out. A site that is not
 * approved, a key that is not the site's, a version not in common: a coarse refusal, and the channel closes.
 */

import type { Channel } from '#host/channel.ts';
import type { Counters } from '#host/counters.ts';
import { handleFrame } from '#host/frame-handlers.ts';
import { type FrameReader, frameReader } from '#host/frame-reader.ts';
import { type LinkSession, startSession } from '#host/link-session.ts';
import type { Log } from '#host/log.ts';
import { sharedOutbox } from '#host/outbox.ts';
import { type ErrorCode, errors, MoimError } from '#protocol/errors.ts';
import { type Frame, writeFrame } from '#protocol/frame.ts';
import type { HubDb } from '../database.ts';
import type { HubIdentity } from '../identity.ts';
import { meetSite } from '../relay/meet.ts';
import { createReplyStore } from '../relay/store.ts';
import { newestReceipts } from '../relay/witness.ts';
import { findSite, type Site } from '../sites/site.ts';
import { storeDelivery } from './delivery.ts';
import { createDoor } from './door.ts';
import { siteFrames, welcomeOf } from './frames.ts';
import { greet } from './handshake.ts';
import { secondSessions } from './second-session.ts';

export interface LinkDeps {
  readonly db: HubDb;
  readonly identity: HubIdentity;
  readonly log: Log;
  readonly now: () => number;
  readonly counters: Counters;
  readonly expiryDays: number;
  /** Called when a job of a study changed. */
  readonly changed: (study: string) => void;
}

export interface Links {
  /** `address`: where it comes from; a stranger who fills the door is told from the others by it. */
  accept(channel: Channel, address: string): void;
  connected(site: string): boolean;
  /** How many sites are linked now. */
  count(): number;
  /** How many channels have not proved a key yet. */
  unproved(): number;
  kick(sites: readonly string[]): void;
  /** Sends a control frame to a site, where its link is up. */
  tell(site: string, frame: Frame): void;
  /** Sends a control frame to every site that is linked. */
  tellAll(frame: Frame): void;
  /** Closes a site's link, or what is becoming one (it was revoked). */
  drop(site: string): void;
  close(): Promise<void>;
}

interface Live {
  readonly channel: Channel;
  readonly session: LinkSession;
}

/** The handshake ends within this time, or the channel does. */
const handshakeMs = 10_000;

export function createLinks(deps: LinkDeps): Links {
  const live = new Map<string, Live>();
  /** The channel that proved a site's key: its link is up, or waits for `resume`. */
  const claimed = new Map<string, Channel>();
  const door = createDoor();
  const open = new Set<Channel>();
  const replies = createReplyStore(deps);
  const outbox = sharedOutbox(deps.db, deps.now);

  const tell = (site: string, frame: Frame) => {
    const channel = live.get(site)?.channel;
    if (channel?.open) channel.send(writeFrame(frame));
  };
  const secondSession = secondSessions(deps, tell);
  /** Ends the link of a site whose key is another from now on. */
  const ended = async (site: string) => {
    const channel = claimed.get(site);
    channel?.terminate();
    await new Promise<void>((resolve) => (channel ? channel.onClose(() => resolve()) : resolve()));
  };

  const accept = (channel: Channel, address: string) => {
    open.add(channel);
    const inbox = frameReader(channel, (code) => {
      deps.log.warn('frame-refused', { code });
      deps.counters.count('frame-refused', { code });
    });
    const timer = setTimeout(() => channel.terminate(), handshakeMs);
    channel.onClose(() => {
      clearTimeout(timer);
      open.delete(channel);
    });
    // Who has not proved a key yet takes little room, and not for long.
    const place = door.enter(channel, address);
    void (async () => {
      try {
        const site = await greet(deps, channel, inbox, { named: place.named, ended });
        if (claimed.has(site.site)) {
          await secondSession(site);
          throw new MoimError('second-session');
        }
        // A channel that closed meanwhile tells nobody any more: its claim would never be given back.
        if (!channel.open) throw new MoimError('link-closed');
        claimed.set(site.site, channel);
        channel.onClose(() => claimed.delete(site.site));
        place.leave();
        inbox.admit();
        const session = await begin(site, channel, inbox);
        clearTimeout(timer);
        live.set(site.site, { channel, session });
        channel.onClose(() => {
          session.end();
          if (live.get(site.site)?.channel === channel) live.delete(site.site);
          deps.log.info('link-down', { site: site.site });
        });
        if (!channel.open) live.delete(site.site);
        channel.keepAlive();
        deps.log.info('link-up', { site: site.site, path: channel.kind });
      } catch (cause) {
        refuse(channel, cause);
      }
    })();
  };

  const refuse = (channel: Channel, cause: unknown) => {
    const known: ErrorCode = cause instanceof MoimError ? cause.code : 'internal';
    const code: ErrorCode = 'wire' in errors[known] ? known : 'internal';
    deps.log.warn('link-refused', { code: known });
    deps.counters.count('link-refused', { code });
    if (channel.open) channel.send(writeFrame({ t: 'refuse', code }));
    channel.close();
  };

  const begin = async (site: Site, channel: Channel, inbox: FrameReader) => {
    channel.send(writeFrame(await welcomeOf(deps, site)));
    const resume = await inbox.next();
    if (resume.t !== 'resume') throw new MoimError('bad-input', 'resume was expected');
    await meetSite(deps, site.site, { epoch: BigInt(resume.epoch), seq: BigInt(resume.seq) });
    const handlers = siteFrames(deps, site);
    // Before the acknowledgement, so that who has the one has the other.
    const witnessed = (receipt: string) => channel.send(writeFrame({ t: 'witness', receipt }));
    for (const receipt of await newestReceipts(deps.db, site.site)) witnessed(receipt);
    // The key may have had its day, and the site been revoked, while the node took its time. The last wait before the link is up.
    const present = await findSite(deps.db, site.site);
    if (present?.state !== 'approved' || present.fingerprint !== site.fingerprint)
      throw new MoimError('unknown-site', 'the key is not the site’s any more');
    if (!channel.open) throw new MoimError('link-closed');
    const session = startSession(
      {
        db: deps.db,
        outbox,
        peer: site.site,
        log: deps.log,
        now: deps.now,
        send: (text) => channel.send(text),
        close: () => channel.close(),
        pause: () => channel.pause(),
        resume: () => channel.resume(),
        store: async (envelope, at) =>
          void (await storeDelivery({ ...deps, replies, witnessed }, site, envelope, at)),
        other: (frame) => handleFrame(handlers, frame),
      },
      { epoch: BigInt(resume.epoch), seq: BigInt(resume.seq) },
    );
    inbox.pipe((frame) => session.receive(frame));
    return session;
  };

  return {
    accept,
    connected: (site) => live.has(site),
    count: () => live.size,
    unproved: door.count,
    kick: (sites) => {
      for (const site of sites) live.get(site)?.session.kick();
    },
    tell,
    tellAll(frame) {
      const text = writeFrame(frame);
      for (const { channel } of live.values()) if (channel.open) channel.send(text);
    },
    drop: (site) => claimed.get(site)?.terminate(),
    async close() {
      const sessions = [...live.values()];
      for (const { session } of sessions) session.end();
      for (const channel of open) channel.terminate();
      await Promise.all(sessions.map(({ session }) => session.settled()));
    },
  };
}
