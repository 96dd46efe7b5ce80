/**
 * `npm run soak:kill -- --rounds N [--seed S] [--from ROUND] [--out DIR] [--prove] [--keep] [--json]`: a hub and five hospitals under load,
 * each a process of its own; in every round, at moments drawn from the seed, processes and database servers are killed and ways are cut.
 * After each round every study must be complete or truthfully not, every answer counted once, every audit chain whole, and nothing left
 * running. Exit 1 on the first breach, with the seed, the round and the folder that holds the evidence (`--keep` keeps that of a clean run
 * too). `--prove` plants breaches after the last round and insists that each is seen. Progress stands in `DIR/progress.jsonl`, a line a
 * round; `--seed S --from ROUND` goes on from there, with a fresh network and the same faults.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aborted } from '#host/serve.ts';
import { abortOnSignals } from '#host/signals.ts';
import { breachOf } from './soak/check.ts';
import { Judge } from './soak/judge.ts';
import { Lead } from './soak/load.ts';
import { openNetwork } from './soak/network.ts';
import { readOptions, usage } from './soak/options.ts';
import { endAllUnder } from './soak/process-table.ts';
import { prove } from './soak/prove.ts';
import { Reader } from './soak/read.ts';
import { complaint, inText, lineOf, sentence, summary } from './soak/report.ts';
import { type RoundReport, Rounds } from './soak/round.ts';
import type { Breach } from './soak/seen.ts';

/** With less room than this on the disk nothing more is begun. */
const leastBytes = 2 ** 30;

// Relays still listen and sends may still wait: what they were for is over.
process.exit(await main());

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return refuse(2, `usage: ${usage}`);
  if (process.platform !== 'linux')
    return refuse(4, 'soak:kill reads the process table of Linux and runs nowhere else.');
  const { rounds, seed, from, out } = options;
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, 'run-'));
  const progress = join(out, 'progress.jsonl');
  say(`seed ${seed}, rounds ${from} to ${from + rounds - 1}; progress in ${progress}`);
  const signal = abortOnSignals(60_000);
  const reaper = startReaper(folder);
  const own = reaper.pid === undefined ? [] : [reaper.pid];
  const faults: Breach[] = [];
  const reports: RoundReport[] = [];
  const broken = () => reports.find(({ breaches }) => breaches.length > 0);
  const goesOn = () => !signal.aborted && !broken();
  const take = (report: RoundReport) => {
    if (signal.aborted) return;
    reports.push(report);
    appendFileSync(progress, `${JSON.stringify(lineOf(seed, report))}\n`);
    say(sentence(report));
  };
  let lead: Lead | undefined;
  const torment = async () => {
    const network = await openNetwork(folder, (text) => void faults.push(breachOf('process')(text)), say);
    lead = new Lead(network);
    const needs = { network, lead, reader: new Reader(network), signal, own };
    const judge = new Judge(needs);
    const running = new Rounds({ ...needs, judge, seed, faults });
    for (let round = from; round < from + rounds && goesOn(); round += 1) {
      if (hasNoRoom(out)) return refuse(4, `the disk of ${out} is nearly full`);
      take(await running.run(round));
    }
    if (goesOn()) take(await running.end(from + rounds));
    if (!goesOn()) return 1;
    if (options.prove) faults.push(...(await prove(network, judge, say)));
    await network.stop();
    const last = reports.pop();
    if (last) reports.push({ ...last, breaches: faults });
    return broken() ? 1 : 0;
  };
  let code = 70;
  try {
    code = await Promise.race([torment(), aborted(signal).then(() => 130)]);
  } catch (cause) {
    say(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
  } finally {
    await endAllUnder(folder, own);
    reaper.stdin?.end();
  }
  const worst = broken();
  if (signal.aborted)
    say(`interrupted; go on with --seed ${seed} --from ${(reports.at(-1)?.round ?? from - 1) + 1}`);
  if (worst) say(complaint(seed, worst));
  if (options.keep || worst || code === 70) say(`Logs and homes are kept in ${folder}.`);
  else rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  const sum = summary(seed, from, reports, lead, worst);
  process.stdout.write(options.json ? `${JSON.stringify(sum)}\n` : `${inText(sum)}\n`);
  return signal.aborted ? 130 : code;
}

/** It ends what is left when this process is gone, however it went. */
function startReaper(folder: string): ChildProcess {
  const file = fileURLToPath(new URL('soak/reaper.ts', import.meta.url));
  return spawn(process.execPath, [file, folder], { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
}

function hasNoRoom(folder: string): boolean {
  const { bsize, bavail } = statfsSync(folder);
  return bsize * bavail < leastBytes;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function refuse(code: number, text: string): number {
  say(text);
  return code;
}
