/** Ends what a soak started when the soak itself is gone, however it went: its pipe to us closes. `reaper.ts FOLDER`. */

import { endAllUnder } from './process-table.ts';

const folder = process.argv[2];
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.stdin.resume();
process.stdin.on('end', () => {
  if (folder) void endAllUnder(folder);
});
