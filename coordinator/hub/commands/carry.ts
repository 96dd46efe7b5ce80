/** `moim hub carry-out` and `carry-in`: delivery by hand, for a site that no network joins to this hub. */

import { answerIn, answerOut, readCarryFile, writeCarryFile } from '#host/carry-file.ts';
import { type Command, type CommandContext, type Commands, needArg } from '#host/command.ts';
import { createCounters } from '#host/counters.ts';
import { silentLog } from '#host/log.ts';
import { carryIntoHub, carryOutOfHub, type HubCarryDeps } from '../carry/carry.ts';
import { readHubConfig } from '../config.ts';
import { createReplyStore } from '../relay/store.ts';
import { withDatabase } from './with-database.ts';

const out: Command = {
  summary: 'Write what waits for a site into a file, to be carried there by hand.',
  usage: 'SITE FILE',
  async run(context) {
    const site = needArg(context, 0, 'SITE');
    const file = needArg(context, 1, 'FILE');
    return withCarry(context, async (deps) => {
      const carried = await carryOutOfHub(deps, site);
      writeCarryFile(file, carried.jws);
      return answerOut(context, site, carried);
    });
  },
};

const into: Command = {
  summary: 'Take a file of a site: answers, states of its jobs, and what it holds of this hub’s.',
  usage: 'FILE',
  async run(context) {
    const jws = readCarryFile(needArg(context, 0, 'FILE'));
    return withCarry(context, async (deps) => {
      const { site, ...carried } = await carryIntoHub(deps, jws);
      return answerIn(context, site, carried);
    });
  },
};

export const carryCommands: Commands = { 'carry-out': out, 'carry-in': into };

const withCarry = <T>(context: CommandContext, work: (deps: HubCarryDeps) => Promise<T>): Promise<T> =>
  withDatabase(context, (db, identity) =>
    work({
      db,
      identity,
      log: silentLog,
      now: Date.now,
      counters: createCounters(),
      expiryDays: readHubConfig(context.home, context.env).expiryDays,
      replies: createReplyStore({ db, identity }),
      changed: () => {},
    }),
  );
