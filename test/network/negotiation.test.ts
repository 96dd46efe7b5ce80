import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { freePort } from '#host/ports.ts';
import { pinHub, readNodeIdentity } from '#node/identity.ts';
import { type Frame, readFrame, transcript, writeFrame } from '#protocol/frame.ts';
import { createSigningKey, fingerprint, publicOf, thumbprint } from '#protocol/keys.ts';
import { sign } from '#protocol/sign.ts';
import type { Ending } from '#test/support/database.ts';
import { openHostileNode } from './hostile-node.ts';
import { openHub, openSite, openStandalone } from './network.ts';
import { command, until } from './party.ts';

const hub = await openHub({ after });
const alpha = await openSite({ after }, { site: 'alpha', hub });
const beta = await openStandalone({ after }, 'beta');
const { key } = readNodeIdentity(alpha.home);
const shown = (await (await fetch(`${hub.url}/api/v1/hub`)).json()) as {
  key: Parameters<typeof thumbprint>[0];
};

/** A node that offers other versions than ours, as the true hub meets it. */
const nodeOffering = (t: Ending, versions: readonly number[]) =>
  openHostileNode(t, { url: hub.url, site: 'alpha', hubKey: shown.key, key, versions });

test('hub of version 1, node of versions 2 and 1: version 1 is spoken', async (t) => {
  const node = nodeOffering({ after: (end) => t.after(end) }, [2, 1]);
  await node.welcomed();
  assert.equal(node.frames.find((frame) => frame.t === 'challenge')?.version, 1);
});

test('hub of version 1, node of version 2 alone: refused, and the hub’s operator reads which side is older', async (t) => {
  const node = nodeOffering({ after: (end) => t.after(end) }, [2]);
  assert.equal(await node.refused(), 'no-common-version');
  const line = await until('the log', () => hub.lines.find((text) => text.includes('"no-common-version"')));
  const { site, version, state } = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual({ site, version, state }, { site: 'alpha', version: 2, state: 'hub-older' });
});

/** A hub of another age: it speaks `versions`, and answers a hello as such a hub would. */
async function hubOffering(t: Ending, versions: readonly number[], insist?: number) {
  const hubKey = await createSigningKey();
  const server = createServer((_request, answer) =>
    answer.end(
      JSON.stringify({
        key: publicOf(hubKey),
        fingerprint: fingerprint(publicOf(hubKey)),
        protocol: versions,
      }),
    ),
  );
  const sockets = new WebSocketServer({ server });
  const frames: Frame[] = [];
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', async (data) => {
      const frame = readFrame(String(data));
      frames.push(frame);
      if (frame.t === 'proof') return socket.send(writeFrame({ t: 'welcome', epoch: 1, seq: 0 }));
      if (frame.t !== 'hello') return;
      const version =
        insist ?? versions.toSorted((a, b) => b - a).find((one) => frame.versions.includes(one));
      if (version === undefined) {
        socket.send(writeFrame({ t: 'refuse', code: 'no-common-version' }));
        return socket.close();
      }
      const nonce = randomBytes(32).toString('base64url');
      const said = transcript(frame, version, nonce, thumbprint(publicOf(hubKey)));
      socket.send(
        writeFrame({ t: 'challenge', version, nonce, signature: await sign(said, 'moim-link-hub', hubKey) }),
      );
    });
  });
  const port = await freePort({ random: Math.random });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(async () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${port}`, key: publicOf(hubKey), frames };
}

/** Runs the true node against such a hub. */
async function meets(
  versions: readonly number[],
  work: (hub: Awaited<ReturnType<typeof hubOffering>>) => Promise<void>,
  insist?: number,
) {
  const ends: (() => Promise<void>)[] = [];
  const other = await hubOffering({ after: (end) => void ends.push(end) }, versions, insist);
  pinHub(beta.home, { url: other.url, site: 'beta', key: other.key });
  await beta.start();
  try {
    await work(other);
  } finally {
    await beta.stop();
    for (const end of ends) await end();
  }
}

test('node of version 1, hub of versions 1 and 2: version 1 is spoken', async () => {
  await meets([1, 2], async ({ frames }) => {
    await until('the resume', () => frames.some(({ t }) => t === 'resume'));
  });
});

test('node of version 1, hub of version 2 alone: the node’s operator reads which side is older, and what to do', async () => {
  await meets([2], async ({ frames }) => {
    const line = await until('the log', () =>
      beta.lines.find((text) => text.includes('"state":"node-older"')),
    );
    assert.match(line, /no-common-version/);
    const doctor = await command(beta.home, beta.env, 'doctor');
    assert.equal(doctor.code, 1);
    assert.match(
      doctor.out,
      /no protocol version in common[\s\S]*This node is the older one: install the newest Moim/,
    );
    assert.equal(
      frames.some(({ t }) => t === 'proof'),
      false,
      'nothing more was said',
    );
  });
});

test('a hub that insists on a version the node did not offer is refused', async () => {
  await meets(
    [1, 2],
    async ({ frames }) => {
      const since = beta.lines.length;
      await until('the refusal', () =>
        beta.lines
          .slice(since)
          .find((text) => text.includes('link-refused') && text.includes('no-common-version')),
      );
      assert.equal(
        frames.some(({ t }) => t === 'proof'),
        false,
      );
    },
    2,
  );
});
