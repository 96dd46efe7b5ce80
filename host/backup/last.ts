/** When the last backup of a home was made: a stamp beside its keys, so that `doctor` and the metrics can tell its age. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Instant } from '#protocol/ids.ts';
import { parseJson, parser } from '#protocol/schema.ts';
import type { Finding } from '../diagnosis.ts';
import { readText, writeWhole } from '../home.ts';

const Stamp = Type.Object({ madeAt: Instant }, { additionalProperties: false });
const stamps = parser(Stamp);

/** Not in a backup: a restored home has none of its own yet. */
const stampFile = 'last-backup.json';

export const noteBackup = (home: string, madeAt: string): void =>
  writeWhole(join(home, stampFile), `${JSON.stringify({ madeAt })}\n`, 0o644);

/** Undefined where there is none, or the stamp is damaged. */
export function lastBackup(home: string): string | undefined {
  const path = join(home, stampFile);
  if (!existsSync(path)) return undefined;
  try {
    return stamps.parse(parseJson(readText(path, 'backup stamp'), path), path).madeAt;
  } catch {
    return undefined;
  }
}

const uneasyDays = 7;

/** For `doctor`. */
export function checkBackup(home: string, party: 'node' | 'hub', now: number): string | Finding {
  const at = lastBackup(home);
  const days = at === undefined ? Number.POSITIVE_INFINITY : (now - Date.parse(at)) / 86_400_000;
  const says = at === undefined ? 'none was made of this home as it stands' : `the last was made at ${at}`;
  if (days <= uneasyDays) return says;
  return {
    check: 'backup',
    state: 'warning',
    says,
    remedy: `Run \`moim ${party} backup DIR\`, nightly by its timer.`,
  };
}
