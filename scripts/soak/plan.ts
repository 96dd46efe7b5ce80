/** What is done to the network in a round, and when: drawn from the seed and the round's number alone, so that it can be done again. */

import type { Cable } from './namespace.ts';

export const siteNames = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'] as const;
export type SiteName = (typeof siteNames)[number];
export type PartyName = 'hub' | SiteName;

/** `given`: the one server that the last two sites share; the others have their home's own. */
export const serverNames = ['hub', 'alpha', 'beta', 'gamma', 'given'] as const;
export type ServerName = (typeof serverNames)[number];

export const serverOf = (party: PartyName): ServerName =>
  party === 'delta' || party === 'epsilon' ? 'given' : party;

/** `at` and every `…Ms` are milliseconds; `at` counts from the begin of the round. */
export type Fault =
  /** SIGKILL to the serving process, to the front door that started it, or to both, as a service manager does. */
  | {
      readonly kind: 'kill';
      readonly at: number;
      readonly party: PartyName;
      readonly what: 'process' | 'front' | 'both';
      readonly downMs: number;
      /** Killed once more so long after it was started again: while it starts its server, migrates, or has just come up. */
      readonly againMs?: number;
    }
  /** SIGKILL to the postmaster, or to one of the server's own workers: then it restarts itself and every session is lost. */
  | {
      readonly kind: 'kill-postgres';
      readonly at: number;
      readonly server: ServerName;
      readonly worker: boolean;
      readonly downMs: number;
    }
  /** A power cut: process and its server at the same time. */
  | { readonly kind: 'power-cut'; readonly at: number; readonly party: PartyName; readonly downMs: number }
  /** SIGTERM, as for an update. */
  | { readonly kind: 'restart'; readonly at: number; readonly party: PartyName; readonly downMs: number }
  /** SIGSTOP, and SIGCONT later: a machine that sleeps. */
  | { readonly kind: 'freeze'; readonly at: number; readonly party: PartyName; readonly forMs: number }
  /** The way to the hub: `cut` resets, `stall` loses and moves nothing, `half-open` resets the node's side and leaves the hub's silent. */
  | {
      readonly kind: 'cut' | 'stall' | 'half-open';
      readonly at: number;
      readonly sites: readonly SiteName[];
      readonly forMs: number;
    }
  /** A cable of the last site, which lives in a network namespace: to the hub or to its database. Where namespaces are not allowed, its relay. */
  | { readonly kind: 'unplug'; readonly at: number; readonly cable: Cable; readonly forMs: number }
  /** SIGKILL to a command beside the serving process, wherever it is: it may hold the lock of the home's server. */
  | {
      readonly kind: 'kill-command';
      readonly at: number;
      readonly party: PartyName;
      readonly afterMs: number;
    };

export interface PlannedStudy {
  readonly at: number;
  readonly sites: readonly SiteName[];
  /** The age that makes its cohort, and so its figures. */
  readonly age: number;
  /** What the lead orders after it was sent, and how much later; a pause is taken back after as long again. */
  readonly order?: { readonly kind: 'pause' | 'withdraw'; readonly afterMs: number };
}

export interface RoundPlan {
  readonly faults: readonly Fault[];
  readonly studies: readonly PlannedStudy[];
}

export const ages = [40, 50, 60, 70] as const;

/** The time in which faults begin and studies are sent. */
export const windowMs = 2_500;

export function planRound(seed: number, round: number): RoundPlan {
  const random = randomFrom(seed, round);
  const draw = drawFrom(random);
  const faults = Array.from({ length: draw.weighted([1, 2, 2, 3]) }, () => drawFault(draw));
  const studies = Array.from({ length: 3 + draw.whole(2) }, (_, i) => ({
    // The first is in flight when the first fault comes; of the others every second is sent shortly before a fault.
    at: i === 0 ? 0 : i % 2 === 1 ? Math.max(0, draw.one(faults).at - draw.whole(700)) : draw.whole(windowMs),
    sites: draw.whole(3) === 0 ? draw.some(siteNames, 2 + draw.whole(2)) : siteNames,
    age: draw.one(ages),
    ...drawOrder(draw),
  }));
  return { faults: faults.toSorted((a, b) => a.at - b.at), studies: studies.toSorted((a, b) => a.at - b.at) };
}

