/** The persons of a hospital who decide: engineer, approver, data-protection officer, reader, each with a credential of their own. */

import { record } from '#host/audit-log.ts';
import { MoimError } from '#protocol/errors.ts';
import type { NodeDb } from '../database.ts';
import { makeCredential } from './credential.ts';

export const roles = ['engineer', 'approver', 'dpo', 'reader'] as const;
export type Role = (typeof roles)[number];

/** What a person may do beyond reading: put a policy in force, accept leads and peers, decide on jobs, look at what would leave, keep persons. */
export type Right = 'policy' | 'trust' | 'approve' | 'look' | 'persons';

const rights: Readonly<Record<Role, readonly Right[]>> = {
  engineer: ['policy', 'trust', 'look'],
  approver: ['approve', 'look'],
  dpo: ['policy', 'trust', 'approve', 'look', 'persons'],
  reader: [],
};

/** Who acts where nobody is registered who could. */
export const nobodyNamed = 'console';

export interface Person {
  readonly name: string;
  readonly role: Role;
}

export const mayDo = (role: Role, right: Right): boolean => rights[role].includes(right);

const namePattern = /^[a-z][a-z0-9._-]{1,31}$/;
const reserved: ReadonlySet<string> = new Set([nobodyNamed, 'policy', 'hub', 'nobody']);

/** Persons who are not removed, by name. */
export async function listPersons(db: NodeDb): Promise<(Person & { readonly since: string })[]> {
  const rows = await db
    .selectFrom('person')
    .select(['name', 'role', 'created_at'])
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute();
  return rows.map(({ name, role, created_at }) => ({ name, role, since: created_at }));
}

/** Gives the credential, which is kept nowhere. Throws MoimError `usage` or `person-exists`: the name of one who was removed stays theirs. */
export async function addPerson(db: NodeDb, person: Person, by: string, at: string): Promise<string> {
  const { name, role } = person;
  if (!namePattern.test(name) || reserved.has(name))
    throw new MoimError('usage', 'a name is 2 to 32 of a-z, 0-9, dot, dash and underscore, a letter first');
  const { credential, stored } = makeCredential();
  await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .insertInto('person')
      .values({ name, role, credential: stored, created_at: at, removed_at: null })
      .onConflict((conflict) => conflict.doNothing())
      .returning('name')
      .executeTakeFirst();
    if (!row) throw new MoimError('person-exists');
    await record(transaction, at, 'person-added', { name, role, person: by });
  });
  return credential;
}

/** What they approved and has not left yet counts no more. Throws MoimError `not-found`. */
export async function removePerson(db: NodeDb, name: string, by: string, at: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .updateTable('person')
      .set({ removed_at: at })
      .where('name', '=', name)
      .where('removed_at', 'is', null)
      .returning('name')
      .executeTakeFirst();
    if (!row) throw new MoimError('not-found', 'no registered person has this name');
    await record(transaction, at, 'person-removed', { name, person: by });
  });
}
