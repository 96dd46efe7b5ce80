/** What the docs give a lead to write a study with: the schema is the code's own, and the example is a study. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { readStudyDraft } from '#protocol/study.ts';
import { studySchema } from '../../../scripts/study/schema.ts';

const doc = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

it('publishes the schema that signing checks', () => {
  assert.deepEqual(
    JSON.parse(doc('study.schema.json')),
    JSON.parse(studySchema()),
    'run `node scripts/study-schema.ts`',
  );
});

it('shows an example in the quick start that is a study', () => {
  const block = /```json\n([\s\S]*?)```/.exec(doc('quick-start.md'))?.[1] ?? '';
  const example = JSON.parse(block) as { cohorts: { name: string }[] };
  const embedded = { ...example, cohorts: example.cohorts.map(({ name }) => ({ name, definition: {} })) };
  assert.equal(readStudyDraft(embedded).sites.length, 2);
});