type Draw = ReturnType<typeof drawFrom>;

function drawOrder(draw: Draw): Pick<PlannedStudy, 'order'> {
  const kind = draw.one(['pause', 'withdraw', ...Array.from({ length: 8 }, () => undefined)] as const);
  return kind ? { order: { kind, afterMs: draw.whole(800) } } : {};
}

function drawFault(draw: Draw): Fault {
  const at = 150 + draw.whole(windowMs - 150);
  const downMs = draw.whole(900);
  const party = draw.one<PartyName>(['hub', 'hub', ...siteNames]);
  switch (
    draw.weighted([
      'kill',
      'kill',
      'kill',
      'server',
      'server',
      'power-cut',
      'restart',
      'freeze',
      'way',
      'way',
      'unplug',
      'command',
    ] as const)
  ) {
    case 'kill':
      return {
        kind: 'kill',
        at,
        party,
        what: draw.one(['process', 'process', 'both', 'both', 'front'] as const),
        downMs,
        ...(draw.whole(4) === 0 ? { againMs: 100 + draw.whole(1_500) } : {}),
      };
    case 'server':
      return {
        kind: 'kill-postgres',
        at,
        server: draw.one<ServerName>(['hub', 'hub', 'alpha', 'beta', 'gamma', 'given', 'given']),
        worker: draw.whole(3) === 0,
        downMs,
      };
    case 'power-cut':
      return { kind: 'power-cut', at, party, downMs };
    case 'restart':
      return { kind: 'restart', at, party, downMs };
    case 'freeze':
      return { kind: 'freeze', at, party, forMs: 200 + draw.whole(1_300) };
    case 'way': {
      const kind = draw.one(['cut', 'stall', 'half-open'] as const);
      const sites = draw.whole(4) === 0 ? siteNames : draw.some(siteNames, 1 + draw.whole(2));
      // Now and then for so long that only the heartbeat tells: a site then stays away over some rounds.
      const long = kind !== 'cut' && draw.whole(8) === 0 && sites.length < 3;
      return { kind, at, sites, forMs: long ? 20_000 + draw.whole(15_000) : 200 + draw.whole(1_500) };
    }
    case 'unplug':
      return {
        kind: 'unplug',
        at,
        cable: draw.one(['hub', 'hub', 'database'] as const),
        forMs: 200 + draw.whole(2_000),
      };
    case 'command':
      return { kind: 'kill-command', at, party, afterMs: 200 + draw.whole(1_200) };
  }
}

function drawFrom(random: () => number) {
  const whole = (below: number) => Math.floor(random() * below);
  const one = <T>(of: readonly T[]): T => of[whole(of.length)] as T;
  const some = <T>(of: readonly T[], count: number): readonly T[] => {
    const left = of.map((value, place) => ({ value, place, by: random() })).toSorted((a, b) => a.by - b.by);
    return left
      .slice(0, count)
      .toSorted((a, b) => a.place - b.place)
      .map(({ value }) => value);
  };
  return { whole, one, some, weighted: one };
}

/** mulberry32 over a hash of both numbers: small, and the same on every machine. */
function randomFrom(seed: number, round: number): () => number {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(round + 1, 0xc2b2ae35)) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 8; i += 1) next();
  return next;
}

/** A fault in a few words. */
export function inWords(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
      return `kill ${fault.party}${fault.what === 'process' ? '' : ` (${fault.what})`}, down ${fault.downMs} ms${fault.againMs === undefined ? '' : `, again after ${fault.againMs} ms`}`;
    case 'kill-postgres':
      return `kill ${fault.worker ? 'a worker of ' : ''}PostgreSQL of ${fault.server}`;
    case 'power-cut':
    case 'restart':
      return `${fault.kind} ${fault.party}, down ${fault.downMs} ms`;
    case 'freeze':
      return `freeze ${fault.party} for ${fault.forMs} ms`;
    case 'cut':
    case 'stall':
    case 'half-open':
      return `${fault.kind} ${fault.sites.join(' ')} for ${fault.forMs} ms`;
    case 'unplug':
      return `unplug epsilon from its ${fault.cable} for ${fault.forMs} ms`;
    case 'kill-command':
      return `kill a command of ${fault.party} after ${fault.afterMs} ms`;
  }
}
