/** `moim node carry-out` and `carry-in`: delivery by hand, for a hospital that no network joins to its hub. */

import { answerIn, answerOut, readCarryFile, writeCarryFile } from '#host/carry-file.ts';
import { type Command, type CommandContext, type Commands, needArg } from '#host/command.ts';
import { createCounters } from '#host/counters.ts';
import { silentLog } from '#host/log.ts';
import { carryIntoNode, carryOutOfNode, type NodeCarryDeps } from '../../carry/carry.ts';
import { withNode } from './with-node.ts';

const out: Command = {
  summary: 'Write what waits for the hub into a file, to be carried there by hand.',
  usage: 'FILE',
  async run(context) {
    const file = needArg(context, 0, 'FILE');
    return withCarry(context, async (deps) => {
      const carried = await carryOutOfNode(deps);
      writeCarryFile(file, carried.jws);
      return answerOut(context, 'hub', carried);
    });
  },
};

const into: Command = {
  summary: 'Take a file of the hub: jobs, and what the hub holds of this node’s answers.',
  usage: 'FILE',
  async run(context) {
    const jws = readCarryFile(needArg(context, 0, 'FILE'));
    return withCarry(context, async (deps) => answerIn(context, 'hub', await carryIntoNode(deps, jws)));
  },
};

export const carryCommands: Commands = { 'carry-out': out, 'carry-in': into };

const withCarry = <T>(context: CommandContext, work: (deps: NodeCarryDeps) => Promise<T>): Promise<T> =>
  withNode(context, ({ db, identity, hub, now }) =>
    work({
      db,
      home: context.home,
      identity,
      hub,
      now,
      log: silentLog,
      counters: createCounters(),
      received: () => {},
    }),
  );
