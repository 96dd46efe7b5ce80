/**
 * A site's link comes up: whether both sides remember the same, before anything is delivered. A site that opened a new epoch, and every site
 * after this hub did, gets what is open from the beginning, in an epoch beyond all that it has seen.
 */

import { record } from '#host/audit-log.ts';
import { beginEpoch, isBeyond } from '#host/epoch.ts';
import type { Log } from '#host/log.ts';
import type { Position } from '#host/mailbox.ts';
import { lockPositions } from '#host/mailbox-batch.ts';
import { MoimError } from '#protocol/errors.ts';
import type { HubDb } from '../database.ts';
import type { HubIdentity } from '../identity.ts';
import { requeue } from './requeue.ts';
import { noteSetBack, readHubStanding } from './standing.ts';

export interface MeetDeps {
  readonly db: HubDb;
  readonly identity: Pick<HubIdentity, 'key'>;
  readonly log: Log;
  readonly now: () => number;
  readonly expiryDays: number;
}

/** Throws MoimError `set-back` where the hub stands still. */
export async function refuseHalted(db: Pick<HubDb, 'selectFrom'>): Promise<void> {
  if ((await readHubStanding(db)).haltedAt !== null) throw new MoimError('set-back');
}

/** `resume`: the last delivery that the site holds. Throws MoimError `set-back` where it holds more than this hub ever sent. */
export async function meetSite(deps: MeetDeps, site: string, resume: Position): Promise<void> {
  const at = new Date(deps.now()).toISOString();
  const beyond = await deps.db.transaction().execute(async (transaction) => {
    const held = await lockPositions(transaction, [site], 'out');
    const last = held.get(site) ?? { epoch: 1n, seq: 0n };
    const anew = await transaction.deleteFrom('anew').where('site', '=', site).returning('site').execute();
    const highest = resume.epoch > last.epoch ? resume.epoch : last.epoch;
    // (e, 0) of an epoch that this hub has not used: a person at the site opened it.
    const opened = resume.epoch > last.epoch && resume.seq === 0n;
    if (anew.length === 0 && !opened) {
      // Once noted it stands until a person decides: what is queued meanwhile would take numbers that the site has seen.
      const { seen } = await readHubStanding(transaction);
      if (!isBeyond(resume, last) && !Object.hasOwn(seen, site)) return false;
      await noteSetBack(transaction, deps.log, site, resume, at);
      return true;
    }
    const epoch = anew.length > 0 ? highest + 1n : resume.epoch;
    const requeued = await requeue(transaction, deps, site);
    const sent = await beginEpoch(transaction, site, epoch);
    await record(transaction, at, 'site-epoch', { site, epoch: Number(epoch), requeued, sent });
    deps.log.warn('site-epoch', { site, epoch: Number(epoch), count: sent });
    return false;
  });
  if (beyond) throw new MoimError('set-back');
}
