/** The hospital's policy: versioned, each version kept, the newest in force. Where there is none, nothing is permitted. */

import { parse as parseToml } from 'smol-toml';
import Type, { type Static } from 'typebox';
import { record } from '#host/audit-log.ts';
import { canonicalHash, type Json } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { oneOf, parser } from '#protocol/schema.ts';
import type { NodeDb } from '../database.ts';

export const Policy = Type.Object(
  {
    /** The fewest persons a released figure may stand on; a study may only be stricter. */
    minimumCell: Type.Integer({ minimum: 1, maximum: 1000 }),
    /** Whether an empty cell may be shown as zero. */
    showZero: Type.Boolean(),
    /** Analyses that may run. */
    analyses: Type.Array(oneOf(['count']), { uniqueItems: true }),
  },
  { additionalProperties: false },
);
export type Policy = Static<typeof Policy>;

export interface PolicyVersion {
  readonly version: number;
  readonly policy: Policy;
  readonly hash: string;
}

export const defaultPolicy: Policy = { minimumCell: 5, showZero: true, analyses: ['count'] };

const policies = parser(Policy);

/** Reads a policy file (TOML). Throws MoimError `bad-input`. */
export function readPolicy(text: string, what: string): Policy {
  let value: unknown;
  try {
    value = parseToml(text);
  } catch (cause) {
    const line = cause instanceof Error && 'line' in cause ? ` at line ${String(cause.line)}` : '';
    throw new MoimError('bad-input', `${what}: not TOML${line}`);
  }
  return policies.parse(value, what);
}

/** The policy in force, or undefined. */
export async function currentPolicy(db: NodeDb): Promise<PolicyVersion | undefined> {
  const row = await db
    .selectFrom('policy')
    .selectAll()
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { version: row.version, policy: policies.parse(row.body, 'stored policy'), hash: row.sha256 };
}

/** Puts a policy in force as the next version; the same policy again changes nothing. */
export async function applyPolicy(db: NodeDb, policy: Policy, at: string): Promise<PolicyVersion> {
  const hash = canonicalHash(policy as unknown as Json);
  return db.transaction().execute(async (transaction) => {
    const current = await currentPolicy(transaction);
    if (current?.hash === hash) return current;
    const version = (current?.version ?? 0) + 1;
    await transaction
      .insertInto('policy')
      .values({ version, body: JSON.stringify(policy), sha256: hash, applied_at: at })
      .execute();
    await record(transaction, at, 'policy-applied', { version, hash });
    return { version, policy, hash };
  });
}

/** The policy in words, a line a rule. */
export function policyInWords({ version, policy }: PolicyVersion): string[] {
  const { minimumCell: k } = policy;
  return [
    `Policy version ${version}.`,
    k === 1
      ? 'Every figure may leave, down to a single person.'
      : `A figure that stands on 1 to ${k - 1} persons is withheld, and so is whatever would let it be worked out.`,
    policy.showZero
      ? 'An empty cell is shown as zero: who describes one person closely enough learns whether they are in a cohort.'
      : 'An empty cell is withheld like a small one.',
    `Analyses that may run: ${policy.analyses.join(', ') || 'none'}.`,
    'Studies of accepted leads run without asking a person; studies of anybody else are refused.',
  ];
}
