/**
 * Which engine makes an answer: the SHA-256 of its own source. An answer that was kept is served by the same engine alone,
 * so that no mended fault lives on in what was kept; a change that alters no answer costs one more run.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../sql/circe', import.meta.url));

/** 64 hex digits: the same for the same files, wherever they lie. `from` is the folder of the engine. */
export function engineVersion(from = folder): string {
  const files = readdirSync(from, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const hash = createHash('sha256');
  for (const file of files.sort())
    hash
      .update(`${file.replaceAll('\\', '/')}\0`)
      .update(readFileSync(`${from}/${file}`))
      .update('\0');
  return hash.digest('hex');
}
