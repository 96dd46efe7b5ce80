/** What study leads ask of the hub, over the study rooms: studies, orders, jobs and replies; sites with a live link hear at once. */

import type { Log } from '#host/log.ts';
import type { Links } from '../link/server.ts';
import { repliesOf } from '../relay/reply.ts';
import type { StudyDeps, StudyOf } from '../routes/study.ts';
import { stillStands } from '../sites/token.ts';
import { type AcceptDeps, acceptStudy } from './accept.ts';
import { jobsOf } from './job.ts';
import { acceptOrder } from './order.ts';
import { findStudy, standingOfStudy } from './study.ts';
import { type Watchers, waitWhile } from './watch.ts';

export interface DeskDeps extends AcceptDeps {
  readonly log: Log;
  readonly links: Pick<Links, 'kick' | 'connected'>;
  readonly watchers: Watchers;
}

export function studyDesk(deps: DeskDeps): StudyDeps {
  const { db, now, log, links, watchers } = deps;
  const look = async ({ id, sender, version }: StudyOf) => {
    const row = await findStudy(db, id, sender, version);
    const jobs = await jobsOf(db, row, { now: now(), connected: links.connected });
    return { study: await standingOfStudy(db, row, jobs, now()), jobs };
  };
  return {
    async accept(sent, sender) {
      const signed = await acceptStudy(deps, sent, sender);
      const { id, version } = signed.study;
      log.info('study-received', { study: id, version });
      const sites = await db.selectFrom('job').select('site').distinct().where('study', '=', id).execute();
      links.kick(sites.map(({ site }) => site));
      watchers.wake(id);
      return signed;
    },
    async order(id, sent, sender) {
      const { order, sites } = await acceptOrder(deps, id, sent, sender);
      log.info('order-received', { study: id, version: order.version });
      links.kick(sites);
      watchers.wake(id);
      return order;
    },
    async jobs(of, after, waitMs) {
      const newer = (found: Awaited<ReturnType<typeof look>>) => ({
        ...found,
        jobs: found.jobs.filter(({ change }) => BigInt(change) > after),
      });
      const found = newer(await look(of));
      if (found.jobs.length > 0 || waitMs === 0) return found;
      await waitWhile(
        (ms) => watchers.wait(of.id, ms),
        waitMs,
        () => stillStands(db, now(), of.sender),
      );
      return newer(await look(of));
    },
    async replies(of) {
      const { version } = await findStudy(db, of.id, of.sender, of.version);
      return { replies: await repliesOf(db, of.id, version) };
    },
  };
}
