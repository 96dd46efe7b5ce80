/** The hospital's policy: what it may say, and what holds where it says nothing. */

import Type, { type Static } from 'typebox';
import { countParts } from '#protocol/analysis.ts';
import { Fingerprint } from '#protocol/ids.ts';
import { oneOf } from '#protocol/schema.ts';

const closed = { additionalProperties: false } as const;
const Names = Type.Array(Type.String({ pattern: '^(\\*|[A-Z][A-Za-z]*)(\\.[A-Za-z]+|\\.\\*)?$' }), {
  uniqueItems: true,
  maxItems: 1000,
});

/** Fields of a study that a hospital may ask to be filled in. */
const studyFields = [
  'purpose',
  'sponsor',
  'ethicsReference',
  'legalBasis',
  'contact',
  'funding',
  'end',
] as const;

/** As a policy file says it. A file of the first three keys alone stays valid. */
export const PolicyFile = Type.Object(
  {
    /** The fewest persons a released figure may stand on; a study may only be stricter. */
    minimumCell: Type.Integer({ minimum: 1, maximum: 1000 }),
    /** Whether an empty cell may be shown as zero. */
    showZero: Type.Boolean(),
    /** Analyses that may run. */
    analyses: Type.Array(oneOf(['count', 'vocabulary']), { uniqueItems: true }),
    /** Of the parts that a study may ask of `count` besides, those that may be given; left out: all of them. */
    countParts: Type.Optional(Type.Array(oneOf(countParts), { uniqueItems: true })),
    /** Who says that a study may run: this policy alone, or one or two named persons each time. */
    permit: Type.Optional(oneOf(['automatic', 'one-person', 'two-persons'])),
    /** `reviewed`: only the very figures leave that a person saw and approved by their hash. */
    release: Type.Optional(oneOf(['automatic', 'reviewed'])),
    /** Names of criteria and their attributes, as Circe spells them (sql/circe/attributes.ts); `*` stands for any type or attribute. */
    criteria: Type.Optional(Type.Object({ allow: Type.Optional(Names), deny: Type.Optional(Names) }, closed)),
    /** Date bounds of a definition may not single out fewer days. */
    minimumWindowDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 36_500 })),
    /** Runs on one day (UTC). */
    quota: Type.Optional(
      Type.Object(
        {
          perLeadPerDay: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
          perDay: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
        },
        closed,
      ),
    ),
    requiredFields: Type.Optional(Type.Array(oneOf(studyFields), { uniqueItems: true })),
    /** How long an approval holds unless the approver says otherwise. */
    approvalDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
    /** Of the accepted leads, those whose studies may run; empty: all of them. */
    leads: Type.Optional(Type.Array(Fingerprint, { uniqueItems: true, maxItems: 10_000 })),
  },
  closed,
);
export type PolicyFile = Static<typeof PolicyFile>;

/** With every default filled in. */
export interface Policy extends Required<Omit<PolicyFile, 'criteria' | 'quota'>> {
  readonly criteria: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly quota: { readonly perLeadPerDay?: number; readonly perDay?: number };
}

export interface PolicyVersion {
  readonly version: number;
  readonly policy: Policy;
  readonly hash: string;
  /** Who put it in force: a person's name, `console`, or null for a version older than persons. */
  readonly appliedBy: string | null;
  /** Whose hand that was (node/person/hand.ts); null where nobody was registered. Left out counts as the console's beside persons. */
  readonly appliedHand?: string | null;
}

export function completePolicy(file: PolicyFile): Policy {
  const { criteria, quota } = file;
  return {
    permit: 'automatic',
    release: 'automatic',
    minimumWindowDays: 0,
    requiredFields: [],
    approvalDays: 30,
    leads: [],
    countParts: [...countParts],
    ...file,
    criteria: { allow: criteria?.allow ?? [], deny: criteria?.deny ?? [] },
    quota: quota ?? {},
  };
}

/** How many persons must approve before anything leaves. */
export function personsNeeded({ permit, release }: Policy): 0 | 1 | 2 {
  if (permit === 'two-persons') return 2;
  return permit === 'one-person' || release === 'reviewed' ? 1 : 0;
}
