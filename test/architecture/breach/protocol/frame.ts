// breach: unresolvable
// breach: law-1-protocol-imports
import { missing } from './no-such-file.ts';

export const frame = missing;
