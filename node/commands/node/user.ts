/** `moim node user`: the persons of this hospital who decide. */

import { answer, type Command, type CommandContext, needArg, needFlag } from '#host/command.ts';
import { MoimError } from '#protocol/errors.ts';
import type { NodeDb } from '../../database.ts';
import { actingPerson, personFlags, personUsage } from '../../person/acting.ts';
import {
  addPerson,
  confirmPerson,
  listPersons,
  type Role,
  removePerson,
  roles,
} from '../../person/person.ts';
import { instant, withDatabase } from './with-database.ts';

export const user: Command = {
  summary:
    'Register a person who decides here (the credential is printed once), confirm one whom another person added, list them, or remove one. What each role may do: docs/settings.md.',
  usage: `add NAME --role ${roles.join('|')} | confirm NAME | list | remove NAME   ${personUsage}`,
  options: { role: { type: 'string' }, ...personFlags },
  async run(context) {
    const what = needArg(context, 0, 'add, confirm, list or remove');
    if (what === 'list') return list(context);
    if (what !== 'add' && what !== 'remove' && what !== 'confirm')
      throw new MoimError('usage', 'user takes add NAME, confirm NAME, list or remove NAME');
    const name = needArg(context, 1, 'NAME');
    if (what === 'confirm') return confirm(context, name);
    return what === 'add' ? add(context, name) : remove(context, name);
  },
};

async function list(context: CommandContext): Promise<number> {
  const persons = await withDatabase(context, listPersons);
  if (context.json) context.out(JSON.stringify(persons));
  else
    for (const { name, role, since, addedBy, confirmedBy } of persons)
      context.out(
        `${name.padEnd(20)} ${role.padEnd(10)} since ${since.slice(0, 10)}  added by ${addedBy}${confirmedBy === null ? '' : `, confirmed by ${confirmedBy}`}`,
      );
  return 0;
}

async function add(context: CommandContext, name: string): Promise<number> {
  const role = needFlag(context, 'role');
  const known = roles.find((one): one is Role => one === role);
  if (!known) throw new MoimError('usage', `--role takes ${roles.join(', ')}`);
  const credential = await withDatabase(context, async (db: NodeDb) =>
    addPerson(db, { name, role: known }, await actingPerson(context, db, 'persons', known), instant()),
  );
  context.note('The credential is shown this once: give it to the person alone.');
  answer(context, { name, role, credential }, credential);
  return 0;
}

async function confirm(context: CommandContext, name: string): Promise<number> {
  const half = await withDatabase(context, async (db) =>
    confirmPerson(db, name, await actingPerson(context, db, 'confirm'), instant()),
  );
  context.note(
    `Give this to ${name} alone, once you have met them: their credential is from now on the one they have, a dot, and this.`,
  );
  answer(context, { name, state: 'confirmed', secondHalf: half }, half);
  return 0;
}

async function remove(context: CommandContext, name: string): Promise<number> {
  await withDatabase(context, async (db) =>
    removePerson(db, name, await actingPerson(context, db, 'persons'), instant()),
  );
  answer(context, { name, state: 'removed' }, `${name} removed`);
  return 0;
}
