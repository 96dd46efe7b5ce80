/** A short run of `npm run soak:kill` at every test: real processes, real kills. Hundreds of rounds are run by hand (docs/development.md). */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '#test/network/party.ts';
import { startScript } from '#test/support/process.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { processesUnder } from '../scripts/soak/process-table.ts';

const seed = 20_261_122;
const rounds = 20;
const skip = process.platform === 'linux' ? false : 'the soak needs Linux';
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('MOIM_')),
);

interface Summary {
  readonly seed: number;
  readonly rounds: number;
  readonly studies: number;
  readonly answers: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly medianMs: number;
  readonly breaches: readonly unknown[];
}

test(`${rounds} rounds of kills and cuts lose nothing and double nothing, and what is planted is seen`, {
  skip,
}, async (t) => {
  const out = temporaryHome(t);
  const soak = startScript(
    t,
    'scripts/soak-kill.ts',
    ['--rounds', String(rounds), '--seed', String(seed), '--out', out, '--prove', '--json'],
    { lifeMs: 840_000, env: environment },
  );
  const { code } = await soak.ended;
  assert.equal(code, 0, soak.stderr().slice(-6_000));
  const sum = JSON.parse(soak.stdout()) as Summary;
  t.diagnostic(
    `soak: seed ${sum.seed}, ${sum.rounds} rounds, ${sum.studies} studies, ${sum.answers} answers, a round ${sum.medianMs} ms, faults ${JSON.stringify(sum.faults)}`,
  );
  assert.deepEqual(
    { seed: sum.seed, rounds: sum.rounds, breaches: sum.breaches },
    { seed, rounds, breaches: [] },
  );
  assert.ok(sum.answers > rounds, 'there was load');
  const lines = readFileSync(join(out, 'progress.jsonl'), 'utf8').trim().split('\n');
  assert.equal(lines.length, rounds + 1, 'one line a round, and one for the end');
  assert.deepEqual(readdirSync(out), ['progress.jsonl'], 'homes and logs of a clean run are gone');
  assert.deepEqual(processesUnder(out), [], 'nothing is left running');
});

test('a soak that is interrupted ends all it started, and one that is killed too', { skip }, async (t) => {
  const start = (out: string) =>
    startScript(t, 'scripts/soak-kill.ts', ['--rounds', '1', '--seed', '1', '--out', out], {
      lifeMs: 120_000,
      env: environment,
    });
  const [first, second] = [temporaryHome(t), temporaryHome(t)];
  const interrupted = start(first);
  await begun(first);
  interrupted.kill('SIGINT');
  assert.equal((await interrupted.ended).code, 130);
  assert.deepEqual(processesUnder(first), []);
  const killed = start(second);
  await begun(second);
  killed.kill('SIGKILL');
  await killed.ended;
  await until('the last of its processes to be ended', () => processesUnder(second).length === 0);
});

test('says how it is called', { skip }, async (t) => {
  const soak = startScript(t, 'scripts/soak-kill.ts', ['--rounds', 'many'], { env: environment });
  assert.equal((await soak.ended).code, 2);
  assert.match(soak.stderr(), /usage: npm run soak:kill -- --rounds N/);
});

/** A node's own server runs: there is something to end. */
const begun = (out: string) =>
  until(
    'the hospitals to be opened',
    () => processesUnder(out).some(({ command }) => /postgres.*homes\/alpha/.test(command)),
    60_000,
  );
