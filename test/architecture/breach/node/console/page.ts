// breach: law-7-console-imports
import { inbox } from '#node/link/inbox.ts';

export const page = inbox;
