/** What `doctor` finds at a node, by the name of the check. */

import type { Party } from './network.ts';
import { command } from './party.ts';

export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly says: string;
  readonly remedy?: string;
}

export async function openFindings(
  party: Pick<Party, 'home' | 'env'>,
): Promise<ReadonlyMap<string, Finding>> {
  const { out } = await command(party.home, party.env, 'doctor', '--json');
  const found = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Finding);
  return new Map(found.map((finding) => [finding.check, finding]));
}
