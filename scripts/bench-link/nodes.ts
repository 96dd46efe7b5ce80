/**
 * Many nodes in one process, for the bench: each holds a key and a real link (handshake, deliveries, acknowledgements), and none has a
 * database. A node's answer is signed and sealed before the clock starts: what is timed is the hub, not a thousand hospitals' processors
 * on one machine.
 */

import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { utf8 } from '#protocol/bytes.ts';
import type { Json } from '#protocol/canonical.ts';
import { sealEnvelope } from '#protocol/envelope.ts';
import { readFrame, transcript, writeFrame } from '#protocol/frame.ts';
import { uuidv7 } from '#protocol/ids.ts';
import {
  createSealingPair,
  createSigningKey,
  type PrivateKey,
  type PublicKey,
  publicOf,
  thumbprint,
} from '#protocol/keys.ts';
import { padded, sealedHash } from '#protocol/reply.ts';
import { seal } from '#protocol/seal.ts';
import { sign } from '#protocol/sign.ts';
import { claimedLead, openStudy, recipientsHash, type SignedStudy } from '#protocol/study.ts';
import { copyHash } from '#protocol/study-copy.ts';
import { clock, type FromNodes, type ToNodes } from './message.ts';

interface SimulatedNode {
  readonly site: string;
  readonly key: PrivateKey;
  socket?: WebSocket;
  seq: number;
  reply?: string;
  delivered: number;
  stored: number;
}

const nodes: SimulatedNode[] = [];
let bare: WebSocket[] = [];
let open = 0;
let answered = 0;
let roundDone: () => void = () => {};

const say = (message: FromNodes) => process.send?.(message);

process.on('message', (message: ToNodes) => {
  void handle(message).catch((cause: unknown) =>
    say({ kind: 'fault', what: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) }),
  );
});

async function handle(message: ToNodes): Promise<void> {
  if (message.kind === 'make') {
    for (let i = nodes.length; i < message.sites; i += 1) {
      const site = `site-${String(i).padStart(5, '0')}`;
      nodes.push({ site, key: await createSigningKey(), seq: 0, delivered: 0, stored: 0 });
    }
    say({ kind: 'made', sites: nodes.map(({ site, key }) => ({ site, key: publicOf(key) })) });
  } else if (message.kind === 'connect') {
    const waiting = nodes.filter(({ socket }) => !socket).slice(0, message.most - open);
    const lane = async () => {
      for (let node = waiting.shift(); node; node = waiting.shift())
        await connect(node, message.url, message.hubKey);
    };
    await Promise.all(Array.from({ length: 50 }, lane));
    say({ kind: 'connected', links: open });
  } else if (message.kind === 'prepare') {
    const bytes = await prepare(message.study);
    answered = 0;
    const done = new Promise<void>((resolve) => {
      roundDone = resolve;
    });
    say({ kind: 'prepared', bytes });
    await done;
    const live = nodes.filter(({ reply }) => reply !== undefined);
    say({
      kind: 'round',
      delivered: live.map(({ delivered }) => delivered),
      stored: live.map(({ stored }) => stored),
    });
  } else if (message.kind === 'bare') {
    bare = await Promise.all(Array.from({ length: message.sites }, (_, i) => bareSocket(message.port, i)));
    say({ kind: 'connected', links: bare.length });
  } else await bareRound(message.bytes);
}

