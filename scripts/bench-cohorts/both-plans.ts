/** Every definition by either plan and by the one that the compiler chooses: whether it chooses well. */

import type { Pool } from 'pg';
import type { DefinitionFile } from '#node/cohort/definitions.ts';
import { exactJson } from '#node/cohort/exact-json.ts';
import { runCohorts } from '#node/cohort/run.ts';
import type { Plan } from '#sql/circe/scope.ts';

export interface Choice {
  readonly name: string;
  readonly rows: number;
  readonly probeMs: number;
  readonly joinMs: number;
  readonly chosenMs: number;
  /** The chosen by the faster of the two. */
  readonly ratio: number;
  /** Both gave the same rows and masks. */
  readonly same: boolean;
}

const plans = ['probe', 'join', 'cheaper'] as const satisfies readonly Plan[];

/** Runs each definition by turns, `rounds` times after one to warm up. Nothing is written; what takes over a minute counts as that. */
export async function compareBoth(
  pool: Pool,
  files: readonly DefinitionFile[],
  cdmSchema: string,
  rounds: number,
  onChoice: (choice: Choice) => void = () => {},
): Promise<readonly Choice[]> {
  const choices: Choice[] = [];
  for (const file of files) {
    const times: Record<(typeof plans)[number], number[]> = { probe: [], join: [], cheaper: [] };
    const answers = new Set<string>();
    let rows = 0;
    for (let round = 0; round <= rounds; round += 1) {
      for (const plan of plans) {
        await runCohorts(pool, [file], {
          cdmSchema,
          plan,
          timeoutMs: 60_000,
          now: () => new Date(),
          onLine(line) {
            rows = line.rows ?? rows;
            if (line.status === 'ok') answers.add(`${line.md5} ${exactJson(line.inclusionResult)}`);
            if (round > 0) times[plan].push(line.ms);
          },
        });
      }
    }
    // The fastest round: what else the machine does only ever adds.
    const [probeMs = 0, joinMs = 0, chosenMs = 0] = plans.map((plan) => Math.min(...times[plan]));
    const ratio = chosenMs / Math.min(probeMs, joinMs);
    const choice = { name: file.name, rows, probeMs, joinMs, chosenMs, ratio, same: answers.size <= 1 };
    choices.push(choice);
    onChoice(choice);
  }
  return choices;
}

export function printChoice({ name, rows, probeMs, joinMs, chosenMs, ratio, same }: Choice): void {
  const figures = [probeMs, joinMs, chosenMs].map((ms) => ms.toFixed(1).padStart(10)).join(' ');
  process.stdout.write(
    `${name.padEnd(44)} ${String(rows).padStart(8)} rows; probe, join, chosen ${figures} ms; ${ratio.toFixed(2)} of the faster${same ? '' : '  DIFFERENT'}\n`,
  );
}

export function printWorst(choices: readonly Choice[]): void {
  const worst = Math.max(...choices.map(({ ratio }) => ratio));
  const within = choices.filter(({ ratio }) => ratio <= 1.3).length;
  process.stdout.write(
    `\n${within} of ${choices.length} within 1.3 of the faster plan, worst ${worst.toFixed(2)}; slowest ${Math.max(...choices.map(({ chosenMs }) => chosenMs)).toFixed(0)} ms\n`,
  );
}
