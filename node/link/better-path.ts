/** While the link goes by long-poll: looks now and then whether a WebSocket carries frames by now, and ends the session if one does. */

import type { Channel } from '#host/channel.ts';
import { frameReader, greetingLimit } from '#host/frame-reader.ts';
import type { HubHttp } from '#host/hub-http.ts';
import { pause } from '#host/serve.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import { dialWebSocket, handshakeMs } from './dial.ts';
import { type HandshakeDeps, isRefusal, sayHello } from './handshake.ts';

/** Every ten minutes or so: nodes that were cut off together do not ask together. */
const usualMs = 600_000;

export interface ProbeDeps extends HandshakeDeps {
  readonly http: HubHttp;
  readonly signal: AbortSignal;
}

/** Closes `polled` once a WebSocket carried the hub's answer to a hello; `found` hears of it first. */
export function changeToBetter(deps: ProbeDeps, polled: Channel, found: () => void, everyMs = usualMs): void {
  const over = new AbortController();
  polled.onClose(() => over.abort());
  const signal = AbortSignal.any([deps.signal, over.signal]);
  void (async () => {
    while (!signal.aborted) {
      await pause(everyMs * (0.75 + Math.random() / 2), signal);
      if (signal.aborted || (await tryPath(dialWebSocket, deps, signal))) continue;
      found();
      polled.close();
      return;
    }
  })();
}

/** Whether it was the WebSocket that failed, and not the hub or the way to it: plain HTTP works where it did not. */
export async function isBlocked(http: HubHttp, code: ErrorCode): Promise<boolean> {
  if (code !== 'link-blocked' && code !== 'link-closed') return false;
  return http.call('/api/v1/hub', { timeoutMs: 5_000, limit: greetingLimit }).then(
    ({ status }) => status === 200,
    () => false,
  );
}

/**
 * Whether a path carries frames: the hub's answer to a hello says so, a refusal too. A 101 is not enough: some proxies let the upgrade
 * through and no frame after it. Gives the fault, if there is one.
 */
export async function tryPath(
  dial: (http: HubHttp, signal: AbortSignal) => Promise<Channel>,
  deps: HandshakeDeps & { readonly http: HubHttp },
  signal: AbortSignal,
): Promise<MoimError | undefined> {
  let channel: Channel | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    channel = await dial(deps.http, signal);
    const opened = channel;
    timer = setTimeout(() => opened.terminate(), handshakeMs);
    // Nothing is proved and nothing claimed: a session that is up stays the only one.
    await sayHello(deps, channel, frameReader(channel));
    return undefined;
  } catch (cause) {
    if (cause instanceof MoimError && isRefusal(cause.code)) return undefined;
    return cause instanceof MoimError ? cause : new MoimError('internal', undefined, { cause });
  } finally {
    clearTimeout(timer);
    channel?.terminate();
  }
}
