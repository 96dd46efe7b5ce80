/**
 * `npm run soak:kill -- --rounds N [--seed S] [--from ROUND] [--out DIR] [--prove] [--keep] [--json]`: a hub and five hospitals under load, each a process of
 * its own; in every round, at moments drawn from the seed, processes and database servers are killed and ways are cut. After each round
 * every study must be complete or truthfully not, every answer counted once, every audit chain whole, and nothing left running. Exit 1
 * on the first breach, with the seed, the round and the folder that holds the evidence. `--prove` plants breaches after the last round
 * and insists that each is seen.
 */

import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { aborted } from '#host/serve.ts';
import { abortOnSignals } from '#host/signals.ts';
import { breachOf } from './soak/check.ts';
import { Judge } from './soak/judge.ts';
import { Lead } from './soak/load.ts';
import { type Network, openNetwork } from './soak/network.ts';
import { inWords } from './soak/plan.ts';
import { endAllUnder } from './soak/process-table.ts';
import { prove } from './soak/prove.ts';
import { Reader } from './soak/read.ts';
import { type RoundReport, Rounds } from './soak/round.ts';
import type { Breach } from './soak/seen.ts';

const usage =
  'npm run soak:kill -- --rounds N [--seed S] [--from ROUND] [--out DIR] [--prove] [--keep] [--json]\n';

// Relays still listen and sends may still wait: what they were for is over.
process.exit(await main());

async function main(): Promise<number> {
  const options = readOptions();
  if (!options) {
    process.stderr.write(`usage: ${usage}`);
    return 2;
  }
  if (process.platform !== 'linux') {
    process.stderr.write('soak:kill reads the process table of Linux and runs nowhere else.\n');
    return 4;
  }
  const { rounds, seed, from, json } = options;
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  mkdirSync(options.out, { recursive: true });
  const folder = mkdtempSync(join(options.out, 'run-'));
  const progress = join(options.out, 'progress.jsonl');
  say(`seed ${seed}, rounds ${from} to ${from + rounds - 1}; progress in ${progress}`);
  const signal = abortOnSignals(60_000);
  const reaper = spawn(
    process.execPath,
    [fileURLToPath(new URL('soak/reaper.ts', import.meta.url)), folder],
    {
      stdio: ['pipe', 'ignore', 'inherit'],
      detached: true,
    },
  );
  const own = reaper.pid === undefined ? [] : [reaper.pid];
  const faults: Breach[] = [];
  const reports: RoundReport[] = [];
  let network: Network | undefined;
  let lead: Lead | undefined;
  let broken: RoundReport | undefined;
  try {
    const opening = openNetwork(folder, (text) => void faults.push(breachOf('process')(text)), say);
    network = await Promise.race([opening, aborted(signal).then(() => undefined)]);
    // Interrupted while it opens: what it still waits for is ended below.
    if (!network) return void opening.catch(() => {}) ?? 130;
    lead = new Lead(network);
    const needs = { network, lead, reader: new Reader(network), signal, own };
    const judge = new Judge(needs);
    const running = new Rounds({ ...needs, judge, seed, faults });
    const take = (report: RoundReport) => {
      if (signal.aborted) return;
      reports.push(report);
      appendFileSync(progress, `${JSON.stringify(lineOf(seed, report))}\n`);
      say(sentence(report));
      if (report.breaches.length > 0) broken = report;
    };
    for (let round = from; round < from + rounds && !broken && !signal.aborted; round += 1)
      take(await running.run(round));
    if (!broken && !signal.aborted) take(await running.end(from + rounds));
    if (!broken && !signal.aborted) {
      if (options.prove) faults.push(...(await prove(network, judge, say)));
      await network.stop();
      if (faults.length > 0) broken = { ...(reports.at(-1) as RoundReport), breaches: faults };
    }
  } finally {
    await endAllUnder(folder, own);
    reaper.stdin?.end();
  }
  if (signal.aborted)
    say(`interrupted; go on with --seed ${seed} --from ${(reports.at(-1)?.round ?? from - 1) + 1}`);
  if (broken) say(complaint(seed, broken, folder));
  else if (!options.keep) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  const sum = summary(seed, from, reports, lead, broken);
  process.stdout.write(json ? `${JSON.stringify(sum)}\n` : `${inText(sum)}\n`);
  return signal.aborted ? 130 : broken ? 1 : 0;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string' },
        seed: { type: 'string' },
        from: { type: 'string' },
        out: { type: 'string' },
        json: { type: 'boolean' },
        prove: { type: 'boolean' },
        keep: { type: 'boolean' },
      },
    });
    const whole = (text: string | undefined, otherwise: number) =>
      text === undefined ? otherwise : /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    const rounds = whole(values.rounds, 0);
    const seed = whole(values.seed, Math.floor(Math.random() * 2 ** 31));
    const from = whole(values.from, 1);
    if (!(rounds > 0) || Number.isNaN(seed) || !(from > 0)) return undefined;
    const out = resolve(values.out ?? join(tmpdir(), `moim-soak-${seed}`));
    return {
      rounds,
      seed,
      from,
      out,
      json: values.json === true,
      prove: values.prove === true,
      keep: values.keep === true,
    };
  } catch {
    return undefined;
  }
}

