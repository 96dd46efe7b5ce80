import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hubHttp } from '#host/hub-http.ts';
import { hubWay } from '#host/hub-way.ts';
import { pinHub, readNodeIdentity, readPinnedHub } from '#node/identity.ts';
import { changeToBetter } from '#node/link/better-path.ts';
import { dialPoll } from '#node/link/poll-channel.ts';
import { makeAuthority, noOpenssl } from '#test/support/certificate.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { assertAnsweredOnce, openNetwork, type Site, succeed } from './network.ts';
import { command, until } from './party.ts';
import { blockingRelay, connectProxy, idleCutter, tlsRelay } from './relays.ts';
import { reach, sendStudy } from './study.ts';

const network = await openNetwork({ after }, { sites: { alpha: { persons: 60, salt: 1 } }, minimumCell: 1 });
const { hub, lead } = network;
const [alpha] = network.sites as [Site];
const skip = noOpenssl() ?? false;

/** Runs the hospital's node with the hub at another address and other settings, and sets both back. */
async function through(
  url: string,
  env: Record<string, string>,
  work: (env: Record<string, string>) => Promise<void>,
) {
  const pinned = readPinnedHub(alpha.home);
  assert.ok(pinned);
  pinHub(alpha.home, { ...pinned, url });
  const mine = alpha.env as Record<string, string>;
  const before = { ...mine };
  Object.assign(mine, env);
  try {
    await work({ ...mine });
  } finally {
    await alpha.stop();
    for (const name of Object.keys(mine)) delete mine[name];
    Object.assign(mine, before);
    pinHub(alpha.home, pinned);
  }
}

/** The path of the newest link. */
const path = (since = 0): string | undefined =>
  alpha.lines
    .slice(since)
    .map((line) => JSON.parse(line) as { msg: string; path?: string })
    .findLast(({ msg }) => msg === 'link-up')?.path;

async function answersOneStudy(): Promise<void> {
  const study = await sendStudy(network);
  await reach(lead, study, { alpha: 'answered' });
  await assertAnsweredOnce(network, alpha, study.jobs.alpha ?? '');
}

for (const how of ['answer', 'cut'] as const) {
  test(`where WebSockets are blocked (${how}), the node goes on by long-poll and answers`, async () => {
    await using_(async (t) => {
      const relay = await blockingRelay(t, hub.url, how);
      await through(relay.url, {}, async () => {
        const since = alpha.lines.length;
        await alpha.start();
        await until('a link by long-poll', () => path(since) === 'poll');
        assert.ok(relay.taken() >= 2, 'the WebSocket was tried first, and more than once');
        await answersOneStudy();
      });
    });
  });
}

test('a path that opens and lets no frame through counts as blocked', { timeout: 60_000 }, async () => {
  await using_(async (t) => {
    const relay = await blockingRelay(t, hub.url, 'swallow');
    await through(relay.url, {}, async () => {
      const since = alpha.lines.length;
      await alpha.start();
      await until('a link by long-poll', () => path(since) === 'poll', 40_000);
    });
  });
});

test('long-poll is left for the WebSocket once that carries frames', async () => {
  await using_(async (t) => {
    const relay = await blockingRelay(t, hub.url, 'swallow');
    const pinned = readPinnedHub(alpha.home);
    assert.ok(pinned);
    const http = hubHttp(relay.url, {}, true);
    const stop = new AbortController();
    t.after(async () => stop.abort());
    const polled = await dialPoll(http, stop.signal);
    let found = 0;
    const identity = readNodeIdentity(alpha.home);
    const deps = { identity, hub: pinned, http, signal: stop.signal };
    changeToBetter(
      deps,
      polled,
      () => {
        found += 1;
      },
      20,
    );
    await until('some attempts', () => relay.taken() >= 3);
    assert.deepEqual([found, polled.open], [0, true]);
    relay.open();
    await until('the change', () => !polled.open);
    assert.equal(found, 1);
  });
});

test('link = "poll" and link = "websocket" are obeyed', async () => {
  await through(hub.url, { MOIM_LINK: 'poll' }, async () => {
    const since = alpha.lines.length;
    await alpha.start();
    await until('a link', () => path(since));
    assert.equal(path(since), 'poll');
    await answersOneStudy();
  });
  await using_(async (t) => {
    const relay = await blockingRelay(t, hub.url, 'answer');
    await through(relay.url, { MOIM_LINK: 'websocket' }, async () => {
      const since = alpha.lines.length;
      await alpha.start();
      await until('four attempts', () => relay.taken() >= 4);
      assert.equal(path(since), undefined, 'no link came up by another path');
    });
  });
});

test('a relay that cuts idle connections costs nothing but new links', async () => {
  for (const mode of ['websocket', 'poll']) {
    await using_(async (t) => {
      const relay = await idleCutter(t, hub.url, 300);
      await through(relay.url, { MOIM_LINK: mode }, async () => {
        await alpha.start();
        await until('some cuts', () => relay.taken() >= 2);
        await answersOneStudy();
      });
    });
  }
});

