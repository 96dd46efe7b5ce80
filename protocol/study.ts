/**
 * The study: what a lead writes (`study.json`), and what the lead signs. Signing adds ids, the lead's key and a fresh sealing key
 * per study; nothing a hospital runs comes from anywhere but the signed document.
 */

import Type, { type Static } from 'typebox';
import { analysisFaults, StudyAnalysis } from './analysis.ts';
import { canonicalHash, type Json } from './canonical.ts';
import { CompletionRule, lastDay } from './completion.ts';
import { MoimError } from './errors.ts';
import { CalendarDate, Fingerprint, Instant, Sha256, SiteSlug, Uuid } from './ids.ts';
import { fingerprint, type PrivateKey, PublicKey, publicOf, SealingKey } from './keys.ts';
import { parser } from './schema.ts';
import { claimedPayload, sign, verifySignature } from './sign.ts';
import { cohortFaults, PinnedCohort, StudyCohort } from './study-cohort.ts';

const Text = (maxLength: number, description?: string) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: '^[^\\u0000-\\u0008\\u000b-\\u001f]*$',
    ...(description === undefined ? {} : { description }),
  });
const closed = { additionalProperties: false } as const;

const common = {
  title: Text(300),
  purpose: Text(4000),
  sponsor: Text(300),
  ethicsReference: Text(300),
  legalBasis: Type.Optional(
    Text(
      300,
      "what the processing rests on, such as an article of the GDPR or a waiver; a hospital's policy may ask for it",
    ),
  ),
  contact: Type.Optional(Text(300, "whom a hospital's data-protection officer may ask")),
  funding: Type.Optional(Text(300, 'who pays')),
  /** First and last day on which a hospital may run it. */
  start: CalendarDate,
  end: CalendarDate,
  /** Days that recipients may keep the answers. */
  retentionDays: Type.Integer({ minimum: 1, maximum: 36_500 }),
  cohorts: Type.Array(StudyCohort, { minItems: 1, maxItems: 100 }),
  /** The concepts of concept sets, by the name of their cohort; every other set a hospital resolves with its own vocabulary. */
  pinned: Type.Optional(Type.Array(PinnedCohort, { minItems: 1, maxItems: 100 })),
  analyses: Type.Array(StudyAnalysis, { minItems: 1, maxItems: 10 }),
  /** The fewest persons a released figure may stand on; a hospital's own, stricter rule still holds. */
  minimumCell: Type.Integer({ minimum: 1, maximum: 1000 }),
  completion: CompletionRule,
};

/** `study.json`, as the lead writes it. A site may be a slug, or a slug with the fingerprint read to the lead by the hospital. */
export const StudyDraft = Type.Object(
  {
    ...common,
    recipients: Type.Array(Type.Object({ name: Text(200), organisation: Text(300) }, closed), {
      minItems: 1,
      maxItems: 1,
    }),
    sites: Type.Array(
      Type.Union([
        SiteSlug,
        Type.Object({ site: SiteSlug, fingerprint: Type.Optional(Fingerprint) }, closed),
      ]),
      { minItems: 1, maxItems: 10_000 },
    ),
  },
  closed,
);
export type StudyDraft = Static<typeof StudyDraft>;

/** The signed study. */
export const Study = Type.Object(
  {
    schema: Type.Literal('moim-study/1'),
    id: Uuid,
    version: Type.Integer({ minimum: 1 }),
    /** The hash of the version that this one amends. */
    amends: Type.Optional(Sha256),
    /** This is one site's copy (study-copy.ts): the hash of the whole study, and how many sites that names. */
    copyOf: Type.Optional(
      Type.Object({ hash: Sha256, sites: Type.Integer({ minimum: 1, maximum: 10_000 }) }, closed),
    ),
    signedAt: Instant,
    ...common,
    lead: Type.Object({ name: Text(200), key: PublicKey }, closed),
    recipients: Type.Array(
      Type.Object({ name: Text(200), organisation: Text(300), sealingKey: SealingKey }, closed),
      {
        minItems: 1,
        maxItems: 1,
      },
    ),
    /** One job a site, its id chosen by the lead: a hub can neither invent a job nor run one twice under another id. */
    sites: Type.Array(
      Type.Object({ site: SiteSlug, job: Uuid, fingerprint: Type.Optional(Fingerprint) }, closed),
      {
        minItems: 1,
        maxItems: 10_000,
      },
    ),
  },
  closed,
);
export type Study = Static<typeof Study>;

const drafts = parser(StudyDraft);
const studies = parser(Study);

