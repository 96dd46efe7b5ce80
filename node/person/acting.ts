/**
 * Who is acting: a registered person who shows their credential, or the console as long as nobody was ever registered. The
 * console is whoever may run commands in this home.
 */

import { record } from '#host/audit-log.ts';
import { type CommandContext, textFlag } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { readText } from '#host/home.ts';
import { MoimError } from '#protocol/errors.ts';
import type { NodeDb } from '../database.ts';
import { isCredential } from './credential.ts';
import { isConsoles } from './hand.ts';
import { listPersons, mayDo, nobodyNamed, type Person, type Right, type Role } from './person.ts';

/** The flags of every command that a person may be named for. */
export const personFlags = { as: { type: 'string' }, 'credential-file': { type: 'string' } } as const;
export const personUsage = '[--as NAME] [--credential-file F]';

/**
 * Gives the name that goes into the audit log; `adding` is the role of one who is to be registered. Throws MoimError `person-needed` where
 * somebody is registered and nobody is named, `credential-refused` where name and credential do not belong together, `right-missing` where the person may not do this.
 */
export async function actingPerson(
  context: CommandContext,
  db: NodeDb,
  right: Right,
  adding?: Role,
): Promise<string> {
  const name = textFlag(context, 'as');
  if (name === undefined) {
    // Whoever is at the console may well be one of them, and would act beside themselves as nobody.
    if (await isConsoles(db, adding)) return nobodyNamed;
    throw new MoimError('person-needed');
  }
  const { role } = await knownPerson(context, db, name, right);
  if (!mayDo(role, right)) {
    await refused(db, name, 'right-missing', right);
    throw new MoimError('right-missing', `${name} is registered as ${role}`);
  }
  return name;
}

/**
 * The name of an act that needs no right, since a timer does it too: the person's who shows their credential, else the console's. Throws MoimError
 * `credential-refused`.
 */
export async function namedPerson(context: CommandContext, db: NodeDb): Promise<string> {
  const name = textFlag(context, 'as');
  return name === undefined ? nobodyNamed : (await knownPerson(context, db, name, null)).name;
}

async function knownPerson(
  context: CommandContext,
  db: NodeDb,
  name: string,
  right: Right | null,
): Promise<Person> {
  const person = (await listPersons(db)).find((one) => one.name === name);
  const row = person
    ? await db
        .selectFrom('person')
        .select(['credential', 'second_credential'])
        .where('name', '=', name)
        .where('removed_at', 'is', null)
        .executeTakeFirst()
    : undefined;
  if (!isWhole(credentialOf(context), row) || !person) {
    await refused(db, person ? name : null, 'credential-refused', right);
    throw new MoimError('credential-refused');
  }
  return person;
}

/** Of a person whom another hand confirmed it is both halves, a dot between. */
function isWhole(
  given: string,
  row: { readonly credential: string; readonly second_credential: string | null } | undefined,
): boolean {
  if (!row?.second_credential) return isCredential(given, row?.credential);
  const [first = '', second = ''] = given.split('.');
  const known = isCredential(first, row.credential);
  return isCredential(second, row.second_credential) && known;
}

function credentialOf(context: CommandContext): string {
  const file = textFlag(context, 'credential-file');
  const credential =
    file === undefined
      ? readSetting(context.env, 'MOIM_USER_CREDENTIAL')
      : readText(file, '--credential-file');
  if (!credential?.trim())
    throw new MoimError('credential-refused', '--as needs the credential of that person');
  return credential.trim();
}

/** An attempt in vain is on record; a name that nobody has is not, since it may be a credential typed in the wrong place. */
async function refused(db: NodeDb, person: string | null, code: string, right: Right | null): Promise<void> {
  await db
    .transaction()
    .execute((transaction) =>
      record(transaction, new Date().toISOString(), 'person-refused', { person, code, right }),
    );
}
