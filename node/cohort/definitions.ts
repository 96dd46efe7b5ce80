/** Cohort definitions as files: which files an argument means, and their text. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MoimError } from '#protocol/errors.ts';
import type { LanguageCode } from '#sql/circe/describe.ts';
import type { CohortExpression, Finding } from '#sql/circe/expression.ts';
import { type ReadResult, read } from '#sql/circe/read.ts';
import { type Found, tell } from '#sql/circe/told.ts';
import { unversioned } from '../cdm/generated.ts';
import { refuseMissingRules } from './missing-rules.ts';
import type { RunKey } from './record.ts';
import { type CohortInFile, cohortsInFile } from './study-file.ts';

export interface DefinitionFile {
  /** File name without `.json`. */
  readonly name: string;
  readonly file: string;
  /** Of a cohort in a study file: what it says, read with those that it names. */
  readonly inStudy?: CohortInFile['inStudy'];
}

/** Files as given, of a study file its cohorts (`study.json#NAME`: that one); of a folder its `*.json` in order of number, then name. `language`: of the findings of a study's cohorts. Throws MoimError `usage` or `file-unreadable`. */
export function definitionFiles(
  paths: readonly string[],
  language?: LanguageCode,
): readonly DefinitionFile[] {
  if (paths.length === 0) throw new MoimError('usage', 'FILE is missing');
  return paths.flatMap((path): readonly DefinitionFile[] => {
    if (path.includes('#') || !isFolder(path))
      return cohortsInFile(path, textOrNone, language) ?? [{ name: nameOf(path), file: path }];
    const files = readdirSync(path, { withFileTypes: true })
      .filter((entry) => isJson.test(entry.name) && !entry.isDirectory())
      .map((entry) => entry.name);
    const ordered = files.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    return ordered.map((file) => ({ name: nameOf(file), file: join(path, file) }));
  });
}

/** However a file system or an export spells it. */
const isJson = /\.json$/i;

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
export function resultOf({ file, inStudy }: DefinitionFile, language: LanguageCode = 'en'): ReadResult {
  if (inStudy !== undefined) return inStudy.result;
  try {
    return read(readDefinitionText(file), language);
  } catch (error) {
    if (!(error instanceof MoimError)) throw error;
    return { ok: false, findings: [tell(unreadableFile(file, error), language)] };
  }
}

function unreadableFile(file: string, { code, message, remedy, cause }: MoimError): Found {
  const encoded = cause instanceof TypeError;
  return {
    code,
    severity: 'error',
    path: '$',
    message: {
      en: message,
      ko: `${encoded ? '문자 인코딩이 UTF-8이 아닌 파일' : '읽을 수 없는 파일'}: ${file}`,
    },
    remedy: {
      en: remedy,
      ko: encoded ? '파일을 UTF-8로 저장하십시오.' : '파일이 있는지, 읽을 권한이 있는지 확인하십시오.',
    },
  };
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
  /** Length of the text that was read. */
  readonly characters: number;
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
    // Among others a combination, which has no rules, is no reason to refuse: those that it combines are asked for themselves.
    if (expression.Combination === undefined) refuseMissingRules(expression, options.withoutRules);
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
  return { name, file, key, expression, characters: text.length };
}

/** Findings on one line: of very many the first, and of a very long path its beginning. */
export function faults(findings: readonly Finding[]): string {
  const told = findings.slice(0, mostFindings).map(({ path, message }) => {
    const place = path.length > longestPath ? `${path.slice(0, longestPath)}…` : path;
    return `${place}: ${message}`;
  });
  const more = findings.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

const mostFindings = 100;
const longestPath = 500;

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw new MoimError('file-unreadable', `${path} cannot be read`, { cause });
  }
}

function nameOf(path: string): string {
  return basename(path, '.json');
}
