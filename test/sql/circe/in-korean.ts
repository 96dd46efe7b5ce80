/** Findings in both languages, held against each other. */

import assert from 'node:assert/strict';
import type { Finding } from '#sql/circe/expression.ts';

/** That the Korean findings are the English ones, each in Korean, with every number and path that the English names. */
export function assertSameInKorean(english: readonly Finding[], korean: readonly Finding[]): void {
  const bare = (findings: readonly Finding[]) =>
    findings.map(({ message, remedy, ...rest }) => ({ ...rest, remedied: remedy !== undefined }));
  assert.deepEqual(bare(korean), bare(english));
  english.forEach((one, at) => {
    const other = korean[at];
    assert.ok(other);
    assertTranslated(one.message, other.message);
    if (one.remedy !== undefined) assertTranslated(one.remedy, other.remedy ?? '');
  });
}

/** Words that no name in a definition is made of: where one stands, something was left in English. */
const prose = /\b(the|of|is|in|no|not|and|has|with|be|to|that|it|are|for|an?)\b/i;

function assertTranslated(english: string, korean: string): void {
  const said = `${english} | ${korean}`;
  assert.match(korean, /\p{Script=Hangul}/u, said);
  assert.doesNotMatch(english, /\p{Script=Hangul}/u, said);
  const path = /\$[\w.[\]"]*/g;
  assert.doesNotMatch(korean.replace(path, ''), prose, said);
  const named = (text: string) => [...(text.match(path) ?? []), ...(text.match(/\d+(\.\d+)*/g) ?? [])];
  // Day 0 of the index is its own day, in words.
  for (const name of named(english)) assert.ok(name === '0' || named(korean).includes(name), said);
}
