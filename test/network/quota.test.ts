/** The daily quota: what is over it waits for the next day by the node's own clock, and runs then by itself. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openLead, openNetwork, rowsOf, type Site, succeed } from './network.ts';
import { personsOf } from './persons.ts';
import { lastingToken, reach, sendStudy } from './study.ts';

const day = 86_400_000;
const midnight = Math.ceil(Date.now() / day) * day;
let clock = midnight - 60_000;
const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 60, salt: 1 } }, now: () => clock },
);
const [alpha] = network.sites as [Site];
const persons = personsOf(alpha);
await lastingToken(network);

const heldUntil = async (job: string | undefined) => {
  const [row] = await rowsOf<{ held_until: string | null }>(
    alpha.pool,
    'select held_until from moim.job where job = $1',
    [job],
  );
  return row?.held_until && Date.parse(row.held_until);
};

test('over the quota of one lead, over that of all, and over midnight', async () => {
  await persons.apply(undefined, '[quota]\nperLeadPerDay = 1\nperDay = 2');
  await alpha.start();
  const first = await sendStudy(network);
  await reach(network.lead, first, { alpha: 'answered' });
  const second = await sendStudy(network);
  await reach(network.lead, second, { alpha: 'waiting quota-reached' });
  assert.equal(await heldUntil(second.jobs.alpha), midnight);

  const others = await Promise.all([openLead({ after }, network.hub), openLead({ after }, network.hub)]);
  for (const one of others) await lastingToken({ ...network, lead: one });
  for (const { key, fingerprint } of others)
    await succeed(
      alpha,
      'node',
      'trust',
      'lead',
      key,
      '--fingerprint',
      fingerprint,
      '--entity',
      'Other lead',
    );
  const [other, third] = others as [typeof network.lead, typeof network.lead];
  const ofOther = await sendStudy({ ...network, lead: other });
  await reach(other, ofOther, { alpha: 'answered' });
  const overAll = await sendStudy({ ...network, lead: third });
  await reach(third, overAll, { alpha: 'waiting quota-reached' });

  clock = midnight + 1000;
  await reach(network.lead, second, { alpha: 'answered' });
  await reach(third, overAll, { alpha: 'answered' });
  const next = await sendStudy(network);
  await reach(network.lead, next, { alpha: 'waiting quota-reached' });
  assert.equal(await heldUntil(next.jobs.alpha), midnight + day, 'the new day has its own count');

  await persons.apply(undefined, '');
  await reach(network.lead, next, { alpha: 'answered' });
});

test('a restart does not start the day anew', async () => {
  await persons.apply(undefined, '[quota]\nperDay = 1');
  const study = await sendStudy(network);
  await reach(network.lead, study, { alpha: 'waiting quota-reached' });
  await alpha.stop();
  await alpha.start();
  const after = await sendStudy(network);
  await reach(network.lead, after, { alpha: 'waiting quota-reached' });
});

test('a policy that changed a quota alone gives nobody a second look under another rule', async () => {
  await persons.apply(undefined, '');
  const other = { minimumCell: 20 };
  await reach(network.lead, await sendStudy(network, other), { alpha: 'refused released-otherwise' });
  await persons.apply(undefined, '[quota]\nperDay = 1000');
  await reach(network.lead, await sendStudy(network, other), { alpha: 'refused released-otherwise' });
});
