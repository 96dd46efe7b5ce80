/** A hub that says of a hospital's log what the hospital never signed: that stops the link, and nothing more. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { readNodeIdentity } from '#node/identity.ts';
import { createSigningKey, type PrivateKey } from '#protocol/keys.ts';
import { signHead, signReceipt } from '#protocol/witness.ts';
import { openHostileHub, pinHostile } from './hostile-hub.ts';
import { openStandalone, rowsOf } from './network.ts';
import { until } from './party.ts';

const hub = await openHostileHub({ after });
const site = await openStandalone({ after }, 'alpha');
pinHostile(site.home, hub, 'alpha');

const invented = { epoch: 1, n: 999, hash: 'a'.repeat(64) };

async function receiptBy(key: PrivateKey, site = 'alpha'): Promise<string> {
  const facts = { site, ...invented, at: new Date().toISOString() };
  const head = { schema: 'moim-head/1' as const, ...facts };
  return signReceipt(head, await signHead(facts, key), facts.at, hub.key);
}

const halted = async () =>
  (await rowsOf(site.pool, 'select from moim.standing where halted_at is not null')).length > 0;
const refusals = () => site.lines.filter((line) => /"code":"set-back".*link-refused/.test(line)).length;

test('a head that nobody signed, or another key did, refuses the link and does not halt the node', async () => {
  const forged = await receiptBy(await createSigningKey());
  const other = await receiptBy(readNodeIdentity(site.home).key, 'beta');
  await site.start();
  await until('a link', () => hub.links() > 0);
  for (const receipt of [undefined, forged, other]) {
    hub.welcome = { head: invented, ...(receipt === undefined ? {} : { receipt }) };
    const [links, before] = [hub.links(), refusals()];
    hub.drop();
    await until('the link to be refused', () => refusals() > before);
    assert.equal(hub.links(), links, 'no job can come');
    assert.equal(await halted(), false);
    delete hub.welcome;
    await until('the link once the hub says otherwise', () => hub.links() > links);
  }
});

test('a head that the site signed and does not hold halts it, over restarts', async () => {
  hub.welcome = { head: invented, receipt: await receiptBy(readNodeIdentity(site.home).key) };
  hub.drop();
  await until('the node to stand still', halted);
});
