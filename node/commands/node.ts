/** `moim node …`: the commands of a hospital's data engineer. */

import type { Commands } from '#host/command.ts';
import { approvalCommands } from './node/approval.ts';
import { backupCommands } from './node/backup.ts';
import { carryCommands } from './node/carry.ts';
import { enroll } from './node/enroll.ts';
import { epoch } from './node/epoch.ts';
import { lifeCommands } from './node/life.ts';
import { policy } from './node/policy.ts';
import { trust } from './node/trust.ts';
import { user } from './node/user.ts';

export const commands: Commands = {
  ...lifeCommands,
  ...approvalCommands,
  enroll,
  trust,
  policy,
  user,
  epoch,
  ...backupCommands,
  ...carryCommands,
};
