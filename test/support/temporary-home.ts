/** An empty folder for one test, removed when the test ends. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ending } from './database.ts';

export function temporaryHome(t: Ending): string {
  const home = mkdtempSync(join(tmpdir(), 'moim-test-'));
  t.after(async () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  return home;
}
