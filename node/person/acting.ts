/**
 * Who is acting: a registered person who shows their credential, or the console as long as nobody registered holds the right. The
 * console is whoever may run commands in this home.
 */

import { record } from '#host/audit-log.ts';
import { type CommandContext, textFlag } from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { readText } from '#host/home.ts';
import { MoimError } from '#protocol/errors.ts';
import type { NodeDb } from '../database.ts';
import { isCredential } from './credential.ts';
import { listPersons, mayDo, nobodyNamed, type Right } from './person.ts';

/** The flags of every command that a person may be named for. */
export const personFlags = { as: { type: 'string' }, 'credential-file': { type: 'string' } } as const;
export const personUsage = '[--as NAME] [--credential-file F]';

/**
 * Gives the name that goes into the audit log. Throws MoimError `person-needed` where somebody registered holds the right and nobody is named,
 * `credential-refused` where name and credential do not belong together, `right-missing` where the person may not do this.
 */
export async function actingPerson(context: CommandContext, db: NodeDb, right: Right): Promise<string> {
  const name = textFlag(context, 'as');
  const persons = await listPersons(db);
  // Approving is never the console's once anybody has a name: who installs the policy would approve under it as nobody.
  const holders = right === 'approve' ? persons : persons.filter(({ role }) => mayDo(role, right));
  if (name === undefined) {
    if (holders.length === 0) return nobodyNamed;
    throw new MoimError('person-needed');
  }
  const person = persons.find((one) => one.name === name);
  const row = person
    ? await db
        .selectFrom('person')
        .select('credential')
        .where('name', '=', name)
        .where('removed_at', 'is', null)
        .executeTakeFirst()
    : undefined;
  if (!isCredential(credentialOf(context), row?.credential) || !person) {
    await refused(db, person ? name : null, 'credential-refused', right);
    throw new MoimError('credential-refused');
  }
  if (!mayDo(person.role, right)) {
    await refused(db, name, 'right-missing', right);
    throw new MoimError('right-missing', `${name} is registered as ${person.role}`);
  }
  return name;
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
async function refused(db: NodeDb, person: string | null, code: string, right: Right): Promise<void> {
  await db
    .transaction()
    .execute((transaction) =>
      record(transaction, new Date().toISOString(), 'person-refused', { person, code, right }),
    );
}
