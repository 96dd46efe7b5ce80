/** Turns records of a file into rows of PostgreSQL's COPY text format (NULL as the empty string), checking every field. */

import { isUtf8 } from 'node:buffer';
import type { CdmColumn } from '#sql/cdm/tables.ts';
import { type CsvRecord, DOUBLED } from './csv.ts';
import { isDate, isDecimal, isWhole } from './value.ts';

/** COPY options that fit what `RowEncoder` writes. */
export const copyOptions = "format text, null ''";

export interface RowFault {
  readonly line: number;
  /** Column and kind of fault; never the value. */
  readonly reason: string;
}

const BACKSLASH = 92;
const QUOTE = 34;
const SPACE = 32;

export class RowEncoder {
  readonly faults: RowFault[] = [];
  rows = 0;
  readonly #plan: readonly (CdmColumn | undefined)[];
  readonly #mostFaults: number;
  #out: Buffer = Buffer.alloc(0);
  #at = 0;
  #checkUtf8 = false;

  /** `plan`: the table's column for each field of the file in its order, undefined for a field to pass over. */
  constructor(plan: readonly (CdmColumn | undefined)[], mostFaults = 20) {
    this.#plan = plan;
    this.#mostFaults = mostFaults;
  }

  /** Makes room for the rows of `bytes`: each byte becomes at most two. */
  begin(bytes: Buffer): void {
    this.#out = Buffer.allocUnsafe(bytes.length * 2 + 16);
    this.#at = 0;
    this.#checkUtf8 = !isUtf8(bytes);
  }

  /** The rows written since `begin`. */
  take(): Buffer {
    return this.#out.subarray(0, this.#at);
  }

  /** Checks and writes one record; false when so many are bad that reading on is of no use. */
  add = (record: CsvRecord): boolean => {
    const before = this.#at;
    const reason = record.fault ?? this.#write(record);
    if (reason === undefined) {
      this.rows++;
      return true;
    }
    this.#at = before;
    this.faults.push({ line: record.line, reason });
    return this.faults.length < this.#mostFaults;
  };

  #write(record: CsvRecord): string | undefined {
    const plan = this.#plan;
    if (record.count !== plan.length) return `has ${record.count} fields, not ${plan.length}`;
    let first = true;
    for (let index = 0; index < plan.length; index++) {
      const column = plan[index];
      if (column === undefined) continue;
      if (!first) this.#out[this.#at++] = 9;
      first = false;
      const start = record.starts[index]!;
      const end = record.ends[index]!;
      if (start === end) {
        if (column.required) return `${column.name}: a required value is missing`;
        continue;
      }
      const text = column.type === 'varchar' || column.type === 'text';
      const reason = text
        ? this.#text(record.bytes, start, end, record.forms[index] === DOUBLED, column)
        : this.#typed(record.bytes, start, end, column);
      if (reason !== undefined) return `${column.name}: ${reason}`;
    }
    this.#out[this.#at++] = 10;
    return undefined;
  }

  #typed(bytes: Buffer, from: number, to: number, column: CdmColumn): string | undefined {
    let start = from;
    let end = to;
    while (start < end && bytes[start] === SPACE) start++;
    while (end > start && bytes[end - 1] === SPACE) end--;
    switch (column.type) {
      case 'integer':
      case 'bigint':
        if (!isWhole(bytes, start, end, column.type === 'bigint'))
          return `not a whole number (${column.type})`;
        break;
      case 'numeric':
        if (!isDecimal(bytes, start, end)) return 'not a number';
        break;
      case 'date':
        if (!isDate(bytes, start, end)) return 'not a date (YYYY-MM-DD)';
        break;
      case 'timestamp':
        if (!isDate(bytes, start, end)) return 'not a date and time (YYYY-MM-DD HH:MM:SS)';
        break;
      case 'text':
      case 'varchar':
        break;
    }
    const out = this.#out;
    let at = this.#at;
    for (let i = start; i < end; i++) out[at++] = bytes[i]!;
    this.#at = at;
    return undefined;
  }

  #text(bytes: Buffer, start: number, end: number, doubled: boolean, column: CdmColumn): string | undefined {
    if (this.#checkUtf8 && !isUtf8(bytes.subarray(start, end))) return 'not UTF-8';
    const out = this.#out;
    let at = this.#at;
    let characters = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if ((byte & 0xc0) !== 0x80) characters++;
      if (byte >= SPACE && byte !== BACKSLASH) {
        if (byte === QUOTE && doubled) i++;
        out[at++] = byte;
        continue;
      }
      if (byte === 0) return 'holds a zero byte';
      const letter =
        byte === 9 ? 116 : byte === 10 ? 110 : byte === 13 ? 114 : byte === BACKSLASH ? BACKSLASH : 0;
      if (letter !== 0) out[at++] = BACKSLASH;
      out[at++] = letter === 0 ? byte : letter;
    }
    if (column.length !== undefined && characters > column.length) {
      return `longer than ${column.length} characters`;
    }
    this.#at = at;
    return undefined;
  }
}
