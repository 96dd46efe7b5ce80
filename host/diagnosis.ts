/** What `moim doctor` finds: one line a check, with the remedy where something is wrong. */

import { MoimError } from '#protocol/errors.ts';
import type { CommandContext } from './command.ts';
import { databaseError } from './postgres/error.ts';

export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly says: string;
  readonly remedy?: string;
}

/** Collects findings: a check gives what is well as text, a finding, or throws. */
export function diagnose() {
  const findings: Finding[] = [];
  const check = async (
    name: string,
    work: () => Promise<string | Finding> | string | Finding,
  ): Promise<void> => {
    try {
      const said = await work();
      findings.push(typeof said === 'string' ? { check: name, state: 'ok', says: said } : said);
    } catch (cause) {
      const error = cause instanceof MoimError ? cause : databaseError(cause);
      findings.push({ check: name, state: 'failed', says: error.message, remedy: error.remedy });
    }
  };
  return { findings, check };
}

/** Prints the findings; gives the exit code: 1 where a check failed. */
export function printFindings(context: CommandContext, findings: readonly Finding[]): number {
  for (const finding of findings) {
    const { check, state, says, remedy } = finding;
    if (context.json) context.out(JSON.stringify(finding));
    else
      context.out(
        `${state.padEnd(9)}${check.padEnd(15)}${says}${remedy ? `\n${' '.repeat(24)}${remedy}` : ''}`,
      );
  }
  return findings.some(({ state }) => state === 'failed') ? 1 : 0;
}

/** `doctor --show`: the settings in force; of a secret only whether it is set. */
export function printSettings(
  context: CommandContext,
  settings: Readonly<Record<string, unknown>>,
  secrets: Readonly<Record<string, string | undefined>>,
): number {
  const masked = Object.entries(secrets).map(([key, value]) => [
    key,
    value === undefined ? 'not set' : 'set',
  ]);
  const values = { ...settings, ...Object.fromEntries(masked) };
  if (context.json) context.out(JSON.stringify(values));
  else for (const [key, value] of Object.entries(values)) context.out(`${key} = ${String(value)}`);
  return 0;
}
