/**
 * Which engine makes an answer: the SHA-256 of its own source. An answer that was kept is served by the same engine alone,
 * so that no mended fault lives on in what was kept; a change that alters no answer costs one more run.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What makes the SQL, and what resolves concept sets and chooses plans for it. */
const folders = ['sql/circe', 'node/cohort'];

/** 64 hex digits: the same for the same files, wherever they lie. `from` is the folder that the engine's lie in. */
export function engineVersion(from = root): string {
  const hash = createHash('sha256');
  for (const folder of folders) {
    const files = readdirSync(join(from, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.ts')).sort())
      hash
        .update(`${folder}/${file.replaceAll('\\', '/')}\0`)
        .update(readFileSync(join(from, folder, file)))
        .update('\0');
  }
  return hash.digest('hex');
}
