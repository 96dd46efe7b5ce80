/**
 * Configuration: one schema a process, parsed once, frozen. A commented TOML file in the home, `MOIM_*` overrides; any setting may
 * come from a file named by `…_FILE`. Unknown keys are refused; a fault names the setting, never its value.
 */

import { existsSync } from 'node:fs';
import { parse as parseToml } from 'smol-toml';
import type { Static, TObject } from 'typebox';
import { MoimError } from '#protocol/errors.ts';
import { parser } from '#protocol/schema.ts';
import { readText } from './home.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Takes the schema, the file (which may be absent), the environment, the defaults, and which variable sets which key.
 * Throws MoimError `bad-config`.
 */
export function readConfig<S extends TObject>(
  schema: S,
  file: string,
  env: Environment,
  defaults: Readonly<Partial<Static<S>>>,
  overrides: Readonly<Record<string, keyof Static<S> & string>>,
): Readonly<Static<S>> {
  const values: Record<string, unknown> = { ...defaults, ...(existsSync(file) ? readTomlFile(file) : {}) };
  for (const [variable, key] of Object.entries(overrides)) {
    const text = readSetting(env, variable);
    if (text !== undefined) values[key] = typed(schema, key, text);
  }
  try {
    return Object.freeze(parser(schema).parse(values, file));
  } catch (cause) {
    throw new MoimError('bad-config', cause instanceof Error ? cause.message : undefined, { cause });
  }
}

/** The value of a variable, or of the file that `VARIABLE_FILE` names (one trailing newline removed). */
export function readSetting(env: Environment, variable: string): string | undefined {
  const direct = env[variable];
  const path = env[`${variable}_FILE`];
  if (direct !== undefined && direct !== '' && path) {
    throw new MoimError('bad-config', `${variable} and ${variable}_FILE are both set: keep one`);
  }
  if (path) return readText(path, `${variable}_FILE`).replace(/\r?\n$/, '');
  return direct === '' ? undefined : direct;
}

function readTomlFile(file: string): Record<string, unknown> {
  try {
    return parseToml(readText(file, 'configuration')) as Record<string, unknown>;
  } catch (cause) {
    if (cause instanceof MoimError) throw cause;
    const line = cause instanceof Error && 'line' in cause ? ` at line ${String(cause.line)}` : '';
    throw new MoimError('bad-config', `${file}: not TOML${line}`);
  }
}

function typed(schema: TObject, key: string, text: string): unknown {
  const type = (schema.properties[key] as { type?: string } | undefined)?.type;
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}
