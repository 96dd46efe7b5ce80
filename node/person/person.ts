/** The persons of a hospital who decide: engineer, approver, data-protection officer, reader, each with a credential of their own. */

import { record, recordAll } from '#host/audit-log.ts';
import { MoimError } from '#protocol/errors.ts';
import type { NodeDb } from '../database.ts';
import { makeCredential } from './credential.ts';
import { consoleHand, handOf, isConsoles } from './hand.ts';

export const roles = ['engineer', 'approver', 'dpo', 'reader'] as const;
export type Role = (typeof roles)[number];

/**
 * What a person may do beyond reading: put a policy in force, accept leads and peers, decide on jobs, look at what would leave, keep persons,
 * confirm one whom another added.
 */
export type Right = 'policy' | 'trust' | 'approve' | 'look' | 'persons' | 'confirm';

const rights: Readonly<Record<Role, readonly Right[]>> = {
  engineer: ['policy', 'trust', 'look', 'confirm'],
  approver: ['approve', 'look', 'confirm'],
  dpo: ['policy', 'trust', 'approve', 'look', 'persons', 'confirm'],
  reader: [],
};

/** Who acts as long as nobody is registered. */
export const nobodyNamed = consoleHand;

export interface Person {
  readonly name: string;
  readonly role: Role;
}

export const mayDo = (role: Role, right: Right): boolean => rights[role].includes(right);

const namePattern = /^[a-z][a-z0-9._-]{1,31}$/;
const reserved: ReadonlySet<string> = new Set([nobodyNamed, 'policy', 'hub', 'nobody']);

export interface Listed extends Person {
  readonly since: string;
  readonly addedBy: string;
  readonly confirmedBy: string | null;
  /** See node/person/hand.ts. */
  readonly hand: string;
}

/** Persons who are not removed, by name. */
export async function listPersons(db: NodeDb): Promise<Listed[]> {
  const rows = await db
    .selectFrom('person')
    .select(['name', 'role', 'created_at', 'added_by', 'confirmed_by', 'hand'])
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute();
  return rows.map(({ name, role, created_at, added_by, confirmed_by, hand }) => ({
    name,
    role,
    since: created_at,
    addedBy: added_by,
    confirmedBy: confirmed_by,
    hand,
  }));
}

/**
 * Gives the credential, which is kept nowhere. Throws MoimError `usage`, `person-exists` (the name of one who was removed stays theirs), or
 * `person-needed` where the console adds anybody after the first but the first data-protection officer.
 */
export async function addPerson(db: NodeDb, person: Person, by: string, at: string): Promise<string> {
  const { name, role } = person;
  if (!namePattern.test(name) || reserved.has(name))
    throw new MoimError('usage', 'a name is 2 to 32 of a-z, 0-9, dot, dash and underscore, a letter first');
  const { credential, stored } = makeCredential();
  await db.transaction().execute(async (transaction) => {
    // With the log locked: two commands of the console at once are one after the other.
    await recordAll(transaction, at, []);
    if (by === nobodyNamed && !(await isConsoles(transaction, role))) throw new MoimError('person-needed');
    const hand = by === nobodyNamed ? name : await handOf(transaction, by);
    const row = await transaction
      .insertInto('person')
      .values({ name, role, credential: stored, added_by: by, hand, created_at: at, removed_at: null })
      .onConflict((conflict) => conflict.doNothing())
      .returning('name')
      .executeTakeFirst();
    if (!row) throw new MoimError('person-exists');
    await record(transaction, at, 'person-added', { name, role, person: by });
  });
  return credential;
}

/**
 * Another hand confirms who was added: from then on the credential is the one they have, a dot, and the one given here, so that neither who
 * added them nor who confirmed them can act as them. Throws MoimError `not-found`, `right-missing` (of the same hand, or a hand of their own).
 */
export async function confirmPerson(db: NodeDb, name: string, by: string, at: string): Promise<string> {
  const { credential, stored } = makeCredential();
  await db.transaction().execute(async (transaction) => {
    await recordAll(transaction, at, []);
    const hand = await handOf(transaction, name);
    if (hand === name) throw new MoimError('right-missing', `${name} needs nobody's confirmation`);
    if (hand === (await handOf(transaction, by)))
      throw new MoimError('right-missing', `${by} and ${name} were added by the same hand`, {
        remedy: 'Somebody whom another hand added has to confirm: `moim node user list`.',
      });
    await transaction
      .updateTable('person')
      .set({ second_credential: stored, confirmed_by: by, hand: name })
      .where('name', '=', name)
      .execute();
    await record(transaction, at, 'person-confirmed', { name, person: by });
  });
  return credential;
}

/**
 * What they approved and has not left yet counts no more. Throws MoimError `not-found`, `right-missing` (the last data-protection officer stays:
 * nobody could register another).
 */
export async function removePerson(db: NodeDb, name: string, by: string, at: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await recordAll(transaction, at, []);
    const keepers = (await listPersons(transaction)).filter(({ role }) => mayDo(role, 'persons'));
    if (keepers.length === 1 && keepers[0]?.name === name)
      throw new MoimError('right-missing', `${name} is the last who may register persons`, {
        remedy: 'Register another data-protection officer first.',
      });
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
