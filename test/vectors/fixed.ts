/** Keys, clock, ids and randomness that never change, for golden vectors and for the tests of the protocol. Worthless outside them. */

import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { toBase64url } from '#protocol/bytes.ts';
import type { Json } from '#protocol/canonical.ts';
import type { Envelope } from '#protocol/envelope.ts';
import { type Random, type Uuid, uuidv7 } from '#protocol/ids.ts';
import type { PrivateKey, SealingPair } from '#protocol/keys.ts';
import type { ReplyContext, SiteAnswer } from '#protocol/reply.ts';
import type { SignedStudy, StudyDraft } from '#protocol/study.ts';
import { recipientsHash } from '#protocol/study.ts';

/** RFC 8037 appendix A.1. */
export const leadKey: PrivateKey = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
};
export const hubKey = signingKey('hub');
export const siteKey = signingKey('site');
/** A key that nobody here trusts. */
export const strangerKey = signingKey('stranger');
export const studySealing = sealingPair('study');
export const archiveSealing = sealingPair('archive');
export const strangerSealing = sealingPair('stranger');

/** 2026-01-15T09:30:00.000Z. */
export const noon = Date.UTC(2026, 0, 15, 9, 30);
export const instant = (ms: number = noon): string => new Date(ms).toISOString();

/** The same bytes for the same name, however they are cut into pieces. */
export function fixedRandom(name: string): Random {
  let block = 0;
  let held: number[] = [];
  return (length) => {
    while (held.length < length) {
      held = held.concat([...createHash('sha256').update(`moim vector ${name} ${block}`).digest()]);
      block += 1;
    }
    return Uint8Array.from(held.splice(0, length));
  };
}

/** UUIDv7s a millisecond apart. */
export function fixedIds(name: string, start: number = noon): () => Uuid {
  const random = fixedRandom(name);
  let now = start;
  return () => uuidv7(now++, random);
}

export const draft: StudyDraft = {
  title: 'Diabetes on metformin — 당뇨병',
  purpose: 'How many persons, by sex and age.',
  sponsor: 'A university',
  ethicsReference: 'IRB-2026-001',
  start: '2026-01-01',
  end: '2026-12-31',
  retentionDays: 365,
  cohorts: [
    { name: 'Type 2 diabetes', definition: { PrimaryCriteria: { CriteriaList: [] }, ConceptSets: [] } },
  ],
  analyses: [{ kind: 'count' }],
  minimumCell: 5,
  completion: { kind: 'at-least', sites: 2 },
  recipients: [{ name: 'A. Lead', organisation: 'A university' }],
  sites: ['seoul', { site: 'busan', fingerprint: 'ABCD-EFGH-IJKL-MNOP' }],
};

/** What `seoul` answers to the one cohort of the draft. */
export function siteAnswer(signed: SignedStudy): SiteAnswer {
  return {
    schema: 'moim-result/1',
    study: signed.study.id,
    version: signed.study.version,
    studyHash: signed.hash,
    job: jobOf(signed, 'seoul'),
    site: 'seoul',
    answeredAt: instant(),
    dataVersion: 'a'.repeat(64),
    minimumCell: 5,
    zeroShown: false,
    cohorts: [
      {
        cohort: 0,
        cells: [
          { id: 'persons', kind: 'persons', state: 'value', value: 128 },
          { id: 'sex/f', kind: 'persons', state: 'suppressed', low: 0, high: 9 },
          { id: 'sex/m', kind: 'persons', state: 'not-applicable' },
        ],
      },
    ],
  };
}

export function replyContext(signed: SignedStudy): ReplyContext {
  return {
    schema: 'moim-reply/1',
    study: signed.study.id,
    version: signed.study.version,
    studyHash: signed.hash,
    job: jobOf(signed, 'seoul'),
    site: 'seoul',
    recipients: recipientsHash(signed.study),
    policy: 'b'.repeat(64),
  };
}

export function jobEnvelope(signed: SignedStudy): Envelope {
  return {
    v: 1,
    id: fixedIds('envelope')(),
    from: 'hub',
    to: 'seoul',
    sentAt: instant(),
    expiresAt: instant(noon + 3_600_000),
    body: { kind: 'job', job: jobOf(signed, 'seoul'), study: signed.jws },
  };
}

export function jobOf(signed: SignedStudy, name: string): Uuid {
  const site = signed.study.sites.find((each) => each.site === name);
  if (!site) throw new Error(`no site ${name}`);
  return site.job;
}

/** A typed document as the plain JSON it is. */
export const json = (value: object): Json => value as unknown as Json;

function signingKey(name: string): PrivateKey {
  const { d, x } = rawPair(name, '302e020100300506032b657004220420');
  return { kty: 'OKP', crv: 'Ed25519', x, d };
}

function sealingPair(name: string): SealingPair {
  const { d, x } = rawPair(name, '302e020100300506032b656e04220420');
  return { public: x, secret: d };
}

/** `prefix`: of a PKCS #8 Ed25519 or X25519 key (RFC 8410). */
function rawPair(name: string, prefix: string): { d: string; x: string } {
  const secret = createHash('sha256').update(`moim vector key ${name}`).digest();
  const der = Buffer.concat([Buffer.from(prefix, 'hex'), secret]);
  const open = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({
    format: 'jwk',
  });
  return { d: toBase64url(secret), x: open.x ?? '' };
}
