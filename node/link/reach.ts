/** What `doctor` says about the way to the hub: which path works, and of each other why it does not. */

import type { Finding } from '#host/diagnosis.ts';
import { checkClock } from '#host/home-check.ts';
import { type HubHttp, hubHttp } from '#host/hub-http.ts';
import type { HubWay } from '#host/hub-way.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint } from '#protocol/keys.ts';
import { mostFollowed } from '#protocol/rotation.ts';
import type { NodeIdentity, PinnedHub } from '../identity.ts';
import { successorOf } from '../trust/hub.ts';
import { tryPath } from './better-path.ts';
import { dialWebSocket } from './dial.ts';
import type { LinkMode } from './path.ts';
import { dialPoll } from './poll-channel.ts';
import { gapOf, gapRemedy } from './version-gap.ts';

export interface ReachDeps {
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly way: HubWay;
  readonly mode: LinkMode;
  readonly signal: AbortSignal;
}

export async function reachHub(deps: ReachDeps): Promise<Finding[]> {
  const { hub, way } = deps;
  if (deps.mode === 'none')
    return [
      { check: 'hub', state: 'ok', says: `by hand, as site ${hub.site}; the hub is ${fingerprint(hub.key)}` },
    ];
  const by = way.proxy ? 'through the proxy' : 'directly';
  const http = hubHttp(hub.url, way);
  let clock: string | Finding = '';
  const fault = await ask(http, hub, (date) => {
    clock = checkClock(date, Date.now());
  });
  if (!fault) {
    const says = `reached ${by}, as site ${hub.site}; the hub is ${fingerprint(hub.key)}`;
    const time: Finding = typeof clock === 'string' ? { check: 'clock', state: 'ok', says: clock } : clock;
    return [{ check: 'hub', state: 'ok', says }, time, await linkPaths(deps, http)];
  }
  const failed: Finding = { check: 'hub', state: 'failed', says: fault.message, remedy: fault.remedy };
  if (!way.proxy) return [failed];
  const { proxy: _, ...direct } = way;
  const without = await ask(hubHttp(hub.url, direct), hub);
  const says = without ? `without the proxy: ${without.message}` : 'without the proxy the hub is reached';
  return [
    failed,
    {
      check: 'hub-direct',
      state: 'warning',
      says,
      remedy: without
        ? without.remedy
        : 'Unset MOIM_HUB_PROXY, if the hospital lets this machine out directly.',
    },
  ];
}

/** Asks the hub for its key: HTTP works, and it is the hub that was pinned. */
async function ask(
  http: HubHttp,
  hub: PinnedHub,
  told: (date: string | null) => void = () => {},
): Promise<MoimError | undefined> {
  try {
    const answer = await http.call('/api/v1/hub', { timeoutMs: 10_000, limit: 65_536 });
    told(answer.date);
    const shown = (answer.json() as { fingerprint?: unknown } | undefined)?.fingerprint;
    if (shown === fingerprint(hub.key) || shown === (await successorPrint(hub, answer.json()))) {
      const gap = gapOf(answer.json());
      return gap === 'node-older' || gap === 'hub-older'
        ? new MoimError('no-common-version', undefined, { remedy: gapRemedy[gap] })
        : undefined;
    }
    if (typeof shown === 'string')
      return new MoimError('fingerprint-differs', 'the hub shows another key than the one pinned');
    return new MoimError('hub-unreachable', `something that is no hub answered ${answer.status}`, {
      remedy: 'Check the URL; a captive portal or a proxy of the hospital may answer in its place.',
    });
  } catch (cause) {
    return cause instanceof MoimError ? cause : new MoimError('internal', undefined, { cause });
  }
}

/** The fingerprint of a key that follows the pinned one by its own word: the node takes it over at the next link. */
async function successorPrint(hub: PinnedHub, answer: unknown): Promise<string | undefined> {
  const { rotations } = Object(answer) as { rotations?: unknown };
  const chain =
    Array.isArray(rotations) && rotations.length <= mostFollowed ? rotations.map(String) : undefined;
  const successor = await successorOf(hub, chain);
  return successor && fingerprint(successor.key);
}

async function linkPaths({ mode, ...deps }: ReachDeps, http: HubHttp): Promise<Finding> {
  const [socket, poll] = await Promise.all([
    tryPath(dialWebSocket, { ...deps, http }, deps.signal),
    tryPath(dialPoll, { ...deps, http }, deps.signal),
  ]);
  const check = 'link';
  const says = [
    socket ? `the WebSocket does not work: ${socket.message}` : 'the WebSocket works',
    poll ? `long-poll does not work: ${poll.message}` : 'long-poll works',
  ];
  const used = mode === 'poll' ? poll : mode === 'websocket' ? socket : socket && poll;
  if (used)
    return { check, state: 'failed', says: says.join('; '), remedy: `${used.remedy} (link = "${mode}")` };
  // Long-poll is only the second choice: that it does not work while the first does needs no remedy.
  if (!socket || mode === 'poll') return { check, state: 'ok', says: says.join('; ') };
  return { check, state: 'warning', says: says.reverse().join('; '), remedy: blocked.remedy };
}

const blocked = new MoimError('link-blocked');
