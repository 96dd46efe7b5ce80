/** Whether a home is a study lead's: it holds studies that were signed there, or a lead's key, and no node's or hub's configuration. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readPublicKeyFile } from '#host/key-file.ts';

export function isLeadHome(home: string): boolean {
  if (!existsSync(home) || existsSync(join(home, 'node.toml')) || existsSync(join(home, 'hub.toml')))
    return false;
  if (existsSync(join(home, 'studies'))) return true;
  return readdirSync(home, { withFileTypes: true }).some(
    (entry) => entry.isFile() && /\.(json|key)$/.test(entry.name) && isLeadKey(join(home, entry.name)),
  );
}

function isLeadKey(path: string): boolean {
  try {
    return readPublicKeyFile(path).role === 'lead';
  } catch {
    return false;
  }
}
