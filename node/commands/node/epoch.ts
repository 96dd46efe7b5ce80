/** `moim node epoch`. */

import { answer, type Command, needArg, needFlag } from '#host/command.ts';
import { refuseServed } from '#host/home.ts';
import { MoimError } from '#protocol/errors.ts';
import { openEpoch } from '../../audit/epoch.ts';
import { standsStill } from '../../audit/standing.ts';
import { toConfirm, toConfirmInWords } from '../../audit/to-confirm.ts';
import { readNodeIdentity, readPinnedHub } from '../../identity.ts';
import { actingPerson, personFlags, personUsage } from '../../person/acting.ts';
import { passphrase, withDatabase } from './with-database.ts';

/** Words that go into the audit log. */
const longestReason = 500;

export const epoch: Command = {
  summary:
    'Confirm the policy, leads, peer sites and persons of a restored node, or admit that a node was set back (an old backup, a lost disk), and open a new epoch: it answers again; what was lost and what was confirmed stand in the audit log.',
  usage: `open --reason TEXT [--without-hub]   ${personUsage}`,
  options: { reason: { type: 'string' }, 'without-hub': { type: 'boolean' }, ...personFlags },
  async run(context) {
    if (needArg(context, 0, 'open') !== 'open')
      throw new MoimError('usage', 'epoch takes open --reason TEXT');
    const reason = needFlag(context, 'reason').trim();
    if (reason === '' || reason.length > longestReason)
      throw new MoimError('usage', `--reason takes 1 to ${longestReason} characters`);
    const { home } = context;
    const identity = readNodeIdentity(home, passphrase(context));
    const hub = readPinnedHub(home);
    if (!hub) throw new MoimError('not-enrolled');
    const withoutHub = context.flags['without-hub'] === true;
    const { opened, inForce } = await withDatabase(context, async (db) => {
      // A node that stands still has no link; one that does not may be in the middle of a delivery under the old numbers.
      if (!(await standsStill(db))) await refuseServed(home);
      const person = await actingPerson(context, db, 'trust');
      const deps = { db, home, identity, hub, now: Date.now };
      return {
        opened: await openEpoch(deps, { reason, person, withoutHub }),
        inForce: toConfirmInWords(await toConfirm(db)),
      };
    });
    const { lost, renumbered, head } = opened;
    const lostText = lost
      ? `lost: the log up to entry ${lost.n} of epoch ${lost.epoch}`
      : 'lost: nothing that the hub countersigned';
    answer(
      context,
      opened,
      `epoch ${opened.epoch} open\n${lostText}\nconfirmed as in force:\n${inForce.join('\n')}\nto be sent in it: ${renumbered}\naudit head ${head.n} ${head.hash}`,
    );
    return 0;
  },
};
