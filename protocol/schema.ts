/** The one place where `unknown` becomes typed: a schema compiled once, all faults collected, paths named, values never. */

import Type, { type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { MoimError } from './errors.ts';

export interface Parser<T> {
  /** Gives the value typed, or throws MoimError `bad-input` with every path at fault. */
  parse(value: unknown, what: string): T;
  check(value: unknown): value is T;
}

/** A text that is one of `values`. */
export function oneOf<const V extends readonly string[]>(values: V) {
  return Type.Unsafe<V[number]>({ type: 'string', enum: [...values] });
}

/** Compiles a schema into a parser. Error texts hold JSON paths and the schema's words, never the value found there. */
export function parser<S extends TSchema>(schema: S): Parser<Static<S>> {
  const compiled = Compile(schema);
  return {
    check: (value): value is Static<S> => compiled.Check(value),
    parse(value, what) {
      if (compiled.Check(value)) return value as Static<S>;
      const faults = new Set<string>();
      for (const fault of compiled.Errors(value)) {
        if (fault.keyword === 'boolean') faults.add(`${fault.instancePath}: not a known member`);
        else if (fault.keyword !== 'additionalProperties') faults.add(`${fault.instancePath || '/'}: ${fault.message}`);
        if (faults.size >= 20) break;
      }
      throw new MoimError('bad-input', `${what}: ${[...faults].join('; ') || 'not of the expected form'}`);
    },
  };
}

/** Parses JSON text into an unknown value. Throws MoimError `bad-input`; the message does not quote the text. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const place = cause instanceof Error ? /position \d+( \(line \d+ column \d+\))?/.exec(cause.message)?.[0] : undefined;
    throw new MoimError('bad-input', `${what}: not JSON${place ? ` at ${place}` : ''}`);
  }
}
