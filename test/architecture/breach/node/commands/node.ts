// breach: law-8-nothing-imports-tests
// breach: law-3-nothing-imports-the-tops
import { seen } from '#test/support/seen.ts';
import { demo } from '../../compose/demo/run.ts';

// A command may read the environment.
export const commands = [seen, demo, process.env.MOIM_HOME];
