/** What an evil hub can make of a lead's orders: it can neither make one, nor bring an old one back, nor a version that was amended. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { uuidv7 } from '#protocol/ids.ts';
import { createSealingPair, createSigningKey, type PrivateKey } from '#protocol/keys.ts';
import { type StudyOrder, signOrder } from '#protocol/order.ts';
import { type SignedStudy, signStudy } from '#protocol/study.ts';
import { fillCdm } from './cohort.ts';
import { jobEnvelope, openHostileHub, pinHostile } from './hostile-hub.ts';
import { openStandalone, rowsOf, trustLead } from './network.ts';
import { until } from './party.ts';
import { draftOf } from './study.ts';

const hub = await openHostileHub({ after });
const site = await openStandalone({ after }, 'alpha');
await fillCdm(site.pool, { persons: 60, salt: 1 });
pinHostile(site.home, hub, 'alpha');
const [lead, otherLead, stranger] = [
  await createSigningKey(),
  await createSigningKey(),
  await createSigningKey(),
];
await trustLead(site, lead);
await trustLead(site, otherLead);
await site.start();

async function signed(amends?: SignedStudy, title?: string): Promise<SignedStudy> {
  return signStudy(
    draftOf([{ site: 'alpha', fingerprint: site.fingerprint }], title === undefined ? {} : { title }),
    {
      key: lead,
      sealingKey: (await createSealingPair()).public,
      signedAt: new Date().toISOString(),
      nextId: () => uuidv7(Date.now()),
      ...(amends ? { amends } : {}),
    },
  );
}

const jobOf = ({ study }: SignedStudy): string => study.sites[0]?.job ?? '';

const deliverJob = async (study: SignedStudy) =>
  hub.deliver(await jobEnvelope(hub, 'alpha', { job: jobOf(study), study: study.jws }));

const orderOf = (
  study: SignedStudy,
  order: StudyOrder['order'],
  n: number,
  more: Partial<StudyOrder> = {},
) => ({
  schema: 'moim-order/1' as const,
  study: study.study.id,
  version: study.study.version,
  order,
  n,
  at: new Date().toISOString(),
  ...more,
});

async function deliverOrder(study: SignedStudy, jws: string, named = study.study.id): Promise<void> {
  const body = { kind: 'order' as const, study: named, order: jws };
  await hub.deliver(await jobEnvelope(hub, 'alpha', { job: jobOf(study), study: '' }, { body }));
}

const give = async (study: SignedStudy, order: StudyOrder['order'], n: number, key: PrivateKey = lead) =>
  deliverOrder(study, await signOrder(orderOf(study, order, n), key));

const state = async (study: SignedStudy) =>
  (await rowsOf<{ state: string }>(site.pool, 'select state from moim.job where job = $1', [jobOf(study)]))[0]
    ?.state;

const entries = async (kind: string, study: SignedStudy) =>
  (
    await rowsOf(site.pool, `select from moim.audit where kind = $1 and body->>'study' = $2`, [
      kind,
      study.study.id,
    ])
  ).length;

const refusals = async () =>
  (
    await rowsOf<{ code: string }>(
      site.pool,
      `select body->>'code' as code from moim.audit where kind = 'delivery-refused' order by n`,
    )
  ).map(({ code }) => code);

const answered = (study: SignedStudy) =>
  until('the job to be answered', async () => (await state(study)) === 'answered');

test('an order that came before its study is obeyed, and undone by the next', async () => {
  const study = await signed();
  await give(study, 'pause', 1);
  await deliverJob(study);
  await hub.state(jobOf(study), 'waiting');
  const other = await signed();
  await deliverJob(other);
  await answered(other);
  assert.equal(await state(study), 'waiting', 'what came after it has run already');
  await give(study, 'resume', 2);
  await answered(study);
});

test('an old order that is sent again is passed over: neither a pause after its resume, nor a resume after a pause', async () => {
  const study = await signed();
  const pause = await signOrder(orderOf(study, 'pause', 1), lead);
  const resume = await signOrder(orderOf(study, 'resume', 2), lead);
  await deliverOrder(study, pause);
  await deliverOrder(study, resume);
  await deliverOrder(study, pause);
  await until('the replay to be noted', async () => (await entries('order-repeated', study)) === 1);
  await deliverJob(study);
  await answered(study);

  const next = await signed();
  await give(next, 'pause', 5);
  await deliverOrder(next, await signOrder(orderOf(next, 'resume', 4), lead));
  await until('the replay to be noted', async () => (await entries('order-repeated', next)) === 1);
  await deliverJob(next);
  await hub.state(jobOf(next), 'waiting');
  await give(next, 'withdraw', 6);
  await hub.state(jobOf(next), 'expired');
});

test('an order that the study’s lead did not sign stops nothing', async () => {
  const study = await signed();
  const before = (await refusals()).length;
  // The hub's own, a stranger's, one altered on its way, one about another study.
  await give(study, 'withdraw', 1, hub.key);
  await give(study, 'withdraw', 1, stranger);
  const [head, , tail] = (await signOrder(orderOf(study, 'resume', 1), lead)).split('.');
  const payload = Buffer.from(JSON.stringify(orderOf(study, 'withdraw', 1))).toString('base64url');
  await deliverOrder(study, [head, payload, tail].join('.'));
  await deliverOrder(study, await signOrder(orderOf(await signed(), 'withdraw', 1), lead));
  await until('the refusals to be noted', async () => (await refusals()).length === before + 4);
  assert.deepEqual((await refusals()).slice(before), [
    'lead-not-accepted',
    'lead-not-accepted',
    'bad-signature',
    'misaddressed',
  ]);
  // Another lead whom this hospital accepts signs orders about studies of its own alone.
  await give(study, 'withdraw', 7, otherLead);
  await until('the order to be kept', async () => (await entries('order-received', study)) === 1);
  await deliverJob(study);
  await answered(study);
});

test('a version that was amended does not come back, nor a second document of one version', async () => {
  const first = await signed();
  const second = await signed(first, 'After');
  await deliverJob(second);
  await answered(second);
  await deliverJob(first);
  assert.equal((await hub.state(jobOf(first), 'expired')).code, 'expired');
  const fork = await signed(first, 'Something else');
  await deliverJob(fork);
  assert.equal((await hub.state(jobOf(fork), 'refused')).code, 'bad-input');
  const stray = await signed(fork, 'On the fork');
  await deliverJob(stray);
  assert.equal((await hub.state(jobOf(stray), 'refused')).code, 'bad-input');
  const third = await signed(second, 'Third');
  await deliverJob(third);
  await answered(third);
});

test('a withdrawal holds for the versions it names, whatever comes later', async () => {
  const first = await signed();
  await give(first, 'withdraw', 1);
  await give(first, 'resume', 2);
  await deliverJob(first);
  assert.equal((await hub.state(jobOf(first), 'expired')).code, 'expired');
  const second = await signed(first);
  await deliverJob(second);
  await answered(second);
});
