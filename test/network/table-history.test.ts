/** A lead does not get a table, or a part of one, under two rules: not by rules that drop nobody, other rows, or a new key; and what is kept of it tells nothing. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import { countCohort } from '#node/cohort/generate.ts';
import { readNodeIdentity, readPinnedHub } from '#node/identity.ts';
import { takeAgain } from '#node/job/send-reply.ts';
import { canonicalHash, type Json } from '#protocol/canonical.ts';
import { countCells } from '#sql/analysis/count/cells.ts';
import { read } from '#sql/circe/read.ts';
import type { MoimTables } from '#sql/tables/moim.ts';
import { definition } from './cohort.ts';
import { openNetwork, rowsOf, type Site, succeed } from './network.ts';
import { until } from './party.ts';
import { personsOf } from './persons.ts';
import { reach, sendStudy } from './study.ts';

const network = await openNetwork({ after }, { sites: { alpha: { persons: 90, salt: 1 } }, minimumCell: 5 });
const { lead } = network;
const [alpha] = network.sites as [Site];
await alpha.start();
const first = await sendStudy(network);
await reach(lead, first, { alpha: 'answered' });

const [older, known] = definition.InclusionRules as [object, object];
const everybody = {
  name: 'Of any age',
  expression: {
    Type: 'ALL',
    CriteriaList: [],
    DemographicCriteriaList: [{ Age: { Value: 0, Op: 'gte' } }],
    Groups: [],
  },
};
const sent = async (state: string, changed: object, minimumCell = 20) =>
  reach(lead, await sendStudy(network, { minimumCell, definition: { ...definition, ...changed } }), {
    alpha: state,
  });

test('a rule that drops nobody makes no new table, wherever it stands', async () => {
  for (const InclusionRules of [
    [everybody, older, known],
    [older, everybody, known],
    [older, known, everybody],
  ])
    await sent('refused released-otherwise', { InclusionRules });
});

test('nor do other rows of the same persons', async () => {
  await sent('refused released-otherwise', { ExpressionLimit: { Type: 'First' } });
});

test('nor do parts that are asked for besides', async () => {
  const parts = [
    { kind: 'count' as const, parts: ['gain' as const] },
    { kind: 'count' as const, parts: ['year' as const], years: { from: 2012, to: 2014 } },
  ];
  for (const one of parts)
    await reach(lead, await sendStudy(network, { minimumCell: 20, analyses: [one] }), {
      alpha: 'refused released-otherwise',
    });
});

test('nor does a beginning of the same chain under other rules', async () => {
  await sent('refused released-otherwise', { InclusionRules: [older] });
});

test('under the same rule all of them are answered, and another cohort under another', async () => {
  await sent('answered', { InclusionRules: [older, everybody, known] }, 5);
  const [, diabetes] = definition.ConceptSets as [object, { expression: object }];
  await sent('answered', { ConceptSets: [{ ...diabetes, id: 0 }, diabetes], InclusionRules: [] });
});

test('what is kept is no hash that figures could be tried against; rows of an older release are keyed and still count', async () => {
  const found = read(JSON.stringify(definition));
  assert.ok(found.ok);
  const counts = await countCohort(alpha.pool, found.expression, {
    cdmSchema: 'cdm',
    timeoutMs: 60_000,
    signal: new AbortController().signal,
  });
  const { cells } = countCells(counts);
  const whole = canonicalHash(cells.map(({ id, value }) => [id, value]) as unknown as Json);
  const kept = () =>
    rowsOf<{ cells: string; keyed: boolean }>(alpha.pool, 'select cells, keyed from moim.released_table');
  const persons = cells
    .filter(({ id }) => /^(persons$|sex:|age:)/.test(id))
    .map(({ id, value }) => [id, value]);
  const guesses = [whole, canonicalHash({ persons } as unknown as Json)];
  for (const row of await kept()) assert.ok(!guesses.includes(row.cells));
  // As release 0.1.0 left it.
  await alpha.pool.query(
    'delete from moim.released_table where cells not in (select min(cells) from moim.released_table)',
  );
  await alpha.pool.query(
    `update moim.released_table set cells = $1, keyed = false, minimum_cell = 5, job = $2,
       data_version = (select body->>'dataVersion' from moim.audit where kind = 'job-answered' limit 1)`,
    [whole, first.jobs.alpha],
  );
  await sent('refused released-otherwise', {});
  const rows = await kept();
  assert.ok(rows.every(({ keyed }) => keyed));
  assert.ok(!rows.some((row) => row.cells === whole));
});

test('the hash of what would leave is keyed too: the log that names it may be handed on', async () => {
  const persons = personsOf(alpha);
  await persons.apply(undefined, 'permit = "one-person"');
  const study = await sendStudy(network, { minimumCell: 5 });
  const job = study.jobs.alpha ?? '';
  await persons.held(job, 'approval-needed');
  const { hash, answer } = await persons.dryRun(undefined, job);
  const { answeredAt: _at, roster: _roster, ...said } = answer;
  assert.notEqual(hash, canonicalHash(said as unknown as Json));
  assert.equal((await persons.dryRun(undefined, job)).hash, hash);
  await persons.done(undefined, 'approve', job, '--release', hash);
  await reach(lead, study, { alpha: 'answered' });
  await persons.apply(undefined, '');
});

test('a lead who takes a new key stays the same lead, for tables and for the quota', async () => {
  await sent('answered', {}, 5);
  await succeed({ home: lead.home }, 'key', 'rotate', lead.key);
  const shown = join(lead.home, 'shown.json');
  writeFileSync(shown, (await succeed({ home: lead.home }, 'key', 'show', lead.key)).out);
  await succeed(alpha, 'node', 'trust', 'lead', shown);
  await sent('refused released-otherwise', {});
  await personsOf(alpha).apply(undefined, '[quota]\nperLeadPerDay = 1');
  await sent('waiting quota-reached', {}, 5);
});

test('an answer does not leave again for a lead who was removed', async () => {
  const db = new Kysely<MoimTables>({ dialect: new PostgresDialect({ pool: alpha.pool }) }).withSchema(
    'moim',
  );
  const hub = readPinnedHub(alpha.home);
  assert.ok(hub);
  const deps = { identity: readNodeIdentity(alpha.home), hub, now: Date.now };
  const job = first.jobs.alpha ?? '';
  const outbox = () => rowsOf(alpha.pool, 'select message from moim.outbox');
  await until(
    'the outbox to be empty',
    async () => (await rowsOf(alpha.pool, 'select from moim.outbox where acked_at is null')).length === 0,
  );
  await alpha.stop();
  const before = await outbox();
  for (let i = 0; i < 30; i += 1)
    await db.transaction().execute((transaction) => takeAgain(transaction, deps, job, 'answered'));
  assert.deepEqual(await outbox(), before);
  const refused = await rowsOf<{ body: object }>(
    alpha.pool,
    `select body from moim.audit where kind = 'reply-refused'`,
  );
  assert.equal(refused.length, 20, 'on record, and not without end');
  assert.deepEqual(refused[0]?.body, { job, lead: lead.fingerprint, code: 'lead-not-accepted' });
});
