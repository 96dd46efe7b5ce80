import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { readHubIdentity } from '#hub/identity.ts';
import { pinHub, readNodeIdentity } from '#node/identity.ts';
import { type Envelope, type ReplyBody, sealEnvelope } from '#protocol/envelope.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { publicOf } from '#protocol/keys.ts';
import { vectorFile } from '#test/vectors/make-v1.ts';
import { jobEnvelope, openHostileHub } from './hostile-hub.ts';
import { openHostileNode } from './hostile-node.ts';
import { openNetwork, openStandalone, rowsOf, type Site } from './network.ts';
import { until } from './party.ts';
import { sendStudy, statesOf } from './study.ts';

const network = await openNetwork({ after }, { sites: { alpha: { persons: 20, salt: 1 } } });
const { hub, lead } = network;
const [alpha] = network.sites as [Site];
const beta = await openStandalone({ after }, 'beta');
const at = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const refusals = (pool: typeof alpha.pool, schema: string) =>
  rowsOf<{ body: Record<string, unknown> }>(
    pool,
    `select body from ${schema}.audit where kind = 'delivery-refused' order by n`,
  );

test('an answer that comes past its time is not taken, and the lead reads that it expired', async (t) => {
  const study = await sendStudy(network);
  const { key } = readNodeIdentity(alpha.home);
  const node = openHostileNode(
    { after: (end) => t.after(end) },
    {
      url: hub.url,
      site: 'alpha',
      hubKey: readHubIdentity(hub.home).public,
      key,
    },
  );
  await node.welcomed();
  const job = study.jobs.alpha ?? '';
  const { header, sealed } = JSON.parse(readFileSync(vectorFile('reply'), 'utf8')) as ReplyBody;
  const reply: Envelope = {
    v: 1,
    id: uuidv7(Date.now()),
    from: 'alpha',
    to: 'hub',
    sentAt: at(-15),
    expiresAt: at(-1),
    body: { kind: 'reply', job, header, sealed },
  };
  node.send({ t: 'deliver', epoch: 1, seq: 1, envelope: await sealEnvelope(reply, key) });
  await node.acked(1);
  await until('the state', async () => (await statesOf(lead, study)).alpha === 'expired expired');
  assert.deepEqual(
    (await refusals(hub.pool, 'hub')).map(({ body }) => body.code),
    ['expired'],
  );
  node.send({
    t: 'deliver',
    epoch: 1,
    seq: 2,
    envelope: await sealEnvelope({ ...reply, sentAt: at(1), expiresAt: at(14) }, key),
  });
  await node.acked(2);
  assert.deepEqual(
    (await refusals(hub.pool, 'hub')).map(({ body }) => body.code),
    ['expired', 'bad-input'],
  );
  node.end();
});

test('a node notes which job came too late, from a time to come, or a second time under another number', async (t) => {
  const other = await openHostileHub({ after: (end) => t.after(end) });
  pinHub(beta.home, { url: other.url, site: 'beta', key: publicOf(other.key) });
  await beta.start();
  const job = uuidv7(Date.now());
  const body = { job, study: 'a.b.c' };
  await other.deliver(await jobEnvelope(other, 'beta', body, { sentAt: at(-15), expiresAt: at(-1) }));
  await other.deliver(await jobEnvelope(other, 'beta', body, { sentAt: at(1) }));
  const good = await jobEnvelope(other, 'beta', body);
  await other.deliver(good);
  await other.deliver(good);
  const found = (await refusals(beta.pool, 'moim')).map(({ body: { code, job: named } }) => ({
    code,
    job: named,
  }));
  assert.deepEqual(found, [
    { code: 'expired', job },
    { code: 'bad-input', job: undefined },
    { code: 'replayed', job: undefined },
  ]);
  await beta.stop();
});
