/**
 * `npm run fuzz:wire -- --runs N [--seed S] [--from RUN] [--kind K]… [--out DIR] [--json]`: inputs of everything that comes from outside,
 * changed by bytes and by form. Each must be taken, or refused with a code of the table: no crash, no hang over a second, memory flat,
 * and nothing that is planted in secret places in anything that is said. Exit 1 on a breach, with kind, seed, run and the file of the input.
 * `--plant FAULT` puts a broken target in place of all: to see that the runner sees it.
 */

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { abortOnSignals } from '#host/signals.ts';
import { type Breach, type Watched, watch } from './fuzz/watch.ts';

const usage =
  'npm run fuzz:wire -- --runs N [--seed S] [--from RUN] [--kind K]… [--out DIR] [--json] [--plant FAULT]\n';

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    process.stderr.write(`usage: ${usage}`);
    return 2;
  }
  const { seed, from, runs, out, json, kinds, plant } = options;
  const signal = abortOnSignals(10_000);
  // In memory where the system has a place for that: every other run writes a file.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'moim-fuzz-'));
  process.stderr.write(`seed ${seed}, runs ${from} to ${from + runs - 1}\n`);
  const started = performance.now();
  const inputs = new Map<Breach, string>();
  try {
    const watched = await watch(
      {
        seed,
        from,
        to: from + runs,
        corpus: fileURLToPath(new URL('../test/fuzz/corpus', import.meta.url)),
        folder,
        databaseUrl: process.env.MOIM_DATABASE_URL,
        only: kinds,
        plant,
      },
      {
        breach(breach) {
          if (breach.input !== undefined) inputs.set(breach, keep(out, seed, breach));
          process.stderr.write(`${inWords(breach, seed, inputs.get(breach))}\n`);
        },
        progress: everyTenSeconds((run) =>
          process.stderr.write(`run ${run}, ${Math.round((performance.now() - started) / 1000)} s\n`),
        ),
      },
      signal,
    );
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(
      json
        ? `${JSON.stringify(asJson(watched, seed, from, runs, seconds, inputs))}\n`
        : asText(watched, seconds),
    );
    return signal.aborted ? 130 : watched.breaches.length > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      args: process.argv.slice(2).filter((word) => word !== '--'),
      options: {
        runs: { type: 'string' },
        seed: { type: 'string' },
        from: { type: 'string', default: '0' },
        kind: { type: 'string', multiple: true, default: [] },
        out: { type: 'string' },
        plant: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const [runs, from] = [Number(values.runs), Number(values.from)];
    if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(from) || from < 0) return undefined;
    if (from + runs > 2 ** 31 - 1) return undefined;
    const seed = values.seed ?? randomBytes(4).toString('hex');
    const out = resolve(values.out ?? join(tmpdir(), `moim-fuzz-found-${seed}`));
    return { runs, from, seed, out, kinds: values.kind, plant: values.plant, json: values.json };
  } catch {
    return undefined;
  }
}

function keep(out: string, seed: string, { target, run, input }: Breach): string {
  mkdirSync(out, { recursive: true });
  const path = join(out, `${target}-${seed}-${run}`);
  writeFileSync(path, input ?? '');
  return path;
}

function inWords({ target, run, what, detail }: Breach, seed: string, path: string | undefined): string {
  const again = `--seed ${seed} --from ${run} --runs 1`;
  return [
    `breach: ${target}: ${what} (${again})`,
    ...(path === undefined ? [] : [`  input: ${path}`]),
    detail,
  ]
    .filter(Boolean)
    .join('\n');
}

function asText({ counts, breaches, held, rss }: Watched, seconds: number): string {
  const rows = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = rows.map(
    ([kind, { taken, refused, breach, ms }]) =>
      `${kind.padEnd(12)} ${String(taken).padStart(8)} taken ${String(refused).padStart(8)} refused ${String(breach).padStart(4)} breaches ${(ms / (taken + refused + breach)).toFixed(3)} ms`,
  );
  const grown = `memory held grew by ${(held / 1_048_576).toFixed(1)} MB, the process by ${(rss / 1_048_576).toFixed(1)} MB`;
  return `${[...lines, grown, `${breaches.length} breaches in ${seconds.toFixed(0)} s`].join('\n')}\n`;
}

function asJson(
  { counts, breaches, held, rss }: Watched,
  seed: string,
  from: number,
  runs: number,
  seconds: number,
  inputs: ReadonlyMap<Breach, string>,
) {
  const told = breaches.map((breach) => ({
    kind: breach.target,
    run: breach.run,
    what: breach.what,
    input: inputs.get(breach) ?? null,
  }));
  return {
    seed,
    from,
    runs,
    seconds: Math.round(seconds),
    kinds: counts,
    grown: { held, rss },
    breaches: told,
  };
}

function everyTenSeconds(say: (run: number) => void): (run: number) => void {
  let last = performance.now();
  return (run) => {
    if (performance.now() - last < 10_000) return;
    last = performance.now();
    say(run);
  };
}
