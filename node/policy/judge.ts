/** What the policy says of one study: each rule that does not permit it, in words for the hospital. Nobody else hears more than `not-permitted`. */

import { countAsked } from '#protocol/analysis.ts';
import type { Study } from '#protocol/study.ts';
import { dateWindows } from '#sql/circe/date-bounds.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { combinesDates } from './combined.ts';
import { refusedAttributes } from './criteria.ts';
import type { Policy } from './policy.ts';

export interface Objection {
  readonly rule: 'leads' | 'analyses' | 'fields' | 'criteria' | 'window';
  readonly says: string;
}

export interface Judged {
  /** Fingerprint of the lead who signed it. */
  readonly lead: string;
  readonly study: Study;
  readonly expressions: readonly CohortExpression[];
}

/** `today` is the day (UTC) by the node's clock. An empty list permits. */
export function judge(policy: Policy, { lead, study, expressions }: Judged, today: string): Objection[] {
  const objections: Objection[] = [];
  const object = (rule: Objection['rule'], says: string) => objections.push({ rule, says });
  if (policy.leads.length > 0 && !policy.leads.includes(lead))
    object('leads', `the lead ${lead} is accepted, but not among those whose studies may run`);
  for (const { kind } of study.analyses)
    if (!policy.analyses.includes(kind)) object('analyses', `the analysis ${kind} is not permitted`);
  for (const part of countAsked(study.analyses).parts)
    if (!policy.countParts.includes(part)) object('analyses', `the part ${part} of count is not permitted`);
  for (const field of policy.requiredFields)
    if (isBlank(study[field])) object('fields', `the study does not fill in ${field}`);
  if (countAsked(study.analyses).parts.has('year') && policy.minimumWindowDays > 365)
    object('window', 'the part year of count tells single years apart');
  const refused = refusedAttributes(policy.criteria);
  const combines = combinesDates();
  expressions.forEach((expression, i) => {
    const seen = new Set<string>();
    for (const { attribute, path } of refused(expression)) {
      if (!seen.has(attribute)) object('criteria', `cohort ${i + 1} uses ${attribute} (${path})`);
      seen.add(attribute);
    }
    if (policy.minimumWindowDays === 0) return;
    if (combines(expression))
      object(
        'window',
        `cohort ${i + 1} stands on others and speaks of dates: how few days it may single out is not known`,
      );
    // Where every year is too short already, it was said above.
    const years = policy.minimumWindowDays > 365 ? undefined : countAsked(study.analyses).years;
    const windows = dateWindows(expression, today, years);
    const narrow = windows.filter(({ days }) => days < policy.minimumWindowDays);
    for (const { path, from, to, days } of narrow.slice(0, 3))
      object('window', `cohort ${i + 1} may single out as few as ${days} days, ${from} to ${to} (${path})`);
  });
  return objections;
}

/** Words that fill a field and say nothing. */
function isBlank(value: string | undefined): boolean {
  const text = (value ?? '').trim().toLowerCase();
  return (
    !/[\p{L}\p{N}]/u.test(text) ||
    /^(none|n\/?a|tbd|tba|todo|unknown|not applicable|test|xxx+)\.?$/.test(text)
  );
}
