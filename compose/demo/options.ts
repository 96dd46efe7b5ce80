/** The demo's flags. */

import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MoimError } from '#protocol/errors.ts';

export interface DemoOptions {
  /** End after the answer. */
  readonly once: boolean;
  readonly json: boolean;
  /** A folder of CDM tables whose persons are dealt to the three hospitals; synthetic hospitals without it. */
  readonly cdm?: string;
  readonly cohorts: readonly { readonly name: string; readonly file: string }[];
  /** Set in the three policies and in the study. */
  readonly minCell?: number;
  /** Persons of each synthetic hospital. */
  readonly persons: number;
}

export const demoUsage =
  'npm run demo -- [--once] [--json] [--cdm DIR] [--cohort FILE]… [--min-cell N] [--persons N]';

/** Throws MoimError `usage`. */
export function readDemoOptions(argv: readonly string[], terminal: boolean): DemoOptions {
  let values: { [key: string]: string | boolean | (string | boolean)[] | undefined };
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        once: { type: 'boolean' },
        json: { type: 'boolean' },
        cdm: { type: 'string' },
        cohort: { type: 'string', multiple: true },
        'min-cell': { type: 'string' },
        persons: { type: 'string' },
      },
    }));
  } catch (cause) {
    throw new MoimError('usage', cause instanceof Error ? cause.message : undefined, { remedy: demoUsage });
  }
  const own = ['diabetes-on-metformin', 'hypertension'].map((name) =>
    fileURLToPath(new URL(`cohorts/${name}.json`, import.meta.url)),
  );
  const files = (values.cohort as string[] | undefined)?.map((file) => resolve(file)) ?? own;
  const minCell = whole(values['min-cell'], 'min-cell');
  return {
    once: values.once === true || !terminal,
    json: values.json === true,
    ...(typeof values.cdm === 'string' ? { cdm: resolve(values.cdm) } : {}),
    cohorts: files.map((file) => ({ name: basename(file).replace(/\.json$/, ''), file })),
    ...(minCell === undefined ? {} : { minCell }),
    persons: whole(values.persons, 'persons') ?? 2000,
  };
}

function whole(text: unknown, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (typeof text !== 'string' || !/^[1-9]\d{0,6}$/.test(text))
    throw new MoimError('usage', `--${name} takes a whole number from 1`, { remedy: demoUsage });
  return Number(text);
}
