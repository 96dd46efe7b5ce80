/** One thing amiss in a CDM: a code, how grave, where, how often, what to do. */

export type Severity = 'error' | 'warning' | 'info';

export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  readonly table: string;
  readonly count: number;
  readonly remedy: string;
}