function connect(node: SimulatedNode, url: string, hubKey: PublicKey): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Several addresses of this machine: one address is one hospital to the hub's rate limit.
  const socket = new WebSocket(`${url.replace('http', 'ws')}/federation/v1/link`, {
    perMessageDeflate: false,
    localAddress: `127.0.0.${2 + (nodes.indexOf(node) % 200)}`,
  });
  const hello = {
    t: 'hello' as const,
    versions: [1],
    site: node.site,
    key: thumbprint(publicOf(node.key)),
    nonce: randomBytes(32).toString('base64url'),
    capabilities: ['analysis:count' as const, 'cohort:circe' as const],
  };
  socket.on('open', () => socket.send(writeFrame(hello)));
  socket.on('error', reject);
  socket.on('close', () => {
    if (node.socket) open -= 1;
    delete node.socket;
    reject(new Error(`${node.site}: the hub closed the link`));
  });
  socket.on('message', (data) => {
    const frame = readFrame(String(data));
    if (frame.t === 'deliver') {
      node.delivered = clock();
      socket.send(writeFrame({ t: 'ack', epoch: frame.epoch, seq: frame.seq }));
      if (node.reply === undefined) throw new Error(`${node.site}: a job nobody announced`);
      node.seq += 1;
      socket.send(writeFrame({ t: 'deliver', epoch: 1, seq: node.seq, envelope: node.reply }));
    } else if (frame.t === 'ack') {
      node.stored = clock();
      answered += 1;
      if (answered === nodes.filter(({ reply }) => reply !== undefined).length) roundDone();
    } else if (frame.t === 'challenge') {
      const said = transcript(hello, frame.version, frame.nonce, thumbprint(hubKey)) as unknown as Json;
      void sign(said, 'moim-link-node', node.key).then((signature) =>
        socket.send(writeFrame({ t: 'proof', signature })),
      );
    } else if (frame.t === 'welcome') {
      socket.send(writeFrame({ t: 'resume', epoch: 1, seq: 0 }));
      node.socket = socket;
      open += 1;
      resolve();
    } else if (frame.t === 'refuse') reject(new Error(`${node.site}: refused, ${frame.code}`));
  });
  return promise;
}

/** Makes each live node's signed, sealed answer to its job of this study. Gives the bytes of one. */
async function prepare(jws: string): Promise<number> {
  const signed = await openStudy(jws, claimedLead(jws));
  const archive = await createSealingPair();
  for (const node of nodes) {
    delete node.reply;
    if (node.socket) node.reply = await answer(node, signed, archive.public);
  }
  return nodes.find(({ reply }) => reply !== undefined)?.reply?.length ?? 0;
}

async function answer(node: SimulatedNode, signed: SignedStudy, archive: string): Promise<string> {
  const { study } = signed;
  const place = study.sites.find(({ site }) => site === node.site);
  if (!place) throw new Error(`${node.site} is not in the study`);
  const { job } = place;
  const hash = copyHash(signed, place);
  const at = new Date().toISOString();
  const cells = Array.from({ length: 40 }, (_, i) => ({
    id: `persons/${i}`,
    kind: 'persons' as const,
    state: 'value' as const,
    value: 100 + i,
  }));
  const result = {
    schema: 'moim-result/1',
    study: study.id,
    version: study.version,
    studyHash: hash,
    job,
    site: node.site,
    answeredAt: at,
    dataVersion: '0'.repeat(64),
    minimumCell: 5,
    zeroShown: true,
    cohorts: [{ cohort: 0, cells }],
  };
  const context = {
    schema: 'moim-reply/1' as const,
    study: study.id,
    version: study.version,
    studyHash: hash,
    job,
    site: node.site,
    recipients: recipientsHash(study),
    policy: '0'.repeat(64),
  };
  const readers = [...study.recipients.map(({ sealingKey }) => sealingKey), archive];
  const sealed = await seal(utf8(padded(await sign(result, 'moim-result', node.key), 1)), readers, context);
  const header = await sign(
    { context, sealedAt: at, ciphertext: sealedHash(sealed) },
    'moim-reply',
    node.key,
  );
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const body = { kind: 'reply' as const, job, header, sealed };
  return sealEnvelope(
    { v: 1, id: uuidv7(Date.now()), from: node.site, to: 'hub', sentAt: at, expiresAt, body },
    node.key,
  );
}

function bareSocket(port: number, i: number): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, {
      perMessageDeflate: false,
      localAddress: `127.0.0.${2 + (i % 200)}`,
    });
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** The same round over bare sockets: a message of the same size goes out to each, one comes back, and is acknowledged. */
async function bareRound(bytes: number): Promise<void> {
  const text = 'x'.repeat(bytes);
  const [delivered, stored]: [number[], number[]] = [[], []];
  const rounds = bare.map(
    (socket, i) =>
      new Promise<void>((resolve) => {
        socket.removeAllListeners('message');
        socket.on('message', (data) => {
          if (String(data) === 'ok') {
            stored[i] = clock();
            resolve();
          } else {
            delivered[i] = clock();
            socket.send(text);
          }
        });
      }),
  );
  say({ kind: 'prepared', bytes });
  await Promise.all(rounds);
  say({ kind: 'round', delivered, stored });
}
