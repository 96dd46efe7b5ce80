/** `moim hub epoch`. */

import { answer, type Command, needArg, needFlag } from '#host/command.ts';
import { MoimError } from '#protocol/errors.ts';
import { openHubEpoch } from '../relay/standing.ts';
import { withDatabase } from './with-database.ts';

/** Words that go into the audit log. */
const longestReason = 500;

export const epoch: Command = {
  summary:
    'Admit that this hub was set back (restored from a backup) and open a new epoch: with every site delivery begins anew, jobs that are open are sent again.',
  usage: 'open --reason TEXT',
  options: { reason: { type: 'string' } },
  async run(context) {
    if (needArg(context, 0, 'open') !== 'open')
      throw new MoimError('usage', 'epoch takes open --reason TEXT');
    const reason = needFlag(context, 'reason').trim();
    if (reason === '' || reason.length > longestReason)
      throw new MoimError('usage', `--reason takes 1 to ${longestReason} characters`);
    const opened = await withDatabase(context, (db) => openHubEpoch(db, reason, Date.now()));
    const { head, sites } = opened;
    answer(
      context,
      opened,
      `epoch ${opened.epoch} open\nsites that begin anew: ${sites}\naudit head ${head.n} ${head.hash}`,
    );
    return 0;
  },
};
