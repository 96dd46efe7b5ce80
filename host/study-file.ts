/** A file of cohorts (`study.json`): a cohort may name the `file` of its definition, beside the study file. */

import { dirname, resolve } from 'node:path';
import { parseJson } from '#protocol/schema.ts';
import { readText } from './home.ts';

/** The parsed file with every definition in place. Throws MoimError `bad-input` or what `readText` throws. */
export function readStudyFile(path: string): unknown {
  return embedFiles(parseJson(readText(path, 'study').replace(/^\uFEFF/, ''), path), dirname(path));
}

function embedFiles(value: unknown, folder: string): unknown {
  if (typeof value !== 'object' || value === null || !('cohorts' in value) || !Array.isArray(value.cohorts))
    return value;
  const cohorts = value.cohorts.map((cohort: unknown) => {
    if (
      typeof cohort !== 'object' ||
      cohort === null ||
      !('file' in cohort) ||
      typeof cohort.file !== 'string'
    )
      return cohort;
    const { file, ...rest } = cohort;
    const path = resolve(folder, file);
    return {
      ...rest,
      definition: parseJson(readText(path, 'cohort definition').replace(/^\uFEFF/, ''), path),
    };
  });
  return { ...value, cohorts };
}
