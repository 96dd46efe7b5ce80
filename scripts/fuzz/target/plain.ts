/** Documents that nobody signed: frames of the link, drafts, policies, cohort definitions. */

import { completePolicy } from '#node/policy/policy.ts';
import { readPolicy } from '#node/policy/read.ts';
import { MoimError } from '#protocol/errors.ts';
import { readFrame, writeFrame } from '#protocol/frame.ts';
import { parseJson } from '#protocol/schema.ts';
import { readStudyDraft } from '#protocol/study.ts';
import { check } from '#sql/circe/check.ts';
import { compile } from '#sql/circe/compile.ts';
import { describe } from '#sql/circe/describe.ts';
import { read } from '#sql/circe/read.ts';
import { refusals } from '#sql/circe/refusal.ts';
import { cohortStatement } from '#sql/circe/statement.ts';
import type { Target } from '../target.ts';

export const plainTargets: readonly Target[] = [
  {
    kind: 'frame',
    weight: 24,
    form: 'json',
    run(input) {
      // What was read is written and read again: the two ends must mean the same.
      const line = writeFrame(readFrame(input.toString('utf8')));
      if (writeFrame(readFrame(line)) !== line) throw new Error('a frame is not what it was written as');
      return [];
    },
  },
  {
    kind: 'draft',
    weight: 10,
    form: 'json',
    run(input) {
      readStudyDraft(parseJson(input.toString('utf8'), 'study'));
      return [];
    },
  },
  {
    kind: 'policy',
    weight: 8,
    form: 'toml',
    run(input) {
      completePolicy(readPolicy(input.toString('utf8'), 'policy.toml'));
      return [];
    },
  },
  {
    kind: 'circe',
    weight: 12,
    form: 'json',
    run(input) {
      const result = read(input.toString('utf8'));
      if (!result.ok) {
        if (result.findings.length === 0) throw new Error('refused without a reason');
        throw new MoimError('definition-refused', result.findings.map(({ message }) => message).join('; '));
      }
      const { expression } = result;
      check(expression);
      describe(expression);
      if (refusals(expression).length === 0)
        cohortStatement(compile(expression, { cdmSchema: 'cdm', conceptSets: 'inline' }));
      return [];
    },
  },
];
