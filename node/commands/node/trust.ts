/** `moim node trust`. */

import { answer, type Command, type CommandContext, needArg, needFlag, textFlag } from '#host/command.ts';
import { readPublicKeyFile } from '#host/key-file.ts';
import { MoimError } from '#protocol/errors.ts';
import { actingPerson, personFlags, personUsage } from '../../person/acting.ts';
import { type AcceptedKind, accept, listAccepted, removeAccepted } from '../../trust/accepted.ts';
import { instant, withDatabase } from './with-database.ts';

export const trust: Command = {
  summary:
    'Accept a study lead, or a peer site to sum with, whose fingerprint you compared out of band; remove one; list them. A key that an accepted one was rotated to takes its place.',
  usage: `lead|site KEYFILE --fingerprint FP --entity TEXT [--remove]  |  list   ${personUsage}`,
  options: {
    fingerprint: { type: 'string' },
    entity: { type: 'string' },
    remove: { type: 'boolean' },
    ...personFlags,
  },
  async run(context) {
    const what = needArg(context, 0, 'lead, site or list');
    if (what === 'list') return list(context);
    if (what !== 'lead' && what !== 'site')
      throw new MoimError('usage', 'trust takes lead KEYFILE, site KEYFILE, or list');
    if (context.flags.remove === true) return remove(context, what);
    const file = readPublicKeyFile(needArg(context, 1, 'KEYFILE'));
    const compared = textFlag(context, 'fingerprint')?.toUpperCase();
    const entity = textFlag(context, 'entity');
    const accepted = await withDatabase(context, async (db) =>
      accept(
        db,
        {
          kind: what,
          file,
          ...(compared === undefined ? {} : { compared }),
          ...(entity === undefined ? {} : { entity }),
        },
        instant(),
        await actingPerson(context, db, 'trust'),
      ),
    );
    const { fingerprint, replaces } = accepted;
    if (replaces !== undefined)
      context.note(
        `${fingerprint} takes the place of ${replaces}, which signed so and is accepted no more; studies signed under the old key have to be amended by their lead`,
      );
    const said = { [what]: fingerprint, entity: accepted.entity, state: 'accepted' };
    answer(
      context,
      replaces === undefined ? said : { ...said, replaces },
      `${what} ${fingerprint} accepted for ${accepted.entity}`,
    );
    return 0;
  },
};

async function remove(context: CommandContext, kind: AcceptedKind): Promise<number> {
  const print = needFlag(context, 'fingerprint').toUpperCase();
  await withDatabase(context, async (db) =>
    removeAccepted(db, kind, print, instant(), await actingPerson(context, db, 'trust')),
  );
  answer(context, { [kind]: print, state: 'removed' }, `${kind} ${print} removed`);
  return 0;
}

async function list(context: CommandContext): Promise<number> {
  const rows = await withDatabase(context, async (db) => [
    ...(await listAccepted(db, 'lead')).map((row) => ({ kind: 'lead' as const, ...row })),
    ...(await listAccepted(db, 'site')).map((row) => ({ kind: 'site' as const, ...row })),
  ]);
  if (context.json) context.out(JSON.stringify(rows));
  else
    for (const { kind, fingerprint, entity, acceptedAt } of rows)
      context.out(`${kind} ${fingerprint} ${entity} (since ${acceptedAt.slice(0, 10)})`);
  return 0;
}
