/** A hub in the hands of an enemy: it holds the hub's true key, speaks the protocol, and delivers whatever a test gives it. */

import { randomBytes } from 'node:crypto';
import { type WebSocket, WebSocketServer } from 'ws';
import { freePort } from '#host/ports.ts';
import { pinHub } from '#node/identity.ts';
import { type Envelope, sealEnvelope } from '#protocol/envelope.ts';
import { type Frame, type Hello, readFrame, transcript, writeFrame } from '#protocol/frame.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { createSigningKey, type PrivateKey, publicOf, thumbprint } from '#protocol/keys.ts';
import { sign } from '#protocol/sign.ts';
import type { Ending } from '#test/support/database.ts';
import { until } from './party.ts';

export interface HostileHub {
  readonly url: string;
  readonly key: PrivateKey;
  /** What it shows as the word of a key before. */
  rotation?: readonly string[];
  /** What it says of the node's audit log when it welcomes it. */
  welcome?: Pick<Extract<Frame, { t: 'welcome' }>, 'head' | 'receipt'>;
  /** Everything the node sent after the handshake, over all links. */
  readonly frames: readonly Frame[];
  /** How often a node came to the end of the handshake. */
  links(): number;
  /** Sends an envelope under the next number of the sequence, or the one given, and waits until it is acknowledged. */
  deliver(envelope: string, seq?: number): Promise<void>;
  /** Sends any text over the live link. */
  raw(text: string): void;
  drop(): void;
  /** Waits for a state of a job. */
  state(job: string, state: string): Promise<Extract<Frame, { t: 'state' }>>;
}

export async function openHostileHub(t: Ending): Promise<HostileHub> {
  const key = await createSigningKey();
  const port = await freePort({ random: Math.random });
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  const frames: Frame[] = [];
  let live: WebSocket | undefined;
  let [links, sent] = [0, 0];
  server.on('connection', (socket) => {
    let hello: Hello | undefined;
    socket.on('error', () => {});
    socket.on('message', async (data) => {
      const frame = readFrame(String(data));
      if (frame.t === 'hello') {
        hello = frame;
        const nonce = randomBytes(32).toString('base64url');
        const said = transcript(hello, 1, nonce, thumbprint(publicOf(key)));
        const signature = await sign(said, 'moim-link-hub', key);
        const rotation = hub.rotation ? { rotation: [...hub.rotation] } : {};
        socket.send(writeFrame({ t: 'challenge', version: 1, nonce, signature, ...rotation }));
      } else if (frame.t === 'proof')
        socket.send(writeFrame({ t: 'welcome', epoch: 1, seq: 0, ...hub.welcome }));
      else if (frame.t === 'resume') {
        live = socket;
        links += 1;
      } else {
        frames.push(frame);
        if (frame.t === 'deliver') socket.send(writeFrame({ t: 'ack', epoch: frame.epoch, seq: frame.seq }));
      }
    });
  });
  t.after(async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  const link = () => until('the node to link', () => (live?.readyState === live?.OPEN ? live : undefined));
  const hub: HostileHub = {
    url: `http://127.0.0.1:${port}`,
    key,
    frames,
    links: () => links,
    async deliver(envelope, seq) {
      const at = seq ?? sent + 1;
      sent = Math.max(sent, at);
      const socket = await link();
      const acked = () => frames.filter((frame) => frame.t === 'ack' && frame.seq === at).length;
      const before = acked();
      socket.send(writeFrame({ t: 'deliver', epoch: 1, seq: at, envelope }));
      await until(`the node to acknowledge ${at}`, () => acked() > before);
    },
    raw: (text) => live?.send(text),
    drop: () => live?.terminate(),
    state: (job, state) =>
      until(`the job to be ${state}`, () =>
        frames.find(
          (frame): frame is Extract<Frame, { t: 'state' }> =>
            frame.t === 'state' && frame.job === job && frame.state === state,
        ),
      ),
  };
  return hub;
}

/** Makes this hub the one that a node's home pinned, as if the node had enrolled there. */
export function pinHostile(home: string, hub: HostileHub, site: string): void {
  pinHub(home, { url: hub.url, site, key: publicOf(hub.key) });
}

/** The envelope of a job as the true hub would make it; every part can be replaced. */
export async function jobEnvelope(
  hub: Pick<HostileHub, 'key'>,
  site: string,
  body: { readonly job: string; readonly study: string },
  more: Partial<Envelope> & { readonly key?: PrivateKey } = {},
): Promise<string> {
  const { key = hub.key, ...parts } = more;
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  return sealEnvelope(
    {
      v: 1,
      id: uuidv7(Date.now()),
      from: 'hub',
      to: site,
      sentAt: at(0),
      expiresAt: at(86_400_000),
      body: { kind: 'job', ...body },
      ...parts,
    },
    key,
  );
}
