/** A CDM of the model: arrays of rows whose dates are whole days since 1970-01-01. */

export type Value = number | string | boolean | null;
export type Row = Readonly<Record<string, Value>>;
export type Cdm = Readonly<Record<string, readonly Row[]>>;

/** Any part of a definition, as JSON has it: the model reads it for itself. */
// biome-ignore lint/suspicious/noExplicitAny: the model looks into JSON that the generators below made
export type Json = any;

const msPerDay = 86_400_000;

export function dayOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / msPerDay;
}

export function dateOf(day: number): string {
  return new Date(day * msPerDay).toISOString().slice(0, 10);
}

export function yearOf(day: number): number {
  return new Date(day * msPerDay).getUTCFullYear();
}

/** A number of the row; null where there is none. */
export function numberIn(row: Row | undefined, column: string): number | null {
  const value = row?.[column];
  return typeof value === 'number' ? value : null;
}