test('through a proxy that takes CONNECT, with name and password, the WebSocket and every call go', async () => {
  await using_(async (t) => {
    const proxy = await connectProxy(t, { auth: 'ward:s3cret' });
    const url = proxy.url.replace('http://', 'http://ward:s3cret@');
    await through(hub.url, { MOIM_HUB_PROXY: url }, async (env) => {
      const since = alpha.lines.length;
      await alpha.start();
      await until('a link', () => path(since));
      assert.equal(path(since), 'websocket');
      await answersOneStudy();
      const before = proxy.taken();
      const doctor = await command(alpha.home, env, 'doctor');
      assert.match(doctor.out, /through the proxy/);
      assert.ok(proxy.taken() > before, 'doctor called through it');
      const shown = await command(alpha.home, env, 'doctor', '--show');
      for (const text of [doctor.out, doctor.err, shown.out, alpha.lines.join('\n')])
        assert.doesNotMatch(text, /s3cret/, 'the password is nowhere');
    });
  });
});

test('a proxy that wants a password, or refuses, is named by doctor with what to do', async () => {
  await using_(async (t) => {
    const closed = await connectProxy(t, { auth: 'ward:s3cret' });
    const wall = await connectProxy(t, { status: 403 });
    for (const [proxy, words] of [
      [closed, /407.*name and a password[\s\S]*MOIM_HUB_PROXY/],
      [wall, /CONNECT with 403/],
    ] as const) {
      await through(hub.url, { MOIM_HUB_PROXY: proxy.url }, async (env) => {
        const doctor = await command(alpha.home, env, 'doctor');
        assert.equal(doctor.code, 1);
        assert.match(doctor.out, words);
      });
    }
  });
});

test('doctor tells apart a name that is not known, a port nobody listens on, and a blocked upgrade', async () => {
  await using_(async (t) => {
    const relay = await blockingRelay(t, hub.url, 'answer');
    for (const [url, code, words] of [
      ['http://no-such-host.invalid:8080', 1, /DNS/],
      ['http://127.0.0.1:9', 1, /refused/],
      [relay.url, 0, /long-poll works[\s\S]*Upgrade was HTTP 403/],
    ] as const) {
      await through(url, {}, async (env) => {
        const doctor = await command(alpha.home, env, 'doctor');
        const text = doctor.out;
        assert.match(text, words, url);
        if (code === 1) assert.equal(doctor.code, 1);
      });
    }
  });
});

test('a hub whose certificate a private authority signed is reached where that authority is named', {
  skip,
}, async () => {
  await using_(async (t) => {
    const folder = temporaryHome(t);
    const certificate = makeAuthority(folder).server('hub');
    const relay = await tlsRelay(t, hub.url, certificate);
    const ca = `${folder}/ca.pem`;
    await through(relay.url, { MOIM_HUB_CA_FILE: ca, MOIM_HUB_TLS_PIN: certificate.pin }, async (env) => {
      const since = alpha.lines.length;
      await alpha.start();
      await until('a link', () => path(since));
      assert.equal(path(since), 'websocket');
      await answersOneStudy();
      const answer = await hubHttp(relay.url, hubWay({ hubCaFile: ca })).call('/api/v1/hub');
      assert.equal(answer.status, 200, 'a lead honours the same settings');
      const doctor = await command(alpha.home, env, 'doctor');
      assert.match(doctor.out, /WebSocket works/);
    });
    await through(relay.url, {}, async (env) => {
      const doctor = await command(alpha.home, env, 'doctor');
      assert.match(doctor.out, /certificate of .* not trusted[\s\S]*MOIM_HUB_CA_FILE/);
    });
    const proxy = await connectProxy(t);
    await through(relay.url, { MOIM_HUB_CA_FILE: ca, MOIM_HUB_PROXY: proxy.url }, async () => {
      const since = alpha.lines.length;
      await alpha.start();
      await until('a link through proxy and TLS', () => path(since));
      assert.ok(proxy.taken() > 0);
    });
  });
});

test('another key than the pinned one is refused before anything is said, by link, call and enrolment', {
  skip,
}, async () => {
  await using_(async (t) => {
    const folder = temporaryHome(t);
    const authority = makeAuthority(folder);
    const relay = await tlsRelay(t, hub.url, authority.server('somebody'));
    const env = { MOIM_HUB_CA_FILE: authority.file, MOIM_HUB_TLS_PIN: authority.server('hub').pin };
    await through(relay.url, env, async (all) => {
      const since = alpha.lines.length;
      await alpha.start();
      await until('the refusal', () => alpha.lines.slice(since).some((line) => line.includes('pin-differs')));
      const doctor = await command(alpha.home, all, 'doctor');
      assert.match(doctor.out, /TLS key is not the one that was pinned/);
      const token = (await succeed(hub, 'hub', 'token', 'create', '--role', 'site', '--site', 'beta')).out;
      const enrolled = await command(alpha.home, all, 'node', 'enroll', '--hub', relay.url, '--token', token);
      assert.equal(enrolled.code, 3);
      assert.equal(path(since), undefined);
    });
  });
});

test('a pin on a hub without TLS is a configuration that cannot hold', () => {
  assert.throws(() => hubHttp('http://127.0.0.1:1', hubWay({ hubTlsPin: `${'A'.repeat(43)}=` })), {
    code: 'bad-config',
  });
  assert.throws(() => hubWay({ hubTlsPin: 'none' }), { code: 'bad-config' });
});

/** What a test opens is ended with the test. */
async function using_(work: (t: { after(end: () => Promise<void>): void }) => Promise<void>): Promise<void> {
  const ends: (() => Promise<void>)[] = [];
  try {
    await work({ after: (end) => void ends.push(end) });
  } finally {
    for (const end of ends.reverse()) await end();
  }
}
