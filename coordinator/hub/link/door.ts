/**
 * The places of channels that have not proved a key yet. Where all are taken a newcomer is let in all the same, and the end is for a channel of
 * the network address that holds the most: who fills the door from one address stands in nobody's way but its own.
 */

import type { Channel } from '#host/channel.ts';

export interface Door {
  enter(channel: Channel, address: string): Place;
  /** How many channels have not proved a key yet. */
  count(): number;
}

export interface Place {
  /** It named an approved site, which a stranger cannot without knowing one: others are ended before it. */
  readonly named: () => void;
  /** It proved its key. */
  readonly leave: () => void;
}

/** Channels in the handshake at one time. */
const most = 200;

interface Waiting {
  readonly channel: Channel;
  readonly network: string;
  named: boolean;
}

export function createDoor(): Door {
  /** In the order they came. */
  const waiting = new Set<Waiting>();
  const makeRoom = () => {
    const held = new Map<string, number>();
    for (const { network } of waiting) held.set(network, (held.get(network) ?? 0) + 1);
    const worst = Math.max(...held.values());
    const theirs = [...waiting].filter(({ network }) => held.get(network) === worst);
    const last = theirs.find(({ named }) => !named) ?? theirs[0];
    if (!last) return;
    waiting.delete(last);
    last.channel.terminate();
  };
  return {
    enter(channel, address) {
      if (waiting.size >= most) makeRoom();
      const mine = { channel, network: networkOf(address), named: false };
      waiting.add(mine);
      const leave = () => void waiting.delete(mine);
      channel.onClose(leave);
      return {
        leave,
        named() {
          mine.named = true;
        },
      };
    },
    count: () => waiting.size,
  };
}

/** An IPv4 address is one caller; of an IPv6 address one caller has 64 bits to himself. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  return [...groups, ...Array<string>(zeros).fill('0'), ...after].slice(0, 4).join(':');
}
