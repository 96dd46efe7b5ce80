import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { canBind, freePort } from '#host/ports.ts';

const occupy = (port: number) =>
  new Promise<{ close(): Promise<void> }>((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () =>
      resolve({ close: () => new Promise((done) => server.close(() => done())) }),
    );
  });

test('gives the preferred port when it is free, and never one that is taken or to be avoided', async () => {
  const port = await freePort({ random: Math.random });
  assert.ok(port >= 20_000 && port <= 32_767);
  assert.equal(await freePort({ random: Math.random, preferred: port }), port);
  assert.notEqual(await freePort({ random: Math.random, preferred: port, avoid: new Set([port]) }), port);
  const holder = await occupy(port);
  try {
    assert.equal(await canBind(port), false);
    assert.notEqual(await freePort({ random: Math.random, preferred: port }), port);
  } finally {
    await holder.close();
  }
});

test('searches on from its random start and around the end of the range', async () => {
  const first = await freePort({ random: Math.random });
  const holder = await occupy(first);
  try {
    // The range is this one port and its neighbour; the start falls on the taken one.
    const found = await freePort({ random: () => 0.9, from: first - 1, to: first });
    assert.equal(found, first - 1);
    await assert.rejects(freePort({ random: () => 0, from: first, to: first }), { code: 'port-taken' });
  } finally {
    await holder.close();
  }
});

test('does not prefer a port outside the range', async () => {
  assert.ok((await freePort({ random: () => 0, preferred: 54_321 })) < 32_768);
});
