/**
 * The log: pino JSON on stderr. A line is an event name and fields of an allow-list: ids, counts, codes, states. A field that is not
 * on the list is not written, whatever it holds; free text has no field.
 */

import { pino } from 'pino';

/** Every field a log line may have. */
export interface LogFields {
  readonly site?: string;
  readonly study?: string;
  readonly job?: string;
  readonly message?: string;
  readonly state?: string;
  readonly code?: string;
  readonly sqlstate?: string;
  readonly count?: number;
  readonly ms?: number;
  readonly epoch?: number;
  readonly seq?: number;
  readonly version?: number;
  readonly attempt?: number;
  readonly fingerprint?: string;
  readonly port?: number;
  readonly pid?: number;
  readonly route?: string;
  readonly path?: string;
  readonly status?: number;
}

const allowed = new Set(
  'site study job message state code sqlstate count ms epoch seq version attempt fingerprint port pid route status path'.split(
    ' ',
  ),
);

/** A field's text may be an id, a code or a state: letters, digits and a few marks, at most 80 of them. */
const plain = /^[A-Za-z0-9:/_.-]{0,80}$/;

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** `write` is where lines go: stderr, or a test's collector. */
export function createLog(name: string, level: LogLevel, write?: (line: string) => void): Log {
  const stream = write ? { write } : pino.destination({ dest: 2, sync: true });
  const logger = pino(
    { name, level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    stream,
  );
  return {
    debug: (event, fields) => logger.debug(admit(fields), text(event)),
    info: (event, fields) => logger.info(admit(fields), text(event)),
    warn: (event, fields) => logger.warn(admit(fields), text(event)),
    error: (event, fields) => logger.error(admit(fields), text(event)),
  };
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

function admit(fields: LogFields = {}): Record<string, string | number> {
  const kept: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (!allowed.has(key)) continue;
    if (typeof value === 'number') kept[key] = value;
    else if (typeof value === 'string') kept[key] = text(value);
  }
  return kept;
}

const text = (value: string): string => (plain.test(value) ? value : '[withheld]');
