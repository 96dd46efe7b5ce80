/** Does one fault to the network and mends what a service manager or a technician would mend; the rest is the product's to mend. */

import { pause } from '#host/serve.ts';
import { killServer } from './given-server.ts';
import type { Network } from './network.ts';
import type { Fault, PartyName } from './plan.ts';
import { type SiteName, siteNames } from './plan.ts';
import { childrenOf } from './process-table.ts';

/** The sites whose work a fault holds up. */
export function touched(fault: Fault): readonly SiteName[] {
  switch (fault.kind) {
    case 'kill':
    case 'power-cut':
    case 'restart':
    case 'freeze':
    case 'kill-command':
      return sitesOf(fault.party);
    case 'kill-postgres':
      return fault.server === 'given' ? ['delta', 'epsilon'] : sitesOf(fault.server);
    case 'cut':
    case 'stall':
    case 'half-open':
      return fault.sites;
    case 'unplug':
      return ['epsilon'];
  }
}

const sitesOf = (party: PartyName): readonly SiteName[] => (party === 'hub' ? siteNames : [party]);

/** Resolves when the fault is over and everything it took down is ready again. */
export async function inflict(network: Network, fault: Fault, signal: AbortSignal): Promise<void> {
  const party = (name: PartyName) => {
    const served = network.parties.get(name);
    if (!served) throw new Error(`there is no ${name}`);
    return served;
  };
  switch (fault.kind) {
    case 'kill': {
      await party(fault.party).kill(fault.what);
      await pause(fault.downMs, signal);
      const started = party(fault.party).start();
      if (fault.againMs !== undefined) {
        await pause(fault.againMs, signal);
        // The service manager that starts it does so again.
        await party(fault.party).kill('both');
      }
      await started;
      return party(fault.party).start();
    }
    case 'restart': {
      await party(fault.party).stop();
      await pause(fault.downMs, signal);
      return party(fault.party).start();
    }
    case 'power-cut': {
      const home = fault.party === 'delta' || fault.party === 'epsilon' ? 'given' : fault.party;
      const dead = party(fault.party).kill('both');
      if (home === 'given') network.given.kill(false);
      else killServer(network.homeOf(home), false, childrenOf);
      await dead;
      await pause(fault.downMs, signal);
      if (home === 'given') await network.given.start();
      return party(fault.party).start();
    }
    case 'kill-postgres': {
      if (fault.server !== 'given')
        return void killServer(network.homeOf(fault.server), fault.worker, childrenOf);
      network.given.kill(fault.worker);
      await pause(fault.downMs, signal);
      return network.given.start();
    }
    case 'freeze': {
      party(fault.party).freeze(true);
      await pause(fault.forMs, signal);
      return party(fault.party).freeze(false);
    }
    case 'kill-command': {
      const words = fault.party === 'hub' ? ['hub', 'sites'] : ['node', 'policy', 'show'];
      await network.command(fault.party, { killAfterMs: fault.afterMs }, ...words);
      return;
    }
    case 'unplug': {
      network.unplug(fault.cable, true);
      await pause(fault.forMs, signal);
      return network.unplug(fault.cable, false);
    }
    case 'cut':
    case 'stall': {
      const relays = fault.sites.map((site) => network.sites.get(site)?.relay);
      for (const relay of relays) relay?.set(fault.kind);
      await pause(fault.forMs, signal);
      for (const relay of relays) relay?.set('open');
      return;
    }
    case 'half-open': {
      const relays = fault.sites.map((site) => network.sites.get(site)?.relay);
      for (const relay of relays) relay?.forget();
      await pause(fault.forMs, signal);
      for (const relay of relays) relay?.hangUp();
    }
  }
}
