/** What a person confirms who puts a restored node in service again: the policy, and everybody whom the hospital accepts or registered. */

import type { Json } from '#protocol/canonical.ts';
import type { NodeDb } from '../database.ts';
import { listPersons, type Person } from '../person/person.ts';
import { currentPolicy } from '../policy/store.ts';
import { type Accepted, listAccepted } from '../trust/accepted.ts';

export interface ToConfirm {
  readonly policy: { readonly version: number; readonly hash: string; readonly person: string | null } | null;
  readonly leads: readonly Accepted[];
  readonly sites: readonly Accepted[];
  readonly persons: readonly (Person & { readonly since: string })[];
}

export async function toConfirm(db: NodeDb): Promise<ToConfirm> {
  const policy = await currentPolicy(db);
  return {
    policy: policy ? { version: policy.version, hash: policy.hash, person: policy.appliedBy } : null,
    leads: await listAccepted(db, 'lead'),
    sites: await listAccepted(db, 'site'),
    persons: await listPersons(db),
  };
}

/** As the audit log keeps it. */
export const inBrief = ({ policy, leads, sites, persons }: ToConfirm): { [key: string]: Json } => ({
  policy: policy && { ...policy },
  leads: leads.map(({ fingerprint }) => fingerprint),
  sites: sites.map(({ fingerprint }) => fingerprint),
  persons: persons.map(({ name, role }) => `${name} ${role}`),
});

/** A line each, for a person to look through. */
export function toConfirmInWords({ policy, leads, sites, persons }: ToConfirm): string[] {
  const accepted = (kind: string) => (each: Accepted) =>
    `  ${kind} ${each.fingerprint} ${each.entity} (since ${each.acceptedAt.slice(0, 10)})`;
  return [
    policy
      ? `  policy version ${policy.version} ${policy.hash.slice(0, 16)}${policy.person === null ? '' : `, put in force by ${policy.person}`}`
      : '  no policy: nothing is permitted',
    ...(leads.length === 0 ? ['  no lead'] : leads.map(accepted('lead'))),
    ...(sites.length === 0 ? ['  no peer site'] : sites.map(accepted('peer site'))),
    ...(persons.length === 0
      ? ['  no registered person: the console may do everything']
      : persons.map(({ name, role, since }) => `  person ${name}, ${role} (since ${since.slice(0, 10)})`)),
  ];
}
