import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'node:test';
import Fastify from 'fastify';
import type { Channel } from '#host/channel.ts';
import { hubHttp } from '#host/hub-http.ts';
import { freePort } from '#host/ports.ts';
import type { PollTimes } from '#hub/link/poll-channel.ts';
import { pollRoutes } from '#hub/routes/poll.ts';
import { dialPoll } from '#node/link/poll-channel.ts';
import { until } from '#test/network/party.ts';
import { idleCutter } from '#test/network/relays.ts';
import type { Ending } from '#test/support/database.ts';

/** A server that offers long-poll and nothing else; its ends of the sessions are the test's. */
async function pollServer(t: Ending, times: Partial<PollTimes> = {}, accept?: (channel: Channel) => void) {
  const app = Fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });
  const channels: Channel[] = [];
  pollRoutes(app, {
    accept: accept ?? ((channel) => void channels.push(channel)),
    times: { waitMs: 25_000, patienceMs: 30_000, cutMs: 6_000, ...times },
  });
  app.setErrorHandler((error, _request, reply) => {
    const code = (error as { code?: string }).code ?? '';
    const status = { 'not-found': 404, 'too-large': 413, 'out-of-order': 409, 'too-many-requests': 429 }[
      code
    ];
    return reply.code(status ?? 400).send({ error: { code } });
  });
  const url = await app.listen({ host: '127.0.0.1', port: await freePort({ random: Math.random }) });
  t.after(async () => void (await app.close()));
  return { url, channels, app };
}

/** What a channel got so far. */
function reading(channel: Channel): string[] {
  const got: string[] = [];
  channel.onMessage((message) => got.push(message.toString()));
  return got;
}

const never = new AbortController().signal;

async function pairOf(t: Ending, times: Partial<PollTimes> = {}, relay?: (url: string) => Promise<string>) {
  const server = await pollServer(t, times);
  const url = relay ? await relay(server.url) : server.url;
  const node = await dialPoll(hubHttp(url, {}, true), never);
  t.after(async () => node.terminate());
  const hub = server.channels[0];
  assert.ok(hub);
  return { ...server, node, hub, atNode: reading(node), atHub: reading(hub) };
}

test('text goes both ways, in order, whatever is in it', async (t) => {
  const { node, hub, atNode, atHub } = await pairOf(t);
  node.admit();
  hub.admit();
  const texts = Array.from({ length: 200 }, (_, i) =>
    JSON.stringify({ i, text: `"\\ü ${'x'.repeat(i * 10)}` }),
  );
  for (const text of texts) {
    node.send(text);
    hub.send(text);
  }
  await until('all of it', () => atNode.length === 200 && atHub.length === 200);
  assert.deepEqual(atNode, texts);
  assert.deepEqual(atHub, texts);
});

test('what was sent before a close arrives, and both ends learn of the close, once', async (t) => {
  for (const closer of ['node', 'hub'] as const) {
    const { node, hub, atNode, atHub } = await pairOf(t);
    const closes: string[] = [];
    node.onClose(() => closes.push('node'));
    hub.onClose(() => closes.push('hub'));
    const [one, other] = closer === 'node' ? [node, atHub] : [hub, atNode];
    one.send('a');
    one.send('b');
    one.close();
    assert.equal(one.open, false);
    await until('both closed', () => closes.length === 2);
    assert.deepEqual(other, ['a', 'b'], closer);
    assert.deepEqual(closes.toSorted(), ['hub', 'node']);
  }
});

test('a node that is terminated tells the hub, and one that stops asking is gone after its patience', async (t) => {
  const polite = await pairOf(t);
  let closed = false;
  polite.hub.onClose(() => {
    closed = true;
  });
  polite.node.terminate();
  await until('the hub to know', () => closed);

  const { url, channels } = await pollServer(t, { patienceMs: 150 });
  const opened = await hubHttp(url).call('/federation/v1/poll', { body: '{}' });
  assert.equal(opened.status, 200);
  const silent = channels[0];
  assert.equal(silent?.open, true);
  await until('the session to die', () => silent?.open === false);
});

test('a hub that ends the session at once, or is gone, ends it at the node', async (t) => {
  const { node, hub } = await pairOf(t);
  hub.terminate();
  await until('the node to know', () => !node.open);
});

test('idle connections that are cut lose nothing and double nothing', { timeout: 60_000 }, async (t) => {
  const { node, hub, atNode, atHub } = await pairOf(t, { cutMs: 5_000 }, async (url) => {
    const relay = await idleCutter(t, url, 60);
    return relay.url;
  });
  node.admit();
  hub.admit();
  for (let i = 0; i < 20; i += 1) {
    node.send(`up ${i}`);
    hub.send(`down ${i}`);
    await new Promise((resolve) => setTimeout(resolve, 25 + (i % 4) * 30));
  }
  await until('all of it', () => atNode.length >= 20 && atHub.length >= 20);
  assert.deepEqual(
    atNode,
    Array.from({ length: 20 }, (_, i) => `down ${i}`),
  );
  assert.deepEqual(
    atHub,
    Array.from({ length: 20 }, (_, i) => `up ${i}`),
  );
});

