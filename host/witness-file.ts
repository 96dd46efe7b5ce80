/**
 * Receipts in a file, a JSON line each: what a node keeps beside its database, so that a database that was cut back is still seen, and what
 * `moim hub witness` gives out. Of a line only the receipt counts; what stands beside it is for the reader's eyes.
 */

import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { MoimError } from '#protocol/errors.ts';
import type { PublicKey } from '#protocol/keys.ts';
import { parseJson, parser } from '#protocol/schema.ts';
import { openReceipt, type Receipt } from '#protocol/witness.ts';
import { readText } from './home.ts';

const Line = Type.Object({ receipt: Type.String({ maxLength: 8192 }) }, { additionalProperties: true });
const lines = parser(Line);

export interface WitnessLine {
  readonly receipt: string;
  readonly line: Static<typeof Line>;
  /** `file:line`, for the person who reads of a fault. */
  readonly place: string;
}

/** The file of a node's home. */
export const witnessFile = (home: string): string => join(home, 'witness.jsonl');

/**
 * The lines of a file; none where it is not there. Throws MoimError `bad-input` naming a line that is none; of a home's `own` file it is passed
 * over: a power cut may have torn it, and its receipt came again.
 */
export function readWitnessFile(file: string, own = false): WitnessLine[] {
  if (!existsSync(file)) return [];
  return readText(file, 'witness')
    .split('\n')
    .flatMap((text, i) => {
      if (text.trim() === '') return [];
      const place = `${file}:${i + 1}`;
      try {
        const line = lines.parse(parseJson(text, place), place);
        return { receipt: line.receipt, line, place };
      } catch (cause) {
        if (own) return [];
        throw cause;
      }
    });
}

/** Opens every receipt of a file by one of the hub's keys. Throws MoimError `bad-signature` naming the line of the first that does not verify. */
export async function openWitness(file: string, hub: readonly PublicKey[], own = false): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (const { receipt, place } of readWitnessFile(file, own)) {
    receipts.push(
      await openReceipt(receipt, hub).catch((cause: unknown) => {
        if (!(cause instanceof MoimError)) throw cause;
        throw new MoimError(cause.code, `${place}: ${cause.message}`, { cause });
      }),
    );
  }
  return receipts;
}

/** Adds a line, durably. A line that is there already does no harm; one that was torn is ended first. */
export function appendWitness(
  file: string,
  line: Static<typeof Line> & Readonly<Record<string, unknown>>,
): void {
  appendFileSync(file, `${isTorn(file) ? '\n' : ''}${JSON.stringify(line)}\n`, { mode: 0o600, flush: true });
}

function isTorn(file: string): boolean {
  if (!existsSync(file)) return false;
  const descriptor = openSync(file, 'r');
  try {
    const last = Buffer.alloc(1);
    const { size } = fstatSync(descriptor);
    return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
  } finally {
    closeSync(descriptor);
  }
}
