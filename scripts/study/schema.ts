/** The JSON schema of what a lead writes, as editors and other tools read it. */

import { StudyDraft } from '#protocol/study.ts';

/** JSON text, two spaces, a newline at the end. A cohort may name a `file` in place of its `definition`: the command line embeds it. */
export function studySchema(): string {
  const schema = JSON.parse(JSON.stringify(StudyDraft)) as {
    properties: { cohorts: { items: { properties: Record<string, object>; required: string[] } } };
  };
  const cohort = schema.properties.cohorts.items;
  cohort.properties.file = { type: 'string', description: 'path of the definition, from the study file' };
  cohort.required = cohort.required.filter((name) => name !== 'definition');
  const head = { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Moim study.json' };
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`;
}