/** A study whose signature was verified, with its compact JWS and the canonical hash that hospitals and replies refer to. */
export interface SignedStudy {
  readonly study: Study;
  readonly jws: string;
  readonly hash: string;
  /** The hash of the whole study where this is one site's copy; else the same. Versions, orders and approvals refer to it. */
  readonly whole: string;
}

/** Checks what a lead wrote. Throws MoimError `bad-input` with every path at fault. */
export function readStudyDraft(value: unknown): StudyDraft {
  const draft = drafts.parse(value, 'study');
  checkStudyRules({
    ...draft,
    sites: draft.sites.map((site) => (typeof site === 'string' ? { site } : site)),
  });
  return draft;
}

export interface SigningNeeds {
  readonly key: PrivateKey;
  /** Public half of the sealing key made for this study alone. */
  readonly sealingKey: string;
  readonly signedAt: string;
  /** Makes the ids of the study and of its jobs. */
  readonly nextId: () => Uuid;
  /** The version that this one follows. */
  readonly amends?: SignedStudy;
}

/** Signs a draft as version 1 of a new study, or as the version after the one it amends: under the same id, with new job ids. */
export async function signStudy(draft: StudyDraft, needs: SigningNeeds): Promise<SignedStudy> {
  const [recipient] = draft.recipients;
  const { amends } = needs;
  const study: Study = {
    ...draft,
    schema: 'moim-study/1',
    id: amends?.study.id ?? needs.nextId(),
    version: (amends?.study.version ?? 0) + 1,
    ...(amends ? { amends: amends.hash } : {}),
    signedAt: needs.signedAt,
    lead: { name: recipient?.name ?? '', key: publicOf(needs.key) },
    recipients: draft.recipients.map((each) => ({ ...each, sealingKey: needs.sealingKey })),
    sites: draft.sites.map((site) => ({
      ...(typeof site === 'string' ? { site } : site),
      job: needs.nextId(),
    })),
  };
  const jws = await sign(study as unknown as Json, 'moim-study', needs.key);
  return signedStudy(study, jws);
}

function signedStudy(study: Study, jws: string): SignedStudy {
  const hash = canonicalHash(study as unknown as Json);
  return { study, jws, hash, whole: study.copyOf?.hash ?? hash };
}

/**
 * Verifies a signed study against a key that the caller trusts already; the key inside the document confers nothing.
 * Throws MoimError `bad-signature` or `bad-input`.
 */
export async function openStudy(jws: string, trusted: PublicKey): Promise<SignedStudy> {
  const study = studies.parse(await verifySignature(jws, 'moim-study', trusted), 'signed study');
  if (fingerprint(study.lead.key) !== fingerprint(trusted)) {
    throw new MoimError('bad-signature', 'the study names another lead than the one who signed it');
  }
  checkStudyRules(study);
  if ((study.version === 1) !== (study.amends === undefined))
    throw new MoimError('bad-input', 'study: /amends: every version but the first names the one before');
  return signedStudy(study, jws);
}

/** The lead's key a signed study claims. Not verified here: look it up among accepted leads, then call `openStudy`. */
export function claimedLead(jws: string): PublicKey {
  return studies.parse(claimedPayload(jws), 'signed study').lead.key;
}

/** The hash of who may read: goes into every seal's context. */
export function recipientsHash(study: Study): string {
  return canonicalHash(study.recipients as unknown as Json);
}

/** Rules that a schema cannot say, all collected. */
function checkStudyRules(study: {
  start: string;
  end: string;
  cohorts: readonly StudyCohort[];
  pinned?: readonly PinnedCohort[];
  sites: readonly { site: string; job?: string }[];
  analyses: readonly StudyAnalysis[];
  completion: CompletionRule;
  copyOf?: { sites: number };
}): void {
  const faults: string[] = [...analysisFaults(study.analyses), ...cohortFaults(study.cohorts, study.pinned)];
  if (study.copyOf && study.sites.length !== 1) faults.push('/copyOf: a copy names one site');
  if (study.start > study.end) faults.push('/end: before /start');
  const repeats = (names: readonly string[]) => new Set(names).size !== names.length;
  if (repeats(study.sites.map((site) => site.site))) faults.push('/sites: a site stands twice');
  const jobs = study.sites.flatMap((site) => site.job ?? []);
  if (repeats(jobs)) faults.push('/sites: two sites have one job id');
  const asked = study.copyOf?.sites ?? study.sites.length;
  if (study.completion.kind === 'at-least' && study.completion.sites > asked) {
    faults.push('/completion/sites: more than the study has sites');
  }
  const by = lastDay(study.completion);
  if (by !== undefined && (by < study.start || by > study.end))
    faults.push('/completion: its day lies outside /start and /end');
  if (faults.length > 0) throw new MoimError('bad-input', `study: ${faults.join('; ')}`);
}
