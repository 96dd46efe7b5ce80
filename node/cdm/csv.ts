/**
 * Finds records and fields in the bytes of a delimited file (RFC 4180), one pass, no strings made. It knows the physical
 * line each record begins on, also after quoted fields that hold newlines.
 *
 * Comma: a field may be quoted, a quote inside is doubled. Tab: no quoting at all, as Athena writes its vocabularies,
 * where a quote is an ordinary character of a concept's name.
 */

const LF = 10;
const CR = 13;
const QUOTE = 34;
export const COMMA = 44;
export const TAB = 9;

/** A record longer than this is a quoted field that never closes, not data. */
const mostRecordBytes = 64 * 1024 * 1024;

/** How a field stands in the bytes: as it is, between quotes (bounds without them), or also with doubled quotes inside. */
export const PLAIN = 0;
export const QUOTED = 1;
export const DOUBLED = 2;

/** One record as bounds into `bytes`; reused from record to record, so copy what is to be kept. */
export interface CsvRecord {
  readonly bytes: Buffer;
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly forms: Uint8Array;
  /** Physical line (from 1) of the record's first byte. */
  readonly line: number;
  /** What is wrong with the record's quoting, if anything; the fields before the fault stand. */
  readonly fault: string | undefined;
}

export class CsvScanner implements CsvRecord {
  bytes: Buffer = Buffer.alloc(0);
  count = 0;
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  forms = new Uint8Array(64);
  line = 1;
  fault: string | undefined = undefined;
  readonly #delimiter: number;
  readonly #quoting: boolean;
  #nextLine = 1;

  constructor(delimiter: number) {
    this.#delimiter = delimiter;
    this.#quoting = delimiter !== TAB;
  }

  /**
   * Calls `each` for every whole record in `bytes` (blank lines are passed over) and gives how many bytes they took; the
   * rest is the beginning of a record and must come again at the front of the next call. With `last`, the rest is a
   * record too. `each` may give false to stop.
   */
  scan(bytes: Buffer, last: boolean, each: (record: CsvRecord) => boolean): number {
    this.bytes = bytes;
    let from = 0;
    while (from < bytes.length) {
      const lineBefore = this.#nextLine;
      const next = this.#record(bytes, from, last);
      if (next < 0) {
        this.#nextLine = lineBefore;
        if (bytes.length - from < mostRecordBytes) break;
        this.line = lineBefore;
        this.count = 0;
        this.fault = 'a quoted field that never closes';
        each(this);
        return bytes.length;
      }
      const blank =
        this.count === 1 && this.starts[0] === this.ends[0] && this.forms[0] === PLAIN && !this.fault;
      from = next;
      if (!blank && !each(this)) break;
    }
    return from;
  }

  /** Reads one record from `from`; gives where the next begins, or -1 when the bytes end before the record does. */
  #record(bytes: Buffer, from: number, last: boolean): number {
    const length = bytes.length;
    const delimiter = this.#delimiter;
    let at = from;
    this.line = this.#nextLine;
    this.fault = undefined;
    this.count = 0;
    for (;;) {
      if (this.count === this.starts.length) this.#grow();
      if (this.#quoting && bytes[at] === QUOTE) {
        const after = this.#quoted(bytes, at, last);
        if (after < 0) return -1;
        at = after;
        if (this.fault !== undefined) return this.#skipLine(bytes, at, last);
      } else {
        const start = at;
        let byte = 0;
        while (at < length) {
          byte = bytes[at]!;
          if (byte === delimiter || byte === LF) break;
          if (byte === QUOTE && this.#quoting) {
            this.fault = 'a quote inside an unquoted field';
            return this.#skipLine(bytes, at, last);
          }
          at++;
        }
        if (at === length && !last) return -1;
        const end = (at === length || byte === LF) && at > start && bytes[at - 1] === CR ? at - 1 : at;
        this.starts[this.count] = start;
        this.ends[this.count] = end;
        this.forms[this.count++] = PLAIN;
      }
      if (at >= length) return length;
      if (bytes[at] === LF) {
        this.#nextLine++;
        return at + 1;
      }
      at++; // the delimiter
      if (at === length && !last) return -1;
    }
  }

  /** Reads a quoted field that opens at `open`; gives the place of the delimiter or newline after it, or -1. */
  #quoted(bytes: Buffer, open: number, last: boolean): number {
    const length = bytes.length;
    let form = QUOTED;
    let at = open + 1;
    for (;;) {
      const byte = bytes[at];
      if (at >= length) {
        if (!last) return -1;
        this.fault = 'a quoted field that never closes';
        return at;
      }
      if (byte === LF) this.#nextLine++;
      if (byte === QUOTE) {
        if (at + 1 >= length && !last) return -1;
        if (bytes[at + 1] !== QUOTE) break;
        form = DOUBLED;
        at++;
      }
      at++;
    }
    this.starts[this.count] = open + 1;
    this.ends[this.count] = at;
    this.forms[this.count++] = form;
    at++;
    if (at >= length) return at;
    if (bytes[at] === CR && at + 1 >= length) return last ? at + 1 : -1;
    if (bytes[at] === CR && bytes[at + 1] === LF) at++;
    if (bytes[at] !== LF && bytes[at] !== this.#delimiter) this.fault = 'text after a closing quote';
    return at;
  }

  /** After a fault: the next record begins on the next physical line. */
  #skipLine(bytes: Buffer, from: number, last: boolean): number {
    const newline = bytes.indexOf(LF, from);
    if (newline < 0) return last ? bytes.length : -1;
    this.#nextLine++;
    return newline + 1;
  }

  #grow(): void {
    const grown = this.starts.length * 2;
    const { starts, ends, forms } = this;
    this.starts = new Int32Array(grown);
    this.ends = new Int32Array(grown);
    this.forms = new Uint8Array(grown);
    this.starts.set(starts);
    this.ends.set(ends);
    this.forms.set(forms);
  }
}

/** The field's text, doubled quotes made single. */
export function fieldText(record: CsvRecord, index: number): string {
  const text = record.bytes.toString('utf8', record.starts[index], record.ends[index]);
  return record.forms[index] === DOUBLED ? text.replaceAll('""', '"') : text;
}
