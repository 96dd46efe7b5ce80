/**
 * The face of the cohort compiler for other programs: read OHDSI's Circe JSON, check it, tell it in words, compile it to
 * PostgreSQL. Pure: no input, no output, no clock, nothing of Node, nothing outside this folder. docs/cohort-library.md
 * shows each by an example that runs as a test.
 *
 *     const result = read(json);
 *     if (result.ok) console.log(describe(result.expression).join('\n'));
 */

export { check } from '#sql/circe/check.ts';
export type { CohortQuery } from '#sql/circe/compile.ts';
export { compile } from '#sql/circe/compile.ts';
export { conceptSetQuery } from '#sql/circe/concept-set.ts';
export type { LanguageCode } from '#sql/circe/describe.ts';
export { describe } from '#sql/circe/describe.ts';
export type { CohortExpression, Finding } from '#sql/circe/expression.ts';
export type { ReadResult } from '#sql/circe/read.ts';
export { read } from '#sql/circe/read.ts';
export type { CompileOptions } from '#sql/circe/scope.ts';
export { cohortStatement } from '#sql/circe/statement.ts';
