/** The hub's key over time: where the hub shows a new one with the pinned key's word for it, that is pinned in its place. */

import { record } from '#host/audit-log.ts';
import type { Log } from '#host/log.ts';
import { fingerprint, type PublicKey } from '#protocol/keys.ts';
import { follow, type Rotation } from '#protocol/rotation.ts';
import type { NodeDb } from '../database.ts';
import { type PinnedHub, pinHub } from '../identity.ts';

/** A key that follows the pinned one, as the chain says; the hub has yet to prove it. */
export interface HubSuccessor {
  readonly key: PublicKey;
  readonly steps: readonly Rotation[];
}

/** Undefined where the chain does not lead on from the pinned key. Throws `bad-signature` or `bad-input` where it does not hold. */
export async function successorOf(
  hub: PinnedHub,
  chain: readonly string[] | undefined,
): Promise<HubSuccessor | undefined> {
  return chain && (await follow(chain, 'hub', hub.key));
}

export interface RepinDeps {
  readonly db: NodeDb;
  readonly home: string;
  readonly hub: PinnedHub;
  readonly log: Log;
  readonly now: () => number;
}

/**
 * Pins the new key: on record first, then in the home, then in `hub` itself, which link and pipeline hold in common. Deliveries go on under the
 * numbers they had (`hubPeer`).
 */
export async function repinHub(deps: RepinDeps, { key, steps }: HubSuccessor): Promise<void> {
  const { db, home, hub, log } = deps;
  const at = new Date(deps.now()).toISOString();
  const [from, to] = [fingerprint(hub.key), fingerprint(key)];
  await db.transaction().execute((transaction) => record(transaction, at, 'hub-key-rotated', { from, to }));
  // The hub may go on sending what its old key signed until now: it is this node's clock that ends the old key's time.
  const earlier = [...(hub.earlier ?? []), ...steps.map((step) => ({ key: step.from, until: at }))];
  pinHub(home, { url: hub.url, site: hub.site, key, earlier });
  Object.assign(hub, { key, earlier });
  log.info('hub-key-rotated', { fingerprint: to });
}