test('a request sent again is answered again and taken once; one out of turn is refused', async (t) => {
  const { url, channels } = await pollServer(t, { waitMs: 50 });
  const http = hubHttp(url);
  const { session } = (await http.call('/federation/v1/poll', { body: '{}' })).json() as { session: string };
  const hub = channels[0];
  assert.ok(hub);
  const got = reading(hub);
  const headers = { authorization: `Bearer ${session}`, 'content-type': 'text/plain' };
  const up = (n: number, body: string) => http.call(`/federation/v1/poll/up?n=${n}`, { body, headers });
  const down = async (after: number) =>
    (await http.call(`/federation/v1/poll/down?after=${after}`, { body: '', headers })).text;
  await up(1, 'a\nb');
  await up(1, 'a\nb');
  await up(2, 'c');
  assert.deepEqual(got, ['a', 'b', 'c']);
  assert.equal((await up(4, 'e')).status, 409);
  assert.equal((await up(1, 'a')).status, 409);
  hub.send('x');
  assert.equal(await down(0), '{"n":1,"closed":false}\nx');
  hub.send('y');
  assert.equal(await down(0), '{"n":1,"closed":false}\nx', 'the answer was lost: the same again');
  assert.equal(await down(1), '{"n":2,"closed":false}\ny');
  assert.equal(await down(2), '{"n":2,"closed":false}', 'nothing new within the wait');
  assert.match(await down(0), /out-of-order/);
});

test('before the node proved its key it gets little room, and says how much it sends; an unknown session gets none', async (t) => {
  const { url, channels } = await pollServer(t);
  const http = hubHttp(url);
  const { session } = (await http.call('/federation/v1/poll', { body: '{}' })).json() as { session: string };
  const up = (n: number, body: string, id = session) =>
    http.call(`/federation/v1/poll/up?n=${n}`, {
      body,
      headers: { authorization: `Bearer ${id}`, 'content-type': 'text/plain' },
    });
  assert.equal((await up(1, 'x'.repeat(20_000))).status, 413);
  assert.equal((await up(1, 'x'.repeat(16_000))).status, 200);
  channels[0]?.admit();
  assert.equal((await up(2, 'x'.repeat(2_000_000))).status, 200);
  assert.equal((await up(1, 'x', 'A'.repeat(43))).status, 404);
  const chunked = await fetch(`${url}/federation/v1/poll/up?n=3`, {
    method: 'POST',
    headers: { authorization: `Bearer ${session}`, 'content-type': 'text/plain' },
    body: new Blob(['x']).stream(),
    duplex: 'half',
  } as RequestInit);
  assert.equal(chunked.status, 413);
});

test('back-pressure: a hub that is behind gets nothing more until it has caught up', async (t) => {
  const { node, hub, atHub } = await pairOf(t, { waitMs: 60 });
  hub.pause();
  node.send('a');
  await until('the first', () => atHub.length === 1);
  node.send('b');
  node.send('c');
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(atHub, ['a']);
  hub.resume();
  await until('the rest', () => atHub.length === 3);
  assert.deepEqual(atHub, ['a', 'b', 'c']);
});

test('a node that sends on though it was told to wait is ended, and no more of it is read', async (t) => {
  const { url, channels } = await pollServer(t, { waitMs: 50 });
  const http = hubHttp(url);
  const { session } = (await http.call('/federation/v1/poll', { body: '{}' })).json() as { session: string };
  const [hub] = channels;
  assert.ok(hub);
  const got = reading(hub);
  const faults: unknown[] = [];
  hub.onClose((why) => faults.push(why));
  const headers = { authorization: `Bearer ${session}`, 'content-type': 'text/plain' };
  const up = (n: number, body: string) => http.call(`/federation/v1/poll/up?n=${n}`, { body, headers });
  hub.pause();
  assert.deepEqual((await up(1, 'a')).json(), { paused: true });
  assert.deepEqual((await up(1, '')).json(), { paused: true }, 'who asks again waits');
  const pressed = await Promise.all([2, 3, 4].map((n) => up(n, 'b')));
  assert.ok(pressed.every(({ status }) => status === 409 || status === 404));
  assert.deepEqual(got, ['a']);
  assert.equal(hub.open, false);
  await until('the fault to be told', () => faults.length === 1);
  assert.deepEqual(faults, ['out-of-order']);
});

test('of two bodies of one session that are under way at once, the older is read no further', async (t) => {
  const { url, channels } = await pollServer(t);
  const http = hubHttp(url);
  const { session } = (await http.call('/federation/v1/poll', { body: '{}' })).json() as { session: string };
  const [hub] = channels;
  assert.ok(hub);
  const got = reading(hub);
  const headers = { authorization: `Bearer ${session}`, 'content-type': 'text/plain' };
  const slow = request(`${url}/federation/v1/poll/up?n=1`, {
    method: 'POST',
    headers: { ...headers, 'content-length': '1000' },
  });
  let cut = false;
  slow.on('error', () => {
    cut = true;
  });
  const begun = once(slow, 'socket').then(([socket]) => once(socket, 'connect'));
  slow.write('half of it');
  await begun;
  await until('the older to be cut', async () => {
    await http.call(`/federation/v1/poll/up?n=1`, { body: 'whole', headers });
    return cut;
  });
  assert.deepEqual(got, ['whole']);
});

test('a hub that is full says so at once', async (t) => {
  const { url } = await pollServer(t, {}, (channel) => channel.terminate());
  await assert.rejects(dialPoll(hubHttp(url), never), { code: 'hub-refused' });
});
