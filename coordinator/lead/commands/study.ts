/** `moim study …`: a study lead signs a question, sends it, watches it, changes its course, and opens the one pooled answer. */

import type { Commands } from '#host/command.ts';
import { amend } from './study/amend.ts';
import { diff } from './study/diff.ts';
import { pause, resume, withdraw } from './study/order.ts';
import { result } from './study/result.ts';
import { send, sign } from './study/send.ts';
import { watch } from './study/watch.ts';

export const commands: Commands = { sign, send, watch, result, amend, diff, pause, resume, withdraw };
