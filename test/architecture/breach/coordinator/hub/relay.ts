// breach: law-3-coordinator-apart
import { inbox } from '#node/link/inbox.ts';

export const relay = inbox;
