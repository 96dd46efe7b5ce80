// breach: law-3-parties-apart
import { hub } from '#hub/run.ts';

export const report = hub;
