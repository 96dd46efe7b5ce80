/**
 * `npm test [-- --no-check] [--group NAME] [--name PATTERN] [--verbose] [--root DIR] [PATH|GLOB…]`: the
 * checks, then every test of the project (or of the tree in DIR) in four groups:
 *
 * - unit: nothing but the process itself;
 * - database: files that import test/support/database.ts;
 * - processes: files that import test/support/process.ts;
 * - proofs: test/proofs/**, which may need tools of Debian.
 *
 * Two files at a time. Prints the time of each group, the failures in full, what was skipped and why, and last of all the
 * closing lines of node:test, once for all groups. Exit 0 only if the checks hold, tests ran, none failed and every skip
 * has a known reason (scripts/test/skip-reasons.ts).
 */

import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { groupNames, testGroups } from './test/groups.ts';
import { isKnownSkip } from './test/skip-reasons.ts';
import { countNames, openTally, type Skip, type Tally } from './test/tally.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
/** A file that hangs is ended after this many milliseconds. */
const longestFile = 900_000;

const options = readOptions();
const root = resolve(options.root ?? project);
const groups = testGroups(root, options.paths);
const wanted = groupNames.filter((name) => options.group === undefined || options.group === name);
if (wanted.every((name) => groups.get(name)?.length === 0)) {
  process.stderr.write(
    `no test file matches ${[options.group, ...options.paths].filter(Boolean).join(' ')}\n`,
  );
  process.exit(2);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const checked = options.check ? runCheck() : true;
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
clearEnvironment();

const begun = performance.now();
const { add, errorOutput, tally } = openTally(root, print, options.verbose);
const cluster = wanted.some((name) => name !== 'unit' && groups.get(name)?.length)
  ? await holdCluster()
  : undefined;
try {
  for (const name of wanted) await runGroup(name, groups.get(name) ?? []);
} finally {
  await cluster?.release();
}
const unknown = tally.skips.filter(({ reason }) => !isKnownSkip(reason));
await printFailures();
printSkips(tally.skips);
const bad = verdict(tally, unknown);
for (const reason of bad) print(`✖ ${reason}`);
for (const name of countNames) print(`ℹ ${name} ${tally.counts[name]}`);
print(`ℹ duration_ms ${(performance.now() - begun).toFixed(3)}`);
process.exitCode = stop.signal.aborted ? 130 : bad.length > 0 ? 1 : 0;

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        'no-check': { type: 'boolean' },
        group: { type: 'string' },
        name: { type: 'string' },
        root: { type: 'string' },
        verbose: { type: 'boolean' },
      },
    });
    if (values.group !== undefined && !(groupNames as readonly string[]).includes(values.group)) {
      throw new Error(`--group takes ${groupNames.join(', ')}`);
    }
    const { group, name, root, verbose = false } = values;
    return { check: !values['no-check'], group, name, root, verbose, paths: positionals };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}

function runCheck(): boolean {
  return (
    spawnSync(process.execPath, [join(project, 'scripts/check.ts')], { stdio: 'inherit', cwd: project })
      .status === 0
  );
}

/** Tests see none of the person's own settings: only where the data are, and a server given for tests. */
function clearEnvironment(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('MOIM_') && name !== 'MOIM_DATA' && name !== 'MOIM_TEST_DATABASE_URL')
      delete process.env[name];
  }
}

/** Keeps the tests' server up from the first file to the last: an empty database of the runner's own is one more user of it. */
async function holdCluster(): Promise<{ release(): Promise<void> } | undefined> {
  if (process.env.MOIM_TEST_DATABASE_URL) return undefined;
  const endings: (() => Promise<void>)[] = [];
  const after = (work: () => Promise<void>): void => void endings.push(work);
  try {
    const { testDatabase } = await import('#test/support/database.ts');
    await testDatabase({ after });
  } catch (error) {
    // The tests that need the server say what is wrong with it, each in its own words.
    print(
      `the tests' server could not be held open: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return {
    release: async () => {
      for (const work of endings) await work();
    },
  };
}

async function runGroup(name: string, files: readonly string[]): Promise<void> {
  if (files.length === 0 || stop.signal.aborted) return;
  const start = performance.now();
  print(`\n▶ ${name} (${files.length} ${files.length === 1 ? 'file' : 'files'})`);
  const events = run({
    files: files.map((file) => join(root, file)),
    concurrency: 2,
    timeout: longestFile,
    signal: stop.signal,
    ...(options.name === undefined ? {} : { testNamePatterns: options.name }),
  });
  for await (const event of events) add(event);
  print(`  ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** The failing tests in full, as node:test's own reporter words them, and what their files wrote to stderr. */
async function printFailures(): Promise<void> {
  if (tally.failures.length === 0) return;
  const reporter = new spec();
  const text: string[] = [];
  reporter.on('data', (chunk: Buffer | string) => text.push(String(chunk)));
  const ended = new Promise((resolve) => reporter.once('end', resolve));
  for (const event of tally.failures) reporter.write(event);
  reporter.end();
  await ended;
  const all = text.join('');
  const from = all.indexOf('✖ failing tests:');
  print(`\n${from < 0 ? all : all.slice(from)}`.trimEnd());
  for (const [file, output] of errorOutput()) print(`\nstderr of ${file}:\n${output}`);
}

function printSkips(skips: readonly Skip[]): void {
  if (skips.length === 0) return;
  print(`\nSkipped (${skips.length}):`);
  for (const [reason, of] of Map.groupBy(skips, (skip) => skip.reason || 'no reason given')) {
    print(`  ${reason}`);
    for (const [file, tests] of Map.groupBy(of, (skip) => skip.file)) {
      print(
        `    ${file}: ${tests.length > 3 ? `${tests.length} tests` : tests.map((skip) => skip.name).join('; ')}`,
      );
    }
  }
}

function verdict({ counts, empty }: Tally, unknownSkips: readonly Skip[]): readonly string[] {
  const ran = counts.pass + counts.fail + counts.cancelled;
  return [
    ...(checked ? [] : ['the checks failed: see above, or run npm run check']),
    ...(ran === 0 ? ['no test ran'] : []),
    ...(counts.fail + counts.cancelled > 0 ? [`${counts.fail + counts.cancelled} failed or cancelled`] : []),
    ...empty.map((file) => `${file} holds no test`),
    ...unknownSkips.map(
      ({ file, name, reason }) => `${file} › ${name} skips for an unknown reason: "${reason}"`,
    ),
  ];
}
