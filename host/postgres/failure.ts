/** Why our server could not be made or started, read from what it wrote or from the error of a file operation. */

import { MoimError } from '#protocol/errors.ts';

/** `output` is what `initdb` or `postgres` wrote (English: it runs with LC_ALL=C); `log` is where a person finds it. */
export function failureOf(output: string, log: string): MoimError {
  if (/No space left on device|Disk quota exceeded/.test(output))
    return new MoimError('disk-full', 'PostgreSQL found no space left');
  if (/Permission denied|Read-only file system|Operation not permitted/.test(output)) {
    return new MoimError('home-unwritable', `PostgreSQL may not use its folder; see ${log}`);
  }
  if (/cannot be run as root|must not be run as root/.test(output)) return new MoimError('postgres-as-root');
  const version = /initialized by PostgreSQL version (\d+)/.exec(output)?.[1];
  if (version !== undefined) {
    return new MoimError(
      'database-start-failed',
      `the data in the home were written by PostgreSQL ${version}`,
      {
        remedy: 'Run the version of Moim that wrote them, or load the data again into a new home.',
      },
    );
  }
  return new MoimError('database-start-failed', `PostgreSQL did not start; its last lines stand in ${log}`);
}

/** The error of a file operation in the home, with a code of the table where the reason is a known one. */
export function fileFailure(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
      return new MoimError('home-unwritable', `${path}: ${code}`, { cause: error });
    case 'ENOSPC':
    case 'EDQUOT':
      return new MoimError('disk-full', `${path}: ${code}`, { cause: error });
    default:
      return error;
  }
}
