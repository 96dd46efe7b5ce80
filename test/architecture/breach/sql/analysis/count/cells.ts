// Law 2 by reachability: the file between is outside the pure rooms.
// breach: law-2-pure-reaches-node
import { readRows } from '#sql/rows.ts';

export const cells = (): string => readRows();
