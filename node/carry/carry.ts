/** The node's files: what would go over the link to the hub, carried by hand. */

import { type CarriedIn, type CarriedOut, carryIn, carryOut } from '#host/carry.ts';
import { claimedCarry } from '#protocol/carry.ts';
import { refuseStanding } from '../audit/standing.ts';
import { keepReceipt, meetHub, type WitnessDeps } from '../audit/witness.ts';
import { hubPeer, type NodeIdentity } from '../identity.ts';
import { reportableStates } from '../job/reportable.ts';
import { type DeliveryDeps, storeDelivery } from '../link/delivery.ts';
import { repinHub, successorOf } from '../trust/hub.ts';

export interface NodeCarryDeps extends DeliveryDeps, Pick<WitnessDeps, 'home'> {
  readonly identity: NodeIdentity;
}

/** Throws MoimError `set-back` where nothing may leave. */
export async function carryOutOfNode(deps: NodeCarryDeps): Promise<CarriedOut> {
  const { db, hub, identity } = deps;
  await refuseStanding(db);
  const states = await reportableStates(db);
  return carryOut({
    db,
    peer: hubPeer(hub),
    from: hub.site,
    to: 'hub',
    hub: hub.key,
    key: identity.key,
    now: deps.now(),
    ...(identity.rotations ? { rotation: identity.rotations } : {}),
    states: states.map(({ job, state, code, reason }) => ({
      job,
      state,
      ...(code === undefined ? {} : { code }),
      ...(reason === undefined ? {} : { reason }),
    })),
  });
}

/** Throws what `carryIn` throws. */
export async function carryIntoNode(deps: NodeCarryDeps, jws: string): Promise<CarriedIn> {
  const { db, hub } = deps;
  const successor = await successorOf(hub, claimedCarry(jws).rotation);
  const key = successor?.key ?? hub.key;
  return carryIn(
    {
      db,
      peer: hubPeer(hub),
      expect: { from: 'hub', to: hub.site, key, hub: key },
      now: deps.now,
      async meet({ ack, head, receipts = [] }) {
        // The file was verified with the new key: the hub holds it.
        if (successor) await repinHub(deps, successor);
        await meetHub(deps, { ...ack, ...(head ? { head } : {}), receipts });
      },
      store: (envelope, at) => storeDelivery(deps, envelope, at),
      async rest({ receipts = [] }) {
        for (const receipt of receipts) await keepReceipt(deps, receipt);
      },
    },
    jws,
  );
}
