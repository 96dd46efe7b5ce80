/**
 * Errors of the database, made fit to be shown and logged. PostgreSQL's message, detail and context can hold a
 * patient's value ("invalid input syntax for type integer: …", "Key (person_id)=(…) already exists"): of all that only
 * the SQLSTATE survives, and the place in the statement, a number; of a server that does not answer, its address.
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
  if (!/^[0-9A-Z]{5}$/.test(code)) {
    const unreached = unreachedBy(error);
    if (unreached !== undefined) return new MoimError('database-unavailable', `${unreached} (${code})`);
    return new MoimError(systemErrors[code] ?? 'database-failed', code);
  }
  return new MoimError(codeFor(code), detail(error, code), code === '53300' ? { remedy: noneFree } : {});
}

const noneFree =
  'The server has no connection to spare: ask for fewer (--connections), end what else uses it, or raise its max_connections, then run again.';

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

/** Of a connection that did not come about: where no server was met, which is all that its address says here, never who asked. */
function unreachedBy(error: unknown): string | undefined {
  const tried = (error instanceof AggregateError ? error.errors : [error]).filter(isSystemError);
  const unknown = tried.find(({ syscall, hostname }) => syscall === 'getaddrinfo' && hostname !== undefined);
  if (unknown !== undefined) return `no host is called ${unknown.hostname}`;
  const places = tried.flatMap(({ syscall, address, port }) => {
    if (syscall !== 'connect' || address === undefined) return [];
    if (port === undefined) return [address];
    return [`${address.includes(':') ? `[${address}]` : address}:${port}`];
  });
  return places.length === 0 ? undefined : `no server answers at ${[...new Set(places)].join(' or ')}`;
}

/** What Node says of a connection or a name that it could not resolve. */
interface SystemError extends Error {
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error;
}

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
