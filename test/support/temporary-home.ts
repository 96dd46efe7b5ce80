import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Ending } from './database.ts';
import { scratchFolder } from './scratch.ts';

/** Gives an empty folder, removed when the test (or with `{ after }` of `node:test`, the file) ends. */
export function temporaryHome(t: Ending): string {
  const home = mkdtempSync(join(scratchFolder(), 'moim-test-'));
  t.after(async () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  return home;
}
