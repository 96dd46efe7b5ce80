/** The hub's files: what would go over a site's link, carried by hand. */

import { type CarriedIn, type CarriedOut, carryIn, carryOut } from '#host/carry.ts';
import { claimedCarry } from '#protocol/carry.ts';
import { MoimError } from '#protocol/errors.ts';
import { thumbprint } from '#protocol/keys.ts';
import type { HubIdentity } from '../identity.ts';
import { type DeliveryDeps, storeDelivery } from '../link/delivery.ts';
import { type MeetDeps, meetSite, refuseHalted } from '../relay/meet.ts';
import { newestHead, newestReceipts } from '../relay/witness.ts';
import { moveKey, successorOf } from '../sites/key.ts';
import { findSite, type Site } from '../sites/site.ts';
import { noteState } from '../study/job.ts';

export interface HubCarryDeps extends Omit<DeliveryDeps, 'witnessed'>, MeetDeps {
  readonly db: DeliveryDeps['db'];
  readonly identity: HubIdentity;
  readonly log: DeliveryDeps['log'];
  readonly now: () => number;
}

export async function carryOutOfHub(deps: HubCarryDeps, slug: string): Promise<CarriedOut> {
  const { db, identity } = deps;
  await refuseHalted(db);
  const { site } = await approvedSite(deps, slug);
  const head = await newestHead(db, site);
  return carryOut({
    db,
    peer: site,
    from: 'hub',
    to: site,
    hub: identity.public,
    key: identity.key,
    now: deps.now(),
    ...(identity.rotations ? { rotation: identity.rotations } : {}),
    receipts: await newestReceipts(db, site),
    ...(head ? { head } : {}),
  });
}

/** The site is the one the file names; that it signed the file is looked at before anything is taken. Throws what `carryIn` throws. */
export async function carryIntoHub(
  deps: HubCarryDeps,
  jws: string,
): Promise<CarriedIn & { readonly site: string }> {
  const { db, identity } = deps;
  await refuseHalted(db);
  const { from, hub, rotation } = claimedCarry(jws);
  const known = await approvedSite(deps, from);
  const successor = await successorOf(known, rotation);
  const site = successor ? { ...known, key: successor.key } : known;
  // A node that has not heard of the hub's new key names the one before.
  const named = identity.formerly?.find((key) => thumbprint(key) === hub) ?? identity.public;
  const carried = await carryIn(
    {
      db,
      peer: site.site,
      expect: { from: site.site, to: 'hub', key: site.key, hub: named },
      now: deps.now,
      async meet({ ack }) {
        if (successor) await moveKey(db, identity, deps.now(), site.site, successor);
        await meetSite(deps, site.site, { epoch: BigInt(ack.epoch), seq: BigInt(ack.seq) });
      },
      // The receipts of what this file brings go out with the next file to the site.
      store: (envelope, at) => storeDelivery({ ...deps, witnessed: () => {} }, site, envelope, at),
      async rest({ states }) {
        const at = new Date(deps.now()).toISOString();
        for (const { job, state, code, reason } of states) {
          const study = await noteState(db, site.site, job, state, code, at, reason);
          if (study) deps.changed(study);
        }
      },
    },
    jws,
  );
  return { site: site.site, ...carried };
}

async function approvedSite({ db }: Pick<HubCarryDeps, 'db'>, slug: string): Promise<Site> {
  const site = await findSite(db, slug);
  if (!site || site.state === 'revoked')
    throw new MoimError('unknown-site', 'no site of this name is enrolled');
  if (site.state !== 'approved') throw new MoimError('not-approved');
  return site;
}
