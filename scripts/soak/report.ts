/** What a person and a program read of a soak: a line a round, the complaint, the sum. */

import { type Fault, inWords } from './plan.ts';
import type { RoundReport } from './round.ts';

/** One line of the progress file. */
export function lineOf(seed: number, { round, ms, phases, plan, answers, carried, breaches }: RoundReport) {
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

export function sentence({ round, ms, plan, answers, carried, breaches }: RoundReport): string {
  const faults = plan.faults.map(inWords).join('; ') || 'no fault';
  const late = carried.length > 0 ? `; not yet back: ${carried.join(' ')}` : '';
  return `round ${round}: ${(ms / 1000).toFixed(1)} s, ${answers} answers in all; ${faults}${late}${breaches.length > 0 ? `; ${breaches.length} BREACHES` : ''}`;
}

/** What was violated, after what, and how to see it again. */
export function complaint(seed: number, { round, plan, breaches }: RoundReport): string {
  return [
    '',
    `BREACH in round ${round} (seed ${seed})`,
    ...breaches.slice(0, 30).map(({ check, says }) => `  ${check}: ${says}`),
    ...(breaches.length > 30 ? [`  and ${breaches.length - 30} more`] : []),
    'after',
    ...plan.faults.map((fault) => `  ${String(fault.at).padStart(5)} ms  ${inWords(fault)}`),
    `Again: npm run soak:kill -- --rounds 1 --seed ${seed} --from ${round}`,
  ].join('\n');
}

export function summary(
  seed: number,
  from: number,
  reports: readonly RoundReport[],
  lead: { readonly signed: readonly unknown[]; readonly repeated: number } | undefined,
  broken: RoundReport | undefined,
) {
  const times = reports.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const kinds = reports.flatMap(({ plan }) => plan.faults.map(nameOf));
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

export function inText(sum: ReturnType<typeof summary>): string {
  const faults = Object.entries(sum.faults)
    .map(([kind, times]) => `${kind} ${times}`)
    .join(', ');
  return [
    `seed ${sum.seed}: ${sum.rounds} rounds, ${sum.studies} studies, ${sum.answers} answers, ${sum.breaches.length} breaches`,
    `faults: ${faults}`,
    `a round ${(sum.medianMs / 1000).toFixed(1)} s in the middle, ${(sum.longestMs / 1000).toFixed(1)} s at most; ${sum.repeatedSends} sends repeated, work carried over in ${sum.carried} rounds`,
  ].join('\n');
}

/** The kind of a fault, and what kind of thing it hit. */
function nameOf(fault: Fault): string {
  if (fault.kind === 'kill-postgres')
    return `kill ${fault.worker ? 'worker of ' : ''}PostgreSQL of ${fault.server === 'hub' ? 'hub' : 'node'}`;
  if (fault.kind === 'unplug') return `unplug from ${fault.cable}`;
  if (!('party' in fault)) return fault.kind;
  const front = fault.kind === 'kill' && fault.what === 'front' ? ' front door of' : '';
  return `${fault.kind}${front} ${fault.party === 'hub' ? 'hub' : 'node'}`;
}
