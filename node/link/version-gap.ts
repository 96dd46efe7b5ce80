/** Hub and node have no protocol version in common: which of them is the older one, in words for whoever runs this node. */

import type { HubHttp } from '#host/hub-http.ts';
import { newer } from '#protocol/frame.ts';

export type VersionGap = 'none' | 'node-older' | 'hub-older' | 'unknown';

/** What the hub says of itself on its public page. */
export async function versionGap(http: HubHttp): Promise<VersionGap> {
  const answer = await http.call('/api/v1/hub', { timeoutMs: 5_000, limit: 65_536 }).catch(() => undefined);
  return gapOf(answer?.json());
}

export function gapOf(page: unknown): VersionGap {
  const versions = (page as { protocol?: unknown } | undefined)?.protocol;
  if (!Array.isArray(versions) || !versions.every((version) => Number.isInteger(version))) return 'unknown';
  const side = newer(versions as number[]);
  if (side === 'neither') return 'none';
  return side === 'theirs' ? 'node-older' : 'hub-older';
}

/** What to do about it. */
export const gapRemedy = {
  'node-older': 'This node is the older one: install the newest Moim here.',
  'hub-older': 'The hub is the older one: ask its operator to install the newest Moim.',
} as const;
