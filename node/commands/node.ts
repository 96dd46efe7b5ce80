/** `moim node …`: the commands of a hospital's data engineer. */

import type { Commands } from '#host/command.ts';
import { enroll } from './node/enroll.ts';
import { lifeCommands } from './node/life.ts';
import { policy } from './node/policy.ts';
import { trust } from './node/trust.ts';

export const commands: Commands = { ...lifeCommands, enroll, trust, policy };
