/** What the hub says when a site's link comes up, and what it does with the frames that are no delivery. */

import type { FrameHandlers } from '#host/frame-handlers.ts';
import { position } from '#host/mailbox.ts';
import type { Frame } from '#protocol/frame.ts';
import { refuseHalted } from '../relay/meet.ts';
import { newestHead, newestReceipts } from '../relay/witness.ts';
import { newestRosterHead } from '../roster/roster.ts';
import type { Site } from '../sites/site.ts';
import { noteState } from '../study/job.ts';
import type { LinkDeps } from './server.ts';

/** The last envelope of the site that is durable here: the node goes on after it. */
export async function welcomeOf(deps: LinkDeps, site: Site): Promise<Frame> {
  await refuseHalted(deps.db);
  const last = await position(deps.db, site.site, 'in');
  const head = await newestHead(deps.db, site.site);
  const [receipt] = await newestReceipts(deps.db, site.site, 1);
  const roster = await newestRosterHead(deps.db);
  return {
    t: 'welcome',
    epoch: Number(last.epoch),
    seq: Number(last.seq),
    ...(head ? { head } : {}),
    ...(receipt === undefined ? {} : { receipt }),
    ...(roster ? { roster: roster.head } : {}),
  };
}

export const siteFrames = (deps: LinkDeps, site: Site): FrameHandlers => ({
  async state({ job, state, code, reason }) {
    const at = new Date(deps.now()).toISOString();
    const study = await noteState(deps.db, site.site, job, state, code, at, reason);
    if (study) deps.changed(study);
  },
});
