// breach: law-3-node-apart
import { hub } from '#hub/run.ts';

export const outbox = hub;
