/** The hub's side of the handshake: hello → challenge → proof. A site that is not approved, or a key that is not its own, ends it. */

import { randomBytes } from 'node:crypto';
import type { Channel } from '#host/channel.ts';
import type { FrameReader } from '#host/frame-reader.ts';
import { toBase64url } from '#protocol/bytes.ts';
import { canonical, type Json } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { commonVersion, newer, transcript, writeFrame } from '#protocol/frame.ts';
import { thumbprint } from '#protocol/keys.ts';
import { mostCarried } from '#protocol/rotation.ts';
import { sign, verifySignature } from '#protocol/sign.ts';
import { moveKey, siteOfHello } from '../sites/key.ts';
import type { Site } from '../sites/site.ts';
import type { LinkDeps } from './server.ts';

/** What the handshake tells the links. */
export interface Greeting {
  /** An approved site was named: the name is not proved yet. */
  readonly named: () => void;
  /** Ends the link, and what is becoming one, under a key of the site that was good until now. */
  readonly ended: (site: string) => Promise<void>;
}

/** Gives the approved site that proved its key. Throws MoimError with the coarse code that the node is told. */
export async function greet(
  deps: LinkDeps,
  channel: Channel,
  inbox: FrameReader,
  { named, ended }: Greeting,
): Promise<Site> {
  const hello = await inbox.next();
  if (hello.t !== 'hello') throw new MoimError('bad-input', 'hello was expected');
  const version = commonVersion(hello.versions);
  if (version === undefined) {
    // The name is not proved yet: it is for the operator, who knows whom to call.
    deps.log.warn('no-common-version', {
      site: hello.site,
      version: Math.max(...hello.versions),
      state: newer(hello.versions) === 'theirs' ? 'hub-older' : 'node-older',
    });
    throw new MoimError('no-common-version');
  }
  const found = await siteOfHello(deps.db, hello);
  if (!found) throw new MoimError('unknown-site');
  const { site, successor } = found;
  if (site.state !== 'approved')
    throw new MoimError(site.state === 'revoked' ? 'unknown-site' : 'not-approved');
  named();
  const nonce = toBase64url(randomBytes(32));
  const said = transcript(hello, version, nonce, thumbprint(deps.identity.public)) as unknown as Json;
  channel.send(
    writeFrame({
      t: 'challenge',
      version,
      nonce,
      signature: await sign(said, 'moim-link-hub', deps.identity.key),
      ...(deps.identity.rotations ? { rotation: deps.identity.rotations.slice(-mostCarried) } : {}),
    }),
  );
  const proof = await inbox.next();
  if (proof.t !== 'proof') throw new MoimError('bad-input', 'proof was expected');
  const proven = await verifySignature(proof.signature, 'moim-link-node', site.key);
  if (canonical(proven as Json) !== canonical(said))
    throw new MoimError('bad-signature', 'the proof is of another handshake');
  if (!successor) return site;
  const moved = await moveKey(deps.db, deps.identity, deps.now(), site.site, successor);
  deps.log.info('site-key-rotated', { site: moved.site, fingerprint: moved.fingerprint });
  await ended(moved.site);
  return moved;
}
