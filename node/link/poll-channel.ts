/**
 * The node's end of long-poll: frames go up by POST, come down by a POST that the hub answers when it has some. One request of each kind
 * at a time, numbered, so that one whose answer was lost is sent again without harm. Slower than a WebSocket, never different.
 */

import Type from 'typebox';
import type { Channel } from '#host/channel.ts';
import { greetingLimit } from '#host/frame-reader.ts';
import type { HubAnswer, HubHttp } from '#host/hub-http.ts';
import { pause as wait } from '#host/serve.ts';
import { MoimError } from '#protocol/errors.ts';
import { frameLimit } from '#protocol/frame.ts';
import { parseJson, parser } from '#protocol/schema.ts';

const path = '/federation/v1/poll';
const open = { additionalProperties: true } as const;
const Opened = parser(Type.Object({ session: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }) }, open));
const Taken = parser(Type.Object({ paused: Type.Boolean() }, open));
const Batch = parser(
  Type.Object({ n: Type.Integer({ minimum: 0 }), closed: Type.Optional(Type.Boolean()) }, open),
);

/** The hub answers within 25 s; what takes this long was lost. */
const answerMs = 40_000;
/** The hub has forgotten the session by then. */
const patienceMs = 30_000;

/** Opens a session. Throws MoimError as `HubHttp` does, `hub-refused` where the hub offers no long-poll. */
export async function dialPoll(hub: HubHttp, signal: AbortSignal): Promise<Channel> {
  const answer = await hub.call(path, { body: '{}', signal, timeoutMs: 10_000, limit: greetingLimit });
  if (answer.status !== 200) throw new MoimError('hub-refused', `the hub answered ${answer.status}`);
  return pollChannel(hub, Opened.parse(answer.json(), 'poll session').session, signal);
}

function pollChannel(hub: HubHttp, session: string, signal: AbortSignal): Channel {
  const ended = new AbortController();
  const stopped = AbortSignal.any([signal, ended.signal]);
  const queue: string[] = [];
  const headers = { authorization: `Bearer ${session}`, 'content-type': 'text/plain' };
  const done: (() => void)[] = [];
  let told = false;
  let take: (message: Buffer) => void = () => {};
  let state: 'open' | 'closing' | 'closed' = 'open';
  let admitted = false;
  let [up, down] = [0, 0];
  let pumping = false;
  let flowing: PromiseWithResolvers<void> | undefined;

  const shut = () => {
    state = 'closed';
    ended.abort();
    flowing?.resolve();
  };
  const tell = () => {
    told = true;
    for (const listener of done.splice(0)) queueMicrotask(listener);
  };
  /** The hub knows already, or cannot be told. */
  const finish = () => {
    if (state === 'closed') return;
    shut();
    tell();
  };
  /** Tells the hub, so that it keeps no claim for a node that is gone. */
  const end = () => {
    if (state === 'closed') return;
    shut();
    void hub
      .call(`${path}/end`, { body: '', headers, timeoutMs: 2_000, limit: greetingLimit })
      .catch(() => undefined)
      .then(tell);
  };

  /** One numbered request, sent again until it is answered. Gives nothing where the session is over. */
  const post = async (query: string, body: string, limit: number): Promise<HubAnswer | undefined> => {
    const until = performance.now() + patienceMs;
    for (let attempt = 0; !stopped.aborted; attempt += 1) {
      const answer = await hub
        .call(`${path}/${query}`, {
          body,
          headers,
          signal: stopped,
          timeoutMs: answerMs,
          limit,
        })
        .catch((cause: unknown) => cause);
      if (!(answer instanceof Error)) {
        const found = answer as HubAnswer;
        if (found.status === 200) return found;
        if (found.status < 500 && found.status !== 429) return undefined;
      }
      if (performance.now() > until) return undefined;
      await wait(Math.min(2_000, 100 * 2 ** attempt), stopped);
    }
    return undefined;
  };

  const pump = async () => {
    if (pumping) return;
    pumping = true;
    try {
      while (queue.length > 0 && state !== 'closed') {
        up += 1;
        let body = batch(queue, admitted ? frameLimit : greetingLimit);
        // A hub that is behind says so: nothing more is sent until it has caught up.
        for (let paused = true; paused; body = '') {
          const answer = await post(`up?n=${up}`, body, greetingLimit);
          if (!answer) return finish();
          paused = Taken.parse(answer.json(), 'poll answer').paused;
        }
      }
      if (state === 'closing') end();
    } catch {
      finish();
    } finally {
      pumping = false;
    }
  };

  const listen = async () => {
    try {
      while (state === 'open') {
        await flowing?.promise;
        const answer = await post(`down?after=${down}`, '', 2 * frameLimit);
        if (!answer) return finish();
        const [head = '', ...frames] = answer.text.split('\n');
        const { n, closed = false } = Batch.parse(parseJson(head, 'poll batch'), 'poll batch');
        if (n === down + 1) {
          down = n;
          for (const frame of frames) take(Buffer.from(frame));
        }
        if (closed) return finish();
      }
    } catch {
      finish();
    }
  };
  // The owner takes the messages from this turn on; the first can come with a later one only.
  void listen();
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true, signal: ended.signal });

  return {
    kind: 'poll',
    get open() {
      return state === 'open';
    },
    send(text) {
      if (state !== 'open') return;
      queue.push(text);
      void pump();
    },
    close() {
      if (state !== 'open') return;
      state = 'closing';
      void pump();
    },
    terminate: end,
    pause() {
      flowing ??= Promise.withResolvers();
    },
    resume() {
      flowing?.resolve();
      flowing = undefined;
    },
    admit() {
      admitted = true;
    },
    // Every request is a sign of life, and one that is not answered in time ends the channel.
    keepAlive() {},
    onMessage(taker) {
      take = taker;
    },
    onClose: (listener) => (told ? queueMicrotask(() => listener()) : void done.push(() => listener())),
  };
}

/** As many of the first frames as one request may carry, at least one, a line each: a frame holds no line break. */
function batch(queue: string[], limit: number): string {
  let size = 0;
  let count = 0;
  for (const frame of queue) {
    size += Buffer.byteLength(frame) + 1;
    if (count > 0 && size > limit) break;
    count += 1;
  }
  return queue.splice(0, count).join('\n');
}
