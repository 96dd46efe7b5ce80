/**
 * What a site says of its vocabulary beside an answer: the version, where it has the form in which OHDSI gives vocabularies
 * their versions, and in bands how many concepts of the study it does not hold. Nothing else of it: a version is text of the
 * hospital's own database, and an exact number would tell many concepts one from another (of a study that names one alone, the band tells it: docs/privacy.md).
 */

import Type, { type Static } from 'typebox';
import { oneOf } from './schema.ts';

/** `v5.0 30-AUG-23`, and since 2024 `v20240830`. */
const form =
  '^v([0-9]{1,2}\\.[0-9]{1,2} (0[1-9]|[12][0-9]|3[01])-(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)-[0-9]{2}|20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01]))$';
const pattern = new RegExp(form);

const unrecognised = 'unrecognised';
const bands = ['0', '1-9', '10-99', '100+'] as const;
type Band = (typeof bands)[number];

export const SiteVocabulary = Type.Object(
  {
    version: Type.Union([Type.String({ pattern: form, maxLength: 16 }), Type.Literal(unrecognised)]),
    /** Concepts that the study's concept sets name, or that it pins, and the site's vocabulary does not hold. */
    unresolved: oneOf(bands),
  },
  { additionalProperties: false },
);
export type SiteVocabulary = Static<typeof SiteVocabulary>;

/** What may leave of a version and of a number of concepts that were not found. */
export function siteVocabulary(version: string | undefined, unresolved: number): SiteVocabulary {
  const known = version !== undefined && pattern.test(version);
  return { version: known ? version : unrecognised, unresolved: bandOf(unresolved) };
}

/** The fewest and the most concepts that a band means; of the last one the most is not said. */
export function boundsOf(band: Band): readonly [low: number, high: number | undefined] {
  const [low = '', high] = band.split(/[-+]/);
  if (band.endsWith('+')) return [Number(low), undefined];
  return [Number(low), Number(high ?? low)];
}

/** For a person who reads an answer. */
export function vocabularyInWords({ version, unresolved }: SiteVocabulary): string {
  return `vocabulary ${version}, ${unresolved} of the study's concepts not found in it`;
}

function bandOf(count: number): Band {
  if (count >= 100) return '100+';
  if (count >= 10) return '10-99';
  return count > 0 ? '1-9' : '0';
}
