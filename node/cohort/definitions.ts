/** Cohort definitions as files: which files an argument means, and their text. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MoimError } from '#protocol/errors.ts';
import type { CohortExpression, Finding } from '#sql/circe/expression.ts';
import { read } from '#sql/circe/read.ts';

export interface DefinitionFile {
  /** File name without `.json`. */
  readonly name: string;
  readonly file: string;
}

/** Files as given; of a folder its `*.json` in order of number, then name. Throws MoimError `usage` or `file-unreadable`. */
export function definitionFiles(paths: readonly string[]): readonly DefinitionFile[] {
  if (paths.length === 0) throw new MoimError('usage', 'FILE is missing');
  return paths.flatMap((path) => {
    if (!isFolder(path)) return [{ name: nameOf(path), file: path }];
    const files = readdirSync(path).filter((file) => file.endsWith('.json'));
    const ordered = files.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    return ordered.map((file) => ({ name: nameOf(file), file: join(path, file) }));
  });
}

/** The text of a definition. Throws MoimError `file-unreadable`. */
export function readDefinitionText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new MoimError('file-unreadable', `${file} cannot be read`, { cause });
  }
}

/** The expression of a file. Throws MoimError `definition-refused` that names every fault. */
export function readDefinition(file: string, text = readDefinitionText(file)): CohortExpression {
  const result = read(text);
  if (result.ok) return result.expression;
  throw new MoimError('definition-refused', `${file}: ${faults(result.findings)}`);
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
