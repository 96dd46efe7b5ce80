/** The home folder of one party: keys, configuration, the embedded database, and `run.json` of the process that serves it. */

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { MoimError } from '#protocol/errors.ts';
import { parser } from '#protocol/schema.ts';

/** Creates the home and its `keys` folder (mode 0700). Throws MoimError `home-unwritable`. */
export function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    mkdirSync(join(home, 'keys'), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw fileFault(cause, 'home-unwritable', `the home folder ${home} cannot be made`);
  }
}

/** Writes a file whole or not at all (a temporary file beside it, then a rename). Secrets are written 0600. */
export function writeWhole(path: string, text: string, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    // `wx`: a file that somebody else put there is not written through.
    rmSync(temporary, { force: true });
    writeFileSync(temporary, text, { mode, flush: true, flag: 'wx' });
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw fileFault(cause, 'home-unwritable', `${path} cannot be written`);
  }
}

/** Reads a text file, or throws MoimError `file-unreadable` naming what it is. */
export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MoimError('file-unreadable', `${what}: ${path} cannot be read (${errno(cause)})`, { cause });
  }
}

const RunInfo = Type.Object(
  { url: Type.String(), pid: Type.Integer({ minimum: 1 }) },
  { additionalProperties: false },
);
export type RunInfo = Readonly<Static<typeof RunInfo>>;
const runs = parser(RunInfo);

export const writeRunInfo = (home: string, run: RunInfo): void =>
  writeWhole(join(home, 'run.json'), `${JSON.stringify(run)}\n`, 0o644);

export const removeRunInfo = (home: string): void => rmSync(join(home, 'run.json'), { force: true });

/** What `run.json` says, where its process is alive; undefined otherwise. */
export function readRunInfo(home: string): RunInfo | undefined {
  const path = join(home, 'run.json');
  if (!existsSync(path)) return undefined;
  const run = parseRun(readFileSync(path, 'utf8'));
  if (!run) return undefined;
  try {
    process.kill(run.pid, 0);
    return run;
  } catch (cause) {
    // Another user's process is alive, though it may not be signalled.
    return errno(cause) === 'EPERM' ? run : undefined;
  }
}

/** Undefined where the file is damaged: nothing serves this home as far as anybody can tell. */
function parseRun(text: string): RunInfo | undefined {
  try {
    const run: unknown = JSON.parse(text);
    return runs.check(run) ? run : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Throws MoimError `already-running` where the process that `run.json` names serves this home. A pid alone proves nothing (it may have been
 * given to another program since), so its health page is asked.
 */
export async function refuseSecondRun(home: string): Promise<void> {
  const run = readRunInfo(home);
  if (!run || run.pid === process.pid) return;
  const answers = await fetch(`${run.url}/healthz`, { signal: AbortSignal.timeout(2_000) }).then(
    async (response) => 'ok' in ((await response.json()) as object),
    () => false,
  );
  if (answers) throw new MoimError('already-running', `process ${run.pid} serves this home at ${run.url}`);
}

/** Throws MoimError `already-running` where any process, this one too, serves this home. */
export async function refuseServed(home: string): Promise<void> {
  if (readRunInfo(home)?.pid === process.pid)
    throw new MoimError('already-running', 'this process serves the home');
  await refuseSecondRun(home);
}

/** `ENOENT`, `EACCES`, … of a thrown system error. */
export function errno(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : 'unknown fault';
}

function fileFault(cause: unknown, code: 'home-unwritable', detail: string): MoimError {
  if (errno(cause) === 'ENOSPC') return new MoimError('disk-full', detail, { cause });
  return new MoimError(code, `${detail} (${errno(cause)})`, { cause });
}
