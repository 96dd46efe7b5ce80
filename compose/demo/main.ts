/** `npm run demo`: a hub and three hospitals on this machine, one question, one pooled answer. */

import { abortOnSignals } from '#host/signals.ts';
import { runDemo } from './run.ts';

process.exitCode = await runDemo(process.argv.slice(2), abortOnSignals(30_000));
