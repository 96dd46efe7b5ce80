/** What OHDSI's own Circe gave for each cohort, and whether ours says the same. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GeneratedLine } from '#node/cohort/work.ts';

/** A record of `data/ohdsi/expected/<data set>.json`. */
export interface ReferenceRecord {
  readonly status: 'ok' | 'sql_error' | 'compile_error' | 'timeout';
  readonly error?: string;
  readonly persons?: number;
  readonly rows?: number;
  readonly days?: number;
  readonly md5?: string;
  readonly inclusionResult?: unknown;
  readonly inclusionStats?: unknown;
  readonly summaryStats?: unknown;
}

export type Verdict =
  | { readonly kind: 'agreed'; readonly empty: boolean }
  | { readonly kind: 'differs'; readonly empty: boolean; readonly parts: readonly string[] }
  | { readonly kind: 'refused'; readonly empty: boolean; readonly reason: string }
  /** The reference has no result to compare with. */
  | { readonly kind: 'not-run'; readonly reason: string };

const parts = [
  'md5',
  'persons',
  'rows',
  'days',
  'inclusionResult',
  'inclusionStats',
  'summaryStats',
] as const;

export function readReference(folder: string, file: string): ReadonlyMap<string, ReferenceRecord> {
  const json = JSON.parse(readFileSync(join(folder, 'expected', `${file}.json`), 'utf8')) as Record<
    string,
    ReferenceRecord
  >;
  return new Map(Object.entries(json));
}

/** Compares by md5 and by the inclusion tables; persons, rows and days only say where to look. */
export function judge(expected: ReferenceRecord | undefined, line: GeneratedLine): Verdict {
  if (expected === undefined) return { kind: 'not-run', reason: 'no record' };
  if (expected.status !== 'ok') return notRun(expected, line);
  const empty = expected.rows === 0;
  if (line.status !== 'ok') return { kind: 'refused', empty, reason: `${line.status}: ${line.reason ?? ''}` };
  const differing = parts.filter((part) => rounded(expected[part]) !== rounded(line[part]));
  return differing.length === 0 ? { kind: 'agreed', empty } : { kind: 'differs', empty, parts: differing };
}

/** The reference was read with masks beyond 2^53 rounded: so are ours. */
function rounded(part: unknown): string {
  return JSON.stringify(part, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
}

/** Nothing to agree with: ours must run nonetheless, or say why it does not. */
function notRun(expected: ReferenceRecord, line: GeneratedLine): Verdict {
  const reason = `${line.status}: ${line.reason ?? ''}`;
  if (line.status !== 'ok' && line.status !== 'refused') return { kind: 'refused', empty: true, reason };
  const ours = line.status === 'ok' ? `${line.persons} persons, ${line.rows} rows` : reason;
  return { kind: 'not-run', reason: `${expected.error ?? expected.status}; ours: ${ours}` };
}
