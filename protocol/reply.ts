/**
 * The answer of one site: the result it signs, sealed to the study's recipients and to the site's own archive key; and the header
 * it signs over the ciphertext, so that the hub can check sender and order without reading.
 */

import Type, { type Static } from 'typebox';
import { fromUtf8 } from './bytes.ts';
import { canonical, hash, type Json } from './canonical.ts';
import { MoimError } from './errors.ts';
import { Instant, Sha256, SiteSlug, Uuid } from './ids.ts';
import type { PublicKey, SealingPair } from './keys.ts';
import { parser } from './schema.ts';
import { open, type Sealed } from './seal.ts';
import { verifySignature } from './sign.ts';
import { SiteVocabulary } from './vocabulary.ts';

const closed = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });
const CellKind = Type.Union([Type.Literal('persons'), Type.Literal('rows')]);
const CellId = Type.String({ pattern: '^[a-z0-9][a-z0-9/:+-]{0,119}$' });

export const WireCell = Type.Union([
  Type.Object({ id: CellId, kind: CellKind, state: Type.Literal('value'), value: Count }, closed),
  Type.Object({ id: CellId, kind: CellKind, state: Type.Literal('zero'), value: Type.Literal(0) }, closed),
  Type.Object(
    { id: CellId, kind: CellKind, state: Type.Literal('suppressed'), low: Count, high: Count },
    closed,
  ),
  Type.Object({ id: CellId, kind: CellKind, state: Type.Literal('not-applicable') }, closed),
  Type.Object({ id: CellId, kind: CellKind, state: Type.Literal('error') }, closed),
]);

/** What a site says about one job. Cells only: no text of the hospital's own making. */
export const SiteAnswer = Type.Object(
  {
    schema: Type.Literal('moim-result/1'),
    study: Uuid,
    version: Type.Integer({ minimum: 1 }),
    studyHash: Sha256,
    job: Uuid,
    site: SiteSlug,
    answeredAt: Instant,
    /** Which state of the hospital's data the figures stand on. */
    dataVersion: Sha256,
    /** The minimum cell that was applied: the stricter of the hospital's and the study's. */
    minimumCell: Type.Integer({ minimum: 1 }),
    zeroShown: Type.Boolean(),
    /** The roster's head as this site holds it: a hub that shows two rosters is seen by whoever lays two answers side by side. */
    roster: Type.Optional(Type.Object({ version: Type.Integer({ minimum: 1 }), hash: Sha256 }, closed)),
    /** How the site's vocabulary meets the study (vocabulary.ts). */
    vocabulary: Type.Optional(SiteVocabulary),
    cohorts: Type.Array(
      Type.Object({ cohort: Count, cells: Type.Array(WireCell, { maxItems: 100_000 }) }, closed),
    ),
  },
  closed,
);
export type SiteAnswer = Static<typeof SiteAnswer>;

/** What binds a sealed reply to its place: the associated data of the seal. */
export const ReplyContext = Type.Object(
  {
    schema: Type.Literal('moim-reply/1'),
    study: Uuid,
    version: Type.Integer({ minimum: 1 }),
    studyHash: Sha256,
    job: Uuid,
    site: SiteSlug,
    recipients: Sha256,
    policy: Sha256,
  },
  closed,
);
export type ReplyContext = Static<typeof ReplyContext>;

/** The header: the context, when it was sealed, and the hash of the sealed bytes (never of the plaintext: counts are guessable). */
export const ReplyHeader = Type.Object(
  { context: ReplyContext, sealedAt: Instant, ciphertext: Sha256 },
  closed,
);
export type ReplyHeader = Static<typeof ReplyHeader>;

const headers = parser(ReplyHeader);
const answers = parser(SiteAnswer);

/** Bytes a cohort: more than the cells of any but the longest list of inclusion rules take. */
const paddingStep = 8192;

/** The signed answer, filled up with newlines: its length must not tell the hub how large the figures are. */
export function padded(jws: string, cohorts: number): string {
  const step = paddingStep * Math.max(1, cohorts);
  return jws.padEnd(Math.ceil((jws.length + 1) / step) * step, '\n');
}

export const sealedHash = (sealed: Sealed): string => hash(canonical(sealed as unknown as Json));

/** Checks a reply's header and ciphertext hash, unread. Throws MoimError `bad-signature` or `bad-input`. */
export async function verifyReply(header: string, sealed: Sealed, site: PublicKey): Promise<ReplyHeader> {
  const parsed = headers.parse(await verifySignature(header, 'moim-reply', site), 'reply header');
  if (parsed.ciphertext !== sealedHash(sealed))
    throw new MoimError('bad-signature', 'a reply was altered on its way');
  return parsed;
}

/**
 * Opens a reply whose header was verified: decrypts with a recipient's or the archive key, verifies the site's signature
 * inside, and checks that result and header speak of the same job. Throws `cannot-open`, `bad-signature`, `bad-input`.
 */
export async function openReply(
  header: ReplyHeader,
  sealed: Sealed,
  pair: SealingPair,
  site: PublicKey,
): Promise<SiteAnswer> {
  const inner = readInner(await open(sealed, pair, header.context));
  const answer = answers.parse(await verifySignature(inner, 'moim-result', site), 'site answer');
  const { context } = header;
  if (
    answer.job !== context.job ||
    answer.study !== context.study ||
    answer.version !== context.version ||
    answer.studyHash !== context.studyHash ||
    answer.site !== context.site
  ) {
    throw new MoimError('bad-signature', 'a reply speaks of another job than its header');
  }
  return answer;
}

function readInner(plaintext: Uint8Array): string {
  try {
    return fromUtf8(plaintext).replace(/\n+$/, '');
  } catch (cause) {
    throw new MoimError('bad-signature', 'a reply holds no signed answer', { cause });
  }
}