function lineOf(seed: number, { round, ms, phases, plan, answers, carried, breaches }: RoundReport) {
  return {
    at: new Date().toISOString(),
    seed,
    round,
    ms,
    phases,
    faults: plan.faults.map((fault) => `${fault.at} ${inWords(fault)}`),
    studies: plan.studies.length,
    answers,
    carried,
    breaches,
  };
}

function sentence({ round, ms, plan, answers, carried, breaches }: RoundReport): string {
  const faults = plan.faults.map(inWords).join('; ') || 'no fault';
  const late = carried.length > 0 ? `; not yet back: ${carried.join(' ')}` : '';
  return `round ${round}: ${(ms / 1000).toFixed(1)} s, ${answers} answers in all; ${faults}${late}${breaches.length > 0 ? `; ${breaches.length} BREACHES` : ''}`;
}

function complaint(seed: number, { round, plan, breaches }: RoundReport, folder: string): string {
  return [
    '',
    `BREACH in round ${round} (seed ${seed})`,
    ...breaches.slice(0, 30).map(({ check, says }) => `  ${check}: ${says}`),
    ...(breaches.length > 30 ? [`  and ${breaches.length - 30} more`] : []),
    'after',
    ...plan.faults.map((fault) => `  ${String(fault.at).padStart(5)} ms  ${inWords(fault)}`),
    `Logs and homes are kept in ${folder}.`,
    `Again: npm run soak:kill -- --rounds 1 --seed ${seed} --from ${round}`,
  ].join('\n');
}

function summary(
  seed: number,
  from: number,
  reports: readonly RoundReport[],
  lead: Lead | undefined,
  broken: RoundReport | undefined,
) {
  const times = reports.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const kinds = reports.flatMap(({ plan }) => plan.faults.map(({ kind }) => kind));
  return {
    seed,
    from,
    rounds: reports.filter(({ plan }) => plan.studies.length > 0).length,
    studies: lead?.signed.length ?? 0,
    answers: reports.at(-1)?.answers ?? 0,
    faults: Object.fromEntries(
      [...Map.groupBy(kinds, (kind) => kind)].map(([kind, list]) => [kind, list.length]).toSorted(),
    ),
    repeatedSends: lead?.repeated ?? 0,
    carried: reports.filter(({ carried }) => carried.length > 0).length,
    medianMs: times[Math.floor(times.length / 2)] ?? 0,
    longestMs: times.at(-1) ?? 0,
    breaches: broken?.breaches ?? [],
  };
}

function inText(sum: ReturnType<typeof summary>): string {
  const faults = Object.entries(sum.faults)
    .map(([kind, times]) => `${kind} ${times}`)
    .join(', ');
  return [
    `seed ${sum.seed}: ${sum.rounds} rounds, ${sum.studies} studies, ${sum.answers} answers, ${sum.breaches.length} breaches`,
    `faults: ${faults}`,
    `a round ${(sum.medianMs / 1000).toFixed(1)} s in the middle, ${(sum.longestMs / 1000).toFixed(1)} s at most; ${sum.repeatedSends} sends repeated, work carried over in ${sum.carried} rounds`,
  ].join('\n');
}
