/** The node's side of the handshake: hello → challenge (the hub proves the pinned key) → proof → welcome. */

import type { Channel } from '#host/channel.ts';
import type { FrameReader } from '#host/frame-reader.ts';
import { toBase64url } from '#protocol/bytes.ts';
import { canonical, type Json } from '#protocol/canonical.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import {
  type Challenge,
  type Frame,
  type Hello,
  protocolVersions,
  transcript,
  writeFrame,
} from '#protocol/frame.ts';
import { type Random, secureRandom } from '#protocol/ids.ts';
import { thumbprint } from '#protocol/keys.ts';
import { mostCarried } from '#protocol/rotation.ts';
import { sign, verifySignature } from '#protocol/sign.ts';
import type { NodeIdentity, PinnedHub } from '../identity.ts';
import { type HubSuccessor, successorOf } from '../trust/hub.ts';

export interface HandshakeDeps {
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly random?: Random;
  /** The hub proved a key that follows the pinned one: it is pinned in its place. */
  readonly moved?: (successor: HubSuccessor) => Promise<void>;
}

export type Welcome = Extract<Frame, { t: 'welcome' }>;

/** Says hello and waits for the hub's answer: what tells a path that carries frames from one that only opens. */
export async function sayHello(
  { identity, hub, random = secureRandom }: HandshakeDeps,
  channel: Channel,
  inbox: FrameReader,
): Promise<{ hello: Hello; challenge: Challenge }> {
  const hello: Hello = {
    t: 'hello',
    versions: [...protocolVersions],
    site: hub.site,
    key: thumbprint(identity.public),
    nonce: toBase64url(random(32)),
    capabilities: ['analysis:count', 'cohort:circe'],
    ...(identity.rotations ? { rotation: identity.rotations.slice(-mostCarried) } : {}),
  };
  channel.send(writeFrame(hello));
  return { hello, challenge: await expectFrame(inbox, 'challenge') };
}

/** The whole handshake up to the hub's welcome. Throws MoimError with the hub's coarse code, `bad-signature`, `no-common-version`. */
export async function shakeHands(
  deps: HandshakeDeps,
  channel: Channel,
  inbox: FrameReader,
): Promise<Welcome> {
  const { identity, hub } = deps;
  const { hello, challenge } = await sayHello(deps, channel, inbox);
  if (!(protocolVersions as readonly number[]).includes(challenge.version))
    throw new MoimError('no-common-version');
  const successor = await successorOf(hub, challenge.rotation);
  const key = successor?.key ?? hub.key;
  const said = transcript(hello, challenge.version, challenge.nonce, thumbprint(key)) as unknown as Json;
  const proven = await verifySignature(challenge.signature, 'moim-link-hub', key);
  if (canonical(proven as Json) !== canonical(said))
    throw new MoimError('bad-signature', 'the challenge is of another handshake');
  if (successor) await deps.moved?.(successor);
  inbox.admit();
  channel.send(writeFrame({ t: 'proof', signature: await sign(said, 'moim-link-node', identity.key) }));
  return expectFrame(inbox, 'welcome');
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

/** Whether a code is the hub's own answer, and not a fault of the way to it. */
export const isRefusal = (code: string): boolean => refusals.has(code);

const refusals: ReadonlySet<string> = new Set<ErrorCode>([
  'unknown-site',
  'not-approved',
  'second-session',
  'no-common-version',
  'bad-signature',
]);
