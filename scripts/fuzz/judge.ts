/** One run, judged: taken or refused as it should be, or a breach. */

import { parse as parseToml } from 'smol-toml';
import { errors, MoimError } from '#protocol/errors.ts';
import type { Form } from './mutate.ts';
import type { Draw } from './random.ts';
import { marker, type Target } from './target.ts';

export interface Verdict {
  readonly outcome: 'taken' | 'refused' | 'breach';
  /** Of a breach: what happened, the same for inputs that fail alike. */
  readonly breach?: string;
  /** Of a breach: more for a person to read. */
  readonly detail?: string;
  readonly ms: number;
}

export async function judge(target: Target, input: Buffer, draw: Draw): Promise<Verdict> {
  const start = performance.now();
  const since = () => performance.now() - start;
  try {
    const answer = target.run(input, draw);
    const said = answer instanceof Promise ? await answer : answer;
    const ms = since();
    return tells(said, input, target.form)
      ? { outcome: 'breach', breach: 'marker in what was said', ms }
      : { outcome: 'taken', ms };
  } catch (error) {
    const ms = since();
    const fault =
      faultOf(error) ?? (tellsError(error, input, target.form) ? 'marker in an error' : undefined);
    if (fault === undefined) return { outcome: 'refused', ms };
    return {
      outcome: 'breach',
      breach: fault,
      detail: error instanceof Error ? (error.stack ?? '') : String(error),
      ms,
    };
  }
}

/** What is wrong with an error itself; nothing where it is a refusal with a code of the table. */
function faultOf(error: unknown): string | undefined {
  if (error instanceof MoimError) {
    if (!Object.hasOwn(errors, error.code)) return `unknown code ${String(error.code)}`;
    return errors[error.code].exit === 70 ? `${error.code}: ${error.message}` : undefined;
  }
  if (!(error instanceof Error)) return `threw ${typeof error}`;
  const place =
    error.stack
      ?.split('\n')
      .find((line) => line.includes('file://'))
      ?.trim() ?? '';
  return `${error.name} ${place.replace(/^.*\//, '')}`;
}

/** What a person reads of an error: message and remedy. Its cause is for a debugger. */
function tellsError(error: unknown, input: Buffer, form: Form): boolean {
  return error instanceof MoimError && tells([error.message, error.remedy], input, form);
}

function tells(said: readonly string[], input: Buffer, form: Form): boolean {
  return said.some((text) => text.toLowerCase().includes(marker)) && !isNamed(input, form);
}

/** A change may have made the marker the name of a member or column: names are told, and are no secret. */
function isNamed(input: Buffer, form: Form): boolean {
  const text = input.toString('utf8');
  if (form === 'csv') return (text.split('\n', 1)[0] ?? '').toLowerCase().includes(marker);
  try {
    return hasName(form === 'toml' ? parseToml(text) : JSON.parse(text));
  } catch {
    return false;
  }
}

function hasName(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => name.toLowerCase().includes(marker) || hasName(inner));
}
