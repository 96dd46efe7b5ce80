import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testDatabase } from '#test/support/database.ts';
import { startScript } from '#test/support/process.ts';
import { temporaryHome } from '#test/support/temporary-home.ts';
import { judge } from '../../scripts/fuzz/judge.ts';
import { drawOf } from '../../scripts/fuzz/random.ts';
import { plantedTarget } from '../../scripts/fuzz/target/planted.ts';
import { marker } from '../../scripts/fuzz/target.ts';

type Ending = Parameters<typeof temporaryHome>[0];

interface Summary {
  readonly seed: string;
  readonly kinds: Readonly<Record<string, { taken: number; refused: number; breach: number }>>;
  readonly breaches: readonly { kind: string; run: number; what: string; input: string | null }[];
}

/** Runs the fuzzer as `npm run fuzz:wire` does. */
async function fuzz(t: Ending, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const out = temporaryHome(t);
  const child = startScript(t, 'scripts/fuzz-wire.ts', [...args, '--out', out, '--json'], {
    env: { PATH: process.env.PATH, ...env },
    lifeMs: 300_000,
  });
  const { code } = await child.ended;
  const summary = child.stdout() === '' ? undefined : (JSON.parse(child.stdout()) as Summary);
  return { code, summary, out, err: child.stderr() };
}

test('takes or refuses whatever comes: frames, documents, files, requests', async (t) => {
  const { url } = await testDatabase(t);
  const { code, summary, err } = await fuzz(t, ['--runs', '5000', '--seed', 'npm test'], {
    MOIM_DATABASE_URL: url,
  });
  assert.deepEqual([code, summary?.breaches], [0, []], err);
  const kinds = Object.keys(summary?.kinds ?? {}).sort();
  const corpus = readdirSync(new URL('../fuzz/corpus', import.meta.url)).sort();
  assert.deepEqual(kinds, corpus, 'every kind of the corpus is run');
  for (const [kind, { taken, refused }] of Object.entries(summary?.kinds ?? {}))
    assert.ok(taken > 0 && (refused > 0 || kind === 'http'), `${kind}: ${taken} taken, ${refused} refused`);
});

test('knows a bad error and a told secret from a refusal', async () => {
  const draw = drawOf('judge', 0);
  const judged = async (fault: string, input: string) =>
    (await judge(plantedTarget(fault), Buffer.from(input), draw)).breach;
  assert.match((await judged('crash', 'seven  ')) ?? '', /^TypeError planted\.ts/);
  assert.equal(await judged('unknown', ''), 'unknown code no-such-code');
  assert.equal(await judged('marker', `{"d": "${marker}"}`), 'marker in an error');
  assert.equal(await judged('output', `{"d": "${marker}"}`), 'marker in what was said');
  assert.equal(await judged('marker', '{"d": "nothing"}'), undefined);
  assert.equal(await judged('marker', `{"${marker}": 1}`), undefined, 'the name of a member is no secret');
});

// What only the whole runner sees.
const planted: readonly (readonly [fault: string, runs: number, expected: RegExp])[] = [
  ['crash', 60, /^TypeError /],
  ['hang', 250, /^a hang$/],
  ['leak', 6_000, /^memory held grew by \d+ MB$/],
  ['rejection', 70, /^an unhandled rejection between runs 0 and 63$/],
];
for (const [fault, runs, expected] of planted) {
  test(`sees a planted ${fault}, and names the run`, async (t) => {
    const args = ['--seed', 'here', '--plant', fault];
    const { code, summary, out, err } = await fuzz(t, ['--runs', String(runs), ...args]);
    assert.equal(code, 1, err);
    const breach = summary?.breaches[0];
    assert.match(breach?.what ?? 'nothing', expected, err);
    if (fault !== 'crash') return;
    assert.match(err, /--seed here --from \d+ --runs 1/);
    const [file = ''] = readdirSync(out);
    assert.ok(readFileSync(join(out, file)).length < 20, 'minimised');
    const again = await fuzz(t, ['--runs', '1', '--from', String(breach?.run), ...args]);
    assert.equal(again.summary?.breaches.length, 1, 'the run can be made again by itself');
  });
}
