import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import Fastify from 'fastify';
import { freePort } from '#host/ports.ts';
import { closeServer, listen } from '#host/server.ts';

test('listens on a free port of our range where none is set, on the address given and no other', async (t) => {
  const app = Fastify();
  t.after(() => app.close());
  const url = new URL(await listen(app, '127.0.0.1', 0));
  assert.equal(url.hostname, '127.0.0.1');
  assert.ok(Number(url.port) >= 20_000 && Number(url.port) <= 32_767);
});

test('a port that was set and is taken is refused, with what to do', async (t) => {
  const [first, second] = [Fastify(), Fastify()];
  t.after(() => Promise.all([first.close(), second.close()]));
  const { port } = new URL(await listen(first, '127.0.0.1', await freePort({ random: Math.random })));
  await assert.rejects(listen(second, '127.0.0.1', Number(port)), {
    code: 'port-taken',
    message: new RegExp(port),
    remedy: /MOIM_PORT/,
  });
});

test('an address that is not this machine’s is refused', async (t) => {
  const app = Fastify();
  t.after(() => app.close());
  await assert.rejects(listen(app, '192.0.2.1', 0), {
    code: 'cannot-listen',
    message: /192\.0\.2\.1: EADDRNOTAVAIL/,
  });
});

test('closes though somebody holds a connection open and never asks anything', async () => {
  const app = Fastify();
  app.get('/x', () => 'ok');
  const url = new URL(await listen(app, '127.0.0.1', 0));
  const silent = connect(Number(url.port), '127.0.0.1');
  silent.on('error', () => {});
  await new Promise((resolve) => silent.once('connect', resolve));
  assert.equal(await (await fetch(`${url.href}x`)).text(), 'ok');
  const ended = new Promise((resolve) => silent.once('close', resolve));
  await closeServer(app);
  await ended;
});
