/** The one place where `unknown` becomes typed: a schema compiled once, all faults collected, paths named, values never. */

import Type, { type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { MoimError } from './errors.ts';

/** typebox stops at 8 faults unless told otherwise; a document is refused with all of them (as many as `mostFaults` are shown). */
Settings.Set({ maxErrors: 200 });
const mostFaults = 20;

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
      const found = compiled.Errors(value).filter(({ keyword }) => keyword !== 'additionalProperties');
      const known = new Set(
        found.filter(({ keyword }) => keyword !== 'boolean').map(({ instancePath }) => instancePath),
      );
      const faults = new Set<string>();
      for (const { keyword, instancePath, message } of found) {
        // One form of a union may know a member that another does not.
        if (keyword === 'boolean' && known.has(instancePath)) continue;
        faults.add(
          keyword === 'boolean'
            ? `${instancePath}: not a known member`
            : `${instancePath || '/'}: ${message}`,
        );
        if (faults.size >= mostFaults) break;
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
    const place =
      cause instanceof Error ? /position \d+( \(line \d+ column \d+\))?/.exec(cause.message)?.[0] : undefined;
    throw new MoimError('bad-input', `${what}: not JSON${place ? ` at ${place}` : ''}`);
  }
}
