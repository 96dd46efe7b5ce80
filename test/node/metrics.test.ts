/** The node's metrics and health: what they say of a working network, and that nothing of a patient or a study stands in them. */

import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { readRunInfo } from '#host/home.ts';
import { definition } from '../network/cohort.ts';
import { openNetwork, rowsOf, type Site, succeed } from '../network/network.ts';
import { until } from '../network/party.ts';
import { reach, sendStudy } from '../network/study.ts';

const marker = 'zqxMarker';
const network = await openNetwork(
  { after },
  { sites: { alpha: { persons: 120, salt: 1, sourceValue: marker } } },
);
const { hub, lead } = network;
const [alpha] = network.sites as [Site];

const get = async (party: { home: string }, path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${readRunInfo(party.home)?.url}${path}`, { headers });
  return { status: answer.status, body: await answer.text() };
};

const metrics = async (party: { home: string }, headers: Record<string, string> = {}) => {
  const { status, body } = await get(party, '/metrics', headers);
  assert.equal(status, 200, body);
  const lines = new Map(body.split('\n').map((line) => [line.replace(/ \S+$/, ''), line]));
  return { body, at: (name: string) => Number(lines.get(name)?.slice(name.length + 1)) };
};

it('shows a study’s way through hub and hospital in counts, with nothing of what was asked or found', async () => {
  await alpha.pool.query(
    `insert into cdm.moim_cdm_version (table_name, rows, fingerprint, filled_at) values ('person', 1, 1, now() - interval '1 day')`,
  );
  await alpha.start();
  const named = {
    ...definition,
    ConceptSets: definition.ConceptSets.map((set) => ({ ...set, name: marker })),
  };
  const sent = await sendStudy(network, { definition: named });
  await reach(lead, sent, { alpha: 'answered' });
  const token = (await succeed(hub, 'hub', 'token', 'create', '--role', 'viewer')).out.trim();
  const [node, there] = [await metrics(alpha), await metrics(hub, { authorization: `Bearer ${token}` })];

  const expected: Readonly<Record<string, number>> = {
    moim_node_link_up: 1,
    moim_node_database_up: 1,
    moim_node_halted: 0,
    'moim_node_jobs{state="answered"}': 1,
    'moim_node_jobs{state="waiting"}': 0,
    moim_node_answers_released: 1,
    'moim_node_deliveries{direction="in"}': 1,
    moim_node_approvals_waiting: 0,
    moim_node_query_seconds_count: 1,
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(node.at(name), value, name);
  assert.ok(Math.abs(node.at('moim_node_data_age_seconds') - 86_400) < 3_600);
  assert.equal(there.at('moim_hub_links_up'), 1);
  assert.equal(there.at('moim_hub_link_up{site="alpha"}'), 1);
  assert.equal(there.at('moim_hub_jobs{state="answered"}'), 1);
  assert.equal(there.at('moim_hub_replies_stored'), 1);
  assert.equal(there.at('moim_hub_deliveries{direction="in"}'), 1);

  // What may stand nowhere: a patient's value, a word of the study, who asked, the figures that left, a secret.
  const figures = await released();
  const never = [marker, sent.id, sent.jobs.alpha, lead.fingerprint, alpha.fingerprint, token, ...figures];
  for (const text of [node.body, there.body]) {
    for (const word of never)
      assert.ok(word !== undefined && !text.toLowerCase().includes(word.toLowerCase()), `${word} in ${text}`);
    for (const [, value = ''] of text.matchAll(
      /[{,](?:state|code|site|route|status|space|type|kind|version|major|minor|patch|le)="([^"]*)"/g,
    ))
      assert.ok(!value.includes(' '), value);
    const labels = new Set([...text.matchAll(/([a-z_]+)="/g)].map(([, name]) => name));
    for (const name of ['study', 'job', 'lead', 'cohort', 'title', 'person', 'table', 'schema'])
      assert.ok(!labels.has(name), `label ${name}`);
  }
});

it('is ready with link and database, and says by a code what is missing', async () => {
  const ready = async () => {
    const { status, body } = await get(alpha, '/readyz');
    return `${status} ${(JSON.parse(body) as { code?: string }).code ?? 'ok'}`;
  };
  assert.equal(await ready(), '200 ok');
  await alpha.pool.query(
    `insert into moim.standing (one, halted_at, code) values (true, now(), 'set-back')
     on conflict (one) do update set halted_at = now(), code = 'set-back'`,
  );
  assert.equal(await ready(), '503 set-back');
  assert.equal((await metrics(alpha)).at('moim_node_halted'), 1);
  await alpha.pool.query('update moim.standing set halted_at = null, code = null');
  assert.equal(await ready(), '200 ok');
  await hub.stop();
  await until('the link to go', async () => (await ready()) === '503 link-closed');
  assert.equal((await metrics(alpha)).at('moim_node_link_up'), 0);
  assert.equal((await get(alpha, '/healthz')).status, 200, 'alive all the same');
});

/** The data version and the names of the cohorts as they stand in the CDM's home: things that left sealed. */
async function released(): Promise<string[]> {
  const rows = await rowsOf<{ hash: string }>(
    alpha.pool,
    'select plaintext_sha256 as hash from moim.released union select ciphertext_sha256 from moim.released',
  );
  assert.ok(rows.length > 0);
  return rows.map(({ hash }) => hash);
}
