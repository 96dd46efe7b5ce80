/**
 * Frames of the link between a node and its hub: JSON text over one WebSocket that the node opened. Control frames are a closed
 * schema of ids, numbers, enums, versions, nonces, hashes and signatures; the only frame that carries content is `deliver`, and what
 * it carries is an envelope.
 *
 * node → hello · hub → challenge (signed) · node → proof (signed) · hub → welcome · node → resume · then both: deliver, ack; node: state;
 * hub: witness (it countersigned an audit head), roster (a newer head), notice (something the hospital's operator should know).
 */

import Type, { type Static } from 'typebox';
import { errors, MoimError } from './errors.ts';
import { Sha256, SiteSlug, Uuid } from './ids.ts';
import { mostCarried } from './rotation.ts';
import { oneOf, parseJson, parser } from './schema.ts';

const closed = { additionalProperties: false } as const;
const Jws = Type.String({ pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$' });
const Rotations = Type.Array(Jws, { minItems: 1, maxItems: mostCarried });
/** 32 bytes, base64url in its one form. */
const Nonce = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$' });
/** Beyond 2^53 − 1 a number would not be the one that was sent. */
const Ordinal = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Position = { epoch: Ordinal, seq: Ordinal };

/** The versions of this protocol that this code speaks, newest first. */
export const protocolVersions = [1] as const;

/** What a node can do, so that a hub sends no job a node cannot run. */
export const Capability = oneOf(['analysis:count', 'cohort:circe']);

/** The states a site reports of a job. */
export const jobStates = [
  'waiting',
  'awaiting-approval',
  'running',
  'answered',
  'refused',
  'failed',
  'expired',
] as const;
const JobState = oneOf(jobStates);
export type JobState = (typeof jobStates)[number];

/** Why a person at the hospital refused: closed, since words could carry anything. Notes stay at the hospital. */
export const refusalReasons = [
  'purpose',
  'legal-basis',
  'ethics',
  'scope',
  'disclosure-risk',
  'data-quality',
  'capacity',
  'duplicate',
  'not-permitted',
  'other',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** The coarse codes that may leave a hospital (protocol/errors.ts, `wire`): a closed list, since a pattern would carry words. */
export const WireCode = Type.Unsafe<string>({
  type: 'string',
  enum: Object.entries(errors).flatMap(([code, row]) => (row.wire ? code : [])),
});

export const Hello = Type.Object(
  {
    t: Type.Literal('hello'),
    versions: Type.Array(Type.Integer({ minimum: 1, maximum: 1000 }), { minItems: 1, maxItems: 20 }),
    site: SiteSlug,
    key: Nonce,
    nonce: Nonce,
    capabilities: Type.Array(Capability, { maxItems: 50 }),
    /** The key is new: the old one, which the hub knows, says so (protocol/rotation.ts). The oldest first. */
    rotation: Type.Optional(Rotations),
  },
  closed,
);
export const Challenge = Type.Object(
  {
    t: Type.Literal('challenge'),
    version: Type.Integer({ minimum: 1, maximum: 1000 }),
    nonce: Nonce,
    signature: Jws,
    /** The hub's key is new: the old one, which the node pinned, says so. */
    rotation: Type.Optional(Rotations),
  },
  closed,
);
export const Proof = Type.Object({ t: Type.Literal('proof'), signature: Jws }, closed);
/** `epoch`, `seq`: the last envelope of the other side that is durable here; delivery goes on after it. */
export const Welcome = Type.Object(
  {
    t: Type.Literal('welcome'),
    ...Position,
    /** The newest audit head of this site that the hub countersigned: a node whose log does not hold it was set back. */
    head: Type.Optional(Type.Object({ epoch: Ordinal, n: Ordinal, hash: Sha256 }, closed)),
    /** The receipt for that head (protocol/witness.ts): the site's own signature proves it. */
    receipt: Type.Optional(Jws),
    /** The head of the roster, signed by the hub. */
    roster: Type.Optional(Jws),
  },
  closed,
);
export const Resume = Type.Object({ t: Type.Literal('resume'), ...Position }, closed);
export const Deliver = Type.Object({ t: Type.Literal('deliver'), ...Position, envelope: Jws }, closed);
export const Ack = Type.Object({ t: Type.Literal('ack'), ...Position }, closed);
export const State = Type.Object(
  {
    t: Type.Literal('state'),
    job: Uuid,
    state: JobState,
    code: Type.Optional(WireCode),
    reason: Type.Optional(oneOf(refusalReasons)),
  },
  closed,
);
/** The hub countersigned an audit head: the receipt (protocol/witness.ts) is the hospital's to keep. */
export const Witness = Type.Object({ t: Type.Literal('witness'), receipt: Jws }, closed);
/** The roster has a newer head (protocol/roster.ts). */
export const RosterFrame = Type.Object({ t: Type.Literal('roster'), head: Jws }, closed);
/** Something that the hospital's operator should know, such as a second session with this site's key. */
export const Notice = Type.Object({ t: Type.Literal('notice'), code: WireCode }, closed);
export const Refuse = Type.Object({ t: Type.Literal('refuse'), code: WireCode }, closed);

export const Frame = Type.Union([
  Hello,
  Challenge,
  Proof,
  Welcome,
  Resume,
  Deliver,
  Ack,
  State,
  Refuse,
  Witness,
  RosterFrame,
  Notice,
]);
export type Frame = Static<typeof Frame>;
export type Hello = Static<typeof Hello>;
export type Challenge = Static<typeof Challenge>;

const frames = parser(Frame);

/** No frame may be longer (bytes). A study with 100 definitions of the largest size seen fits several times over. */
export const frameLimit = 32 * 1024 * 1024;

export function readFrame(text: string): Frame {
  const value = parseJson(text, 'frame');
  if (!frames.check(value)) throw new MoimError('bad-input', 'a frame is not of the known forms');
  return value;
}

export const writeFrame = (frame: Frame): string => JSON.stringify(frame);

/** What both sides sign in the handshake: each signature covers both nonces, the version and the other's name. */
export function transcript(hello: Hello, version: number, hubNonce: string, hubKey: string) {
  return { hello: { ...hello }, version, hubNonce, hubKey };
}

/** The newest version both speak, or undefined. */
export function commonVersion(theirs: readonly number[]): number | undefined {
  return protocolVersions.find((version) => theirs.includes(version));
}

/** Which side speaks newer versions, where none is in common; `neither` where one is. */
export function newer(theirs: readonly number[]): 'ours' | 'theirs' | 'neither' {
  if (commonVersion(theirs) !== undefined) return 'neither';
  return Math.max(...theirs) > protocolVersions[0] ? 'theirs' : 'ours';
}
