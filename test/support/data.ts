/** Where the real data for tests lie, and what a test says that is skipped for want of them. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the data: MOIM_DATA, else `../shared/data` beside the project; undefined where there is none. */
export function dataDir(): string | undefined {
  const given = process.env.MOIM_DATA;
  const folder = given || fileURLToPath(new URL('../../../shared/data', import.meta.url));
  return existsSync(folder) ? folder : undefined;
}

/** The folder of one data set (`ohdsi/plsynth`), or undefined where it is not there. */
export function dataSet(name: string): string | undefined {
  const folder = dataDir();
  const path = folder === undefined ? undefined : join(folder, name);
  return path !== undefined && existsSync(path) ? path : undefined;
}

/** For `{ skip: withoutData() }`: false where the data are there, else the sentence that says why not. */
export function withoutData(name = '.'): false | string {
  return dataSet(name) === undefined
    ? `The data set ${name === '.' ? '' : `${name} `}is not here: set MOIM_DATA to the folder that holds it.`
    : false;
}
