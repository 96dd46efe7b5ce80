/** Opening a WebSocket to the hub by the way that was set. */

import { WebSocket } from 'ws';
import { type Channel, webSocketChannel } from '#host/channel.ts';
import { type HubHttp, hubFault } from '#host/hub-http.ts';
import { MoimError } from '#protocol/errors.ts';
import { frameLimit } from '#protocol/frame.ts';

/** What must be there within this time: first the channel, then the end of the handshake. */
export const handshakeMs = 10_000;

/**
 * Gives a WebSocket to the hub that is open. Throws MoimError `link-blocked` where HTTP answered and did not upgrade, `link-closed`
 * where it was cut or did not answer, and what `HubHttp` throws where there is no way at all.
 */
export function dialWebSocket(hub: HubHttp, signal: AbortSignal): Promise<Channel> {
  const socket = new WebSocket(`${hub.url.replace(/^http/, 'ws')}/federation/v1/link`, {
    agent: hub.agent,
    maxPayload: frameLimit,
    perMessageDeflate: false,
    handshakeTimeout: handshakeMs,
  });
  let fault = new MoimError('link-closed', 'the WebSocket was cut before it was open');
  socket.once('unexpected-response', (request, answer) => {
    fault = new MoimError('link-blocked', `the answer to the Upgrade was HTTP ${answer.statusCode ?? 0}`);
    answer.destroy();
    request.destroy();
    socket.terminate();
  });
  socket.once('error', (cause) => {
    if (fault.code === 'link-blocked') return;
    const found = hubFault(hub.url, cause);
    // Cut, or silence: HTTP may still pass where the WebSocket does not.
    const silent =
      found.code === 'hub-unreachable' && !('code' in cause && neverThere.has(String(cause.code)));
    if (!silent) fault = found;
  });
  const channel = webSocketChannel(socket);
  const stop = () => socket.terminate();
  // A signal that was given before nobody listened is not given again.
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop);
  channel.onClose(() => signal.removeEventListener('abort', stop));
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(channel));
    channel.onClose(() => reject(fault));
  });
}

/** Faults below HTTP: long-poll would meet them too. */
const neverThere: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
