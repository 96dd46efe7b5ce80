// Clean: the demo may import all.
import { run as runNode } from '#node/run.ts';
import { hub } from '#hub/run.ts';

export const demo = [runNode, hub];
