/**
 * Makes the vectors of protocol version 1 from fixed keys, clock, ids and randomness. They were written once, by
 * `node test/vectors/make-v1.ts`, which refuses to write over a file: v1.test.ts holds today's code against them.
 */

import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toBase64url, utf8 } from '#protocol/bytes.ts';
import { canonical, canonicalHash } from '#protocol/canonical.ts';
import { sealEnvelope } from '#protocol/envelope.ts';
import { type Frame, type Hello, transcript, writeFrame } from '#protocol/frame.ts';
import { fingerprint, publicOf, thumbprint } from '#protocol/keys.ts';
import { chain, emptyHead, type LedgerEntry } from '#protocol/ledger.ts';
import { sealedHash } from '#protocol/reply.ts';
import { seal } from '#protocol/seal.ts';
import { sign } from '#protocol/sign.ts';
import { type SignedStudy, signStudy } from '#protocol/study.ts';
import * as fixed from './fixed.ts';

export const vectorNames = [
  'canonical',
  'keys',
  'study',
  'envelope',
  'reply',
  'handshake',
  'frames',
  'ledger',
] as const;
export type VectorName = (typeof vectorNames)[number];

export const vectorFile = (name: VectorName): string =>
  fileURLToPath(new URL(`v1/${name}.json`, import.meta.url));

export const fixedStudy = (): Promise<SignedStudy> =>
  signStudy(fixed.draft, {
    key: fixed.leadKey,
    sealingKey: fixed.studySealing.public,
    signedAt: fixed.instant(),
    nextId: fixed.fixedIds('study'),
  });

/** The text of every vector file as today's code makes it. */
export async function makeVectors(): Promise<Record<VectorName, string>> {
  const signed = await fixedStudy();
  const envelope = fixed.jobEnvelope(signed);
  const reply = await makeReply(signed);
  const handshake = await makeHandshake();
  const vectors: Record<VectorName, object> = {
    canonical: makeCanonical(),
    keys: [fixed.leadKey, fixed.hubKey, fixed.siteKey].map((key) => ({
      key,
      thumbprint: thumbprint(publicOf(key)),
      fingerprint: fingerprint(publicOf(key)),
    })),
    study: { key: publicOf(fixed.leadKey), study: signed.study, jws: signed.jws, hash: signed.hash },
    envelope: { key: publicOf(fixed.hubKey), envelope, jws: await sealEnvelope(envelope, fixed.hubKey) },
    reply,
    handshake,
    frames: await makeFrames(signed, handshake),
    ledger: makeLedger(),
  };
  return Object.fromEntries(
    Object.entries(vectors).map(([name, value]) => [name, `${JSON.stringify(value, null, 2)}\n`]),
  ) as Record<VectorName, string>;
}

function makeCanonical() {
  const values = [
    {
      numbers: [333333333.3333333, 4.5, 2e-3, 1e-27, -0, 9007199254740991],
      string: '€$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    },
    {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      דּ: 'Dalet',
      '1': 'One',
      '😀': 'Grinning Face',
      '\u0080': 'Control',
      ö: 'O',
    },
    { 이름: '모임', empty: {}, list: [[], [{}]] },
  ];
  return values.map((value) => ({ value, canonical: canonical(value), sha256: canonicalHash(value) }));
}

async function makeReply(signed: SignedStudy) {
  const answer = fixed.siteAnswer(signed);
  const context = fixed.replyContext(signed);
  const inner = await sign(fixed.json(answer), 'moim-result', fixed.siteKey);
  const recipients = [fixed.studySealing.public, fixed.archiveSealing.public];
  const sealed = await seal(utf8(inner), recipients, fixed.json(context), fixed.fixedRandom('reply'));
  const header = { context, sealedAt: answer.answeredAt, ciphertext: sealedHash(sealed) };
  return {
    key: publicOf(fixed.siteKey),
    readers: [fixed.studySealing, fixed.archiveSealing],
    answer,
    inner,
    sealed,
    header: await sign(fixed.json(header), 'moim-reply', fixed.siteKey),
  };
}

async function makeHandshake() {
  const hello: Hello = {
    t: 'hello',
    versions: [1],
    site: 'seoul',
    key: thumbprint(publicOf(fixed.siteKey)),
    nonce: toBase64url(fixed.fixedRandom('node nonce')(32)),
    capabilities: ['analysis:count', 'cohort:circe'],
  };
  const nonce = toBase64url(fixed.fixedRandom('hub nonce')(32));
  const said = transcript(hello, 1, nonce, thumbprint(publicOf(fixed.hubKey)));
  return {
    hub: publicOf(fixed.hubKey),
    node: publicOf(fixed.siteKey),
    transcript: said,
    challenge: await sign(fixed.json(said), 'moim-link-hub', fixed.hubKey),
    proof: await sign(fixed.json(said), 'moim-link-node', fixed.siteKey),
  };
}

async function makeFrames(signed: SignedStudy, handshake: Awaited<ReturnType<typeof makeHandshake>>) {
  const { hello, version, hubNonce } = handshake.transcript;
  const job = fixed.jobOf(signed, 'seoul');
  const frames: Frame[] = [
    hello,
    { t: 'challenge', version, nonce: hubNonce, signature: handshake.challenge },
    { t: 'proof', signature: handshake.proof },
    { t: 'welcome', epoch: 1, seq: 0 },
    { t: 'resume', epoch: 1, seq: 41 },
    {
      t: 'deliver',
      epoch: 1,
      seq: 42,
      envelope: await sealEnvelope(fixed.jobEnvelope(signed), fixed.hubKey),
    },
    { t: 'ack', epoch: 1, seq: 42 },
    { t: 'state', job, state: 'running' },
    { t: 'state', job, state: 'refused', code: 'not-permitted' },
    { t: 'refuse', code: 'unknown-site' },
  ];
  return frames.map((frame) => ({ frame, line: writeFrame(frame) }));
}

function makeLedger(): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (const [kind, body] of [
    ['job-received', { job: fixed.fixedIds('ledger')() }],
    ['job-answered', { cells: 3, ciphertext: 'c'.repeat(64) }],
    ['delivery-refused', { code: 'expired' }],
  ] as const) {
    entries.push(chain(entries.at(-1) ?? emptyHead, fixed.instant(), kind, body));
  }
  return entries;
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await makeVectors()) as [VectorName, string][]) {
    if (!existsSync(vectorFile(name))) writeFileSync(vectorFile(name), text, { flag: 'wx' });
  }
}
