/** Cohort definitions as files: which files an argument means, and their text. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MoimError } from '#protocol/errors.ts';
import type { CohortExpression, Finding } from '#sql/circe/expression.ts';
import { type ReadResult, read } from '#sql/circe/read.ts';
import { type RunKey, unversioned } from './record.ts';
import { type CohortInFile, cohortsInFile } from './study-file.ts';

export interface DefinitionFile {
  /** File name without `.json`. */
  readonly name: string;
  readonly file: string;
  /** Of a cohort in a study file: what it says, read with those that it names. */
  readonly inStudy?: CohortInFile['inStudy'];
}

/** Files as given, of a study file its cohorts (`study.json#NAME`: that one); of a folder its `*.json` in order of number, then name. Throws MoimError `usage` or `file-unreadable`. */
export function definitionFiles(paths: readonly string[]): readonly DefinitionFile[] {
  if (paths.length === 0) throw new MoimError('usage', 'FILE is missing');
  return paths.flatMap((path): readonly DefinitionFile[] => {
    if (path.includes('#') || !isFolder(path))
      return cohortsInFile(path, textOrNone) ?? [{ name: nameOf(path), file: path }];
    const files = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.name.endsWith('.json') && !entry.isDirectory())
      .map((entry) => entry.name);
    const ordered = files.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    return ordered.map((file) => ({ name: nameOf(file), file: join(path, file) }));
  });
}

/** Of a file that cannot be read nothing: that is told in its own turn. */
function textOrNone(file: string): string {
  try {
    return readDefinitionText(file);
  } catch {
    return '';
  }
}

/** The text of a definition. Throws MoimError `file-unreadable`, also for what is not UTF-8: its texts would be changed. */
export function readDefinitionText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (cause) {
    const encoded = cause instanceof TypeError;
    throw new MoimError('file-unreadable', `${file} ${encoded ? 'is not UTF-8' : 'cannot be read'}`, {
      cause,
      ...(encoded ? { remedy: 'Save the file in UTF-8.' } : {}),
    });
  }
}

/** The expression of a file. Throws MoimError `definition-refused` that names every fault. */
export function readDefinition(file: string, text = readDefinitionText(file)): CohortExpression {
  const result = read(text);
  if (result.ok) return result.expression;
  throw new MoimError('definition-refused', `${file}: ${faults(result.findings)}`);
}

/** What reading a definition gives, wherever it stands; a file that cannot be read is a finding of it. */
export function resultOf({ file, inStudy }: DefinitionFile): ReadResult {
  if (inStudy !== undefined) return inStudy.result;
  try {
    return read(readDefinitionText(file));
  } catch (error) {
    if (!(error instanceof MoimError)) throw error;
    const { code, message, remedy } = error;
    return { ok: false, findings: [{ code, severity: 'error', path: '$', message, remedy }] };
  }
}

/** The expression of a definition, wherever it stands. Throws as `readDefinition`. */
export function expressionOf({ file, inStudy }: DefinitionFile): CohortExpression {
  if (inStudy === undefined) return readDefinition(file);
  if (inStudy.result.ok) return inStudy.result.expression;
  throw new MoimError('definition-refused', `${file}: ${faults(inStudy.result.findings)}`);
}

/** A definition that was read, or why it cannot be; what makes its answer the same as an earlier one. */
export interface ReadFile extends DefinitionFile {
  readonly key: RunKey;
  /** What reading gave, to be thrown where the file's own turn comes. */
  readonly expression: CohortExpression | MoimError;
}

/** A file that cannot be read is told in its own turn too. */
export function readFile(
  definition: DefinitionFile,
  options: {
    readonly parity?: boolean;
    readonly withoutRules?: readonly number[];
    readonly dataVersion?: string | undefined;
    readonly vocabularyVersion?: string | undefined;
    readonly engine?: string | undefined;
  },
): ReadFile {
  const { name, file, inStudy } = definition;
  let text = '';
  let expression: ReadFile['expression'];
  try {
    text = inStudy?.text ?? readDefinitionText(file);
    expression = inStudy ? expressionOf(definition) : readDefinition(file, text);
  } catch (error) {
    if (!(error instanceof MoimError)) throw error;
    expression = error;
  }
  const said = JSON.stringify([
    options.parity ?? false,
    [...(options.withoutRules ?? [])].sort((a, b) => a - b),
    options.engine ?? '',
  ]);
  const definitionSha256 = createHash('sha256').update(text).update('\0').update(said).digest('hex');
  const { dataVersion = unversioned, vocabularyVersion = null } = options;
  const key = { name, definitionSha256, dataVersion, vocabularyVersion };
  return { name, file, key, expression };
}

/** Findings on one line. */
export function faults(findings: readonly Finding[]): string {
  return findings.map((finding) => `${finding.path}: ${finding.message}`).join('; ');
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw new MoimError('file-unreadable', `${path} cannot be read`, { cause });
  }
}

function nameOf(path: string): string {
  return basename(path).replace(/\.json$/, '');
}
