/** `moim hub witness`: the audit heads of the sites that this hub countersigned, a JSON line each. */

import type { Command } from '#host/command.ts';
import { MoimError } from '#protocol/errors.ts';
import { allReceipts } from '../relay/witness.ts';
import { findSite } from '../sites/site.ts';
import { withDatabase } from './with-database.ts';

export const witness: Command = {
  summary:
    'Give out the sites’ audit heads that this hub countersigned, as JSON lines: what `moim audit verify --witness F` reads.',
  usage: '[SITE]',
  async run(context) {
    const site = context.args[0];
    const receipts = await withDatabase(context, async (db) => {
      if (site !== undefined && !(await findSite(db, site)))
        throw new MoimError('not-found', 'no site has this name');
      return allReceipts(db, site);
    });
    for (const receipt of receipts) context.out(JSON.stringify(receipt));
    context.note(`receipts: ${receipts.length}`);
    return 0;
  },
};
