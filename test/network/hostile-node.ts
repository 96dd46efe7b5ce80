/** A node in the hands of an enemy, or one of another age: it speaks the protocol as far as a test lets it. */

import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { type Frame, readFrame, transcript, writeFrame } from '#protocol/frame.ts';
import { type PrivateKey, type PublicKey, publicOf, thumbprint } from '#protocol/keys.ts';
import { sign } from '#protocol/sign.ts';
import type { Ending } from '#test/support/database.ts';
import { until } from './party.ts';

export interface HostileNode {
  readonly frames: readonly Frame[];
  /** The code with which the hub refused, once it did; then the socket is closed. */
  refused(): Promise<string>;
  welcomed(): Promise<void>;
  send(frame: Frame): void;
  raw(text: string | Buffer): void;
  acked(seq: number): Promise<void>;
  closed(): Promise<void>;
  end(): void;
}

export interface HostileNodeOptions {
  readonly url: string;
  readonly site: string;
  readonly hubKey: PublicKey;
  readonly key: PrivateKey;
  readonly versions?: readonly number[];
  /** What it shows as the word of a key before. */
  readonly rotation?: readonly string[];
  /** The key it names in its hello; its own unless given. */
  readonly named?: PublicKey;
  /** How far it goes in the handshake; to its end unless given. */
  readonly until?: 'open' | 'challenge' | 'welcome';
}

export function openHostileNode(t: Ending, options: HostileNodeOptions): HostileNode {
  const { url, site, hubKey, key, versions = [1] } = options;
  const socket = new WebSocket(`${url.replace('http', 'ws')}/federation/v1/link`);
  const frames: Frame[] = [];
  const hello = {
    t: 'hello' as const,
    versions: [...versions],
    site,
    key: thumbprint(options.named ?? publicOf(key)),
    nonce: randomBytes(32).toString('base64url'),
    capabilities: ['analysis:count' as const],
    ...(options.rotation ? { rotation: [...options.rotation] } : {}),
  };
  let closed = false;
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  socket.on('open', () => {
    if (options.until !== 'open') socket.send(writeFrame(hello));
  });
  socket.on('message', async (data) => {
    const frame = readFrame(String(data));
    frames.push(frame);
    if (frame.t === 'challenge' && options.until !== 'challenge') {
      const said = transcript(hello, frame.version, frame.nonce, thumbprint(hubKey));
      socket.send(writeFrame({ t: 'proof', signature: await sign(said, 'moim-link-node', key) }));
    }
    if (frame.t === 'welcome' && options.until !== 'welcome')
      socket.send(writeFrame({ t: 'resume', epoch: 1, seq: 0 }));
  });
  t.after(async () => socket.terminate());
  const first = <T extends Frame['t']>(kind: T) =>
    until(`a frame ${kind}`, () =>
      frames.find((frame): frame is Extract<Frame, { t: T }> => frame.t === kind),
    );
  return {
    frames,
    async refused() {
      const { code } = await first('refuse');
      await until('the socket to close', () => closed);
      return code;
    },
    welcomed: async () => void (await first('welcome')),
    send: (frame) => socket.send(writeFrame(frame)),
    raw: (text) => socket.send(text),
    acked: async (seq) =>
      void (await until(`an ack of ${seq}`, () =>
        frames.some((frame) => frame.t === 'ack' && frame.seq === seq),
      )),
    closed: async () => void (await until('the socket to close', () => closed)),
    end: () => socket.terminate(),
  };
}
