/** Reads a policy file: TOML, every fault of it told at once. */

import { parse as parseToml } from 'smol-toml';
import { MoimError } from '#protocol/errors.ts';
import { parser } from '#protocol/schema.ts';
import { matchesNothing } from './criteria.ts';
import { PolicyFile } from './policy.ts';

export const policyFiles = parser(PolicyFile);

/** Throws MoimError `bad-input` with every fault: what is not of the form, and names that no definition could ever use. */
export function readPolicy(text: string, what: string): PolicyFile {
  let value: unknown;
  try {
    value = parseToml(text);
  } catch (cause) {
    const line = cause instanceof Error && 'line' in cause ? ` at line ${String(cause.line)}` : '';
    throw new MoimError('bad-input', `${what}: not TOML${line}`);
  }
  const faults = nameFaults(value);
  try {
    const file = policyFiles.parse(value, what);
    if (faults.length === 0) return file;
  } catch (cause) {
    if (!(cause instanceof MoimError)) throw cause;
    faults.unshift(cause.message.replace(`${what}: `, ''));
  }
  throw new MoimError('bad-input', `${what}: ${faults.join('; ')}`);
}

/** A name misspelt in a list of what is denied would silently permit. */
function nameFaults(value: unknown): string[] {
  const criteria = memberOf(value, 'criteria');
  return ['allow', 'deny'].flatMap((list) => {
    const names = memberOf(criteria, list);
    if (!Array.isArray(names)) return [];
    return names.flatMap((name: unknown, i) =>
      typeof name === 'string' && matchesNothing(name)
        ? [`/criteria/${list}/${i}: no criterion attribute that Circe knows is called so`]
        : [],
    );
  });
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
