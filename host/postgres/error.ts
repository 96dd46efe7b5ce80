/**
 * Errors of the database, made fit to be shown and logged. PostgreSQL's message, detail and context can hold a
 * patient's value ("invalid input syntax for type integer: …", "Key (person_id)=(…) already exists"): of all that only
 * the SQLSTATE survives, and the place in the statement, a number.
 */

import pg from 'pg';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';

/**
 * Takes whatever a query or a connection threw. A MoimError is given back as it is; of anything else neither message
 * nor cause is kept. `signal` tells a statement cancelled by the user from one that ran out of time.
 */
export function databaseError(error: unknown, signal?: AbortSignal): MoimError {
  if (error instanceof MoimError) return error;
  const code = codeOf(error);
  if (signal?.aborted || (error instanceof Error && error.name === 'AbortError'))
    return new MoimError('interrupted');
  if (code === undefined)
    return new MoimError(isLost(error) ? 'database-unavailable' : 'database-failed', 'no SQLSTATE');
  if (!/^[0-9A-Z]{5}$/.test(code)) return new MoimError(systemErrors[code] ?? 'database-failed', code);
  return new MoimError(codeFor(code), detail(error, code));
}

/** The SQLSTATE of a database's refusal, else undefined. */
export function sqlState(error: unknown): string | undefined {
  const code = codeOf(error);
  return code !== undefined && error instanceof pg.DatabaseError ? code : undefined;
}

function codeFor(state: string): ErrorCode {
  // 08 connection lost, 57P01-57P05 shut down or starting, 53300 too many sessions, 28 login, 3D000 no such database
  if (/^(08...|57P0.|53300|28...|3D000)$/.test(state)) return 'database-unavailable';
  if (state === '53100') return 'disk-full';
  if (state === '57014') return 'statement-timeout';
  if (state === '42501') return 'database-permission';
  if (state === '42P01' || state === '3F000') return 'table-missing';
  return 'database-failed';
}

const systemErrors: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'database-unavailable',
  ECONNRESET: 'database-unavailable',
  EPIPE: 'database-unavailable',
  ETIMEDOUT: 'database-unavailable',
  EHOSTUNREACH: 'database-unavailable',
  ENETUNREACH: 'database-unavailable',
  ENOTFOUND: 'database-unavailable',
  EAI_AGAIN: 'database-unavailable',
  ENOSPC: 'disk-full',
};

function detail(error: unknown, state: string): string {
  const position = error instanceof pg.DatabaseError ? Number(error.position) : Number.NaN;
  return Number.isSafeInteger(position) ? `SQLSTATE ${state} at character ${position}` : `SQLSTATE ${state}`;
}

/** `pg` reports a lost connection as a plain error, known by its text alone. */
function isLost(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed)/.test(
      error.message,
    )
  );
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return error.errors.map(codeOf).find((code) => code !== undefined);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
