/** `moim node trust`. */

import { answer, type Command, needArg, needFlag } from '#host/command.ts';
import { readPublicKey } from '#host/key-file.ts';
import { MoimError } from '#protocol/errors.ts';
import { acceptLead, listLeads, removeLead } from '../../job/lead.ts';
import { instant, withDatabase } from './with-database.ts';

export const trust: Command = {
  summary: 'Accept a study lead whose fingerprint you compared out of band, remove one, or list them.',
  usage: 'lead KEYFILE --fingerprint FP --entity TEXT [--remove]  |  list',
  options: { fingerprint: { type: 'string' }, entity: { type: 'string' }, remove: { type: 'boolean' } },
  async run(context) {
    const what = needArg(context, 0, 'lead or list');
    if (what === 'list') {
      const leads = await withDatabase(context, listLeads);
      if (context.json) context.out(JSON.stringify(leads));
      else
        for (const lead of leads)
          context.out(`lead ${lead.fingerprint} ${lead.entity} (since ${lead.acceptedAt.slice(0, 10)})`);
      return 0;
    }
    if (what !== 'lead') throw new MoimError('usage', 'trust takes lead KEYFILE, or list');
    const key = readPublicKey(needArg(context, 1, 'KEYFILE'));
    const print = needFlag(context, 'fingerprint').toUpperCase();
    const remove = context.flags.remove === true;
    const entity = remove ? '' : needFlag(context, 'entity');
    await withDatabase(context, (db) =>
      remove ? removeLead(db, print, instant()) : acceptLead(db, key, print, entity, instant()),
    );
    const state = remove ? 'removed' : 'accepted';
    answer(context, { lead: print, entity, state }, `lead ${print} ${state}`);
    return 0;
  },
};
