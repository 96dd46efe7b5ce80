/**
 * What is refused before SQL exists: what Circe can ask and the Common Data Model 5.4 cannot answer
 * (OHDSI/Atlas#2713), more rules than a mask holds, and more criteria than a database has memory for.
 */

import type { LanguageCode } from '#sql/circe/describe/words.ts';
import type { CohortExpression, Filter, Finding } from '#sql/circe/expression.ts';
import { imageLinkFindings } from '#sql/circe/image-link.ts';
import { readMessages, readRemedies } from '#sql/circe/read/messages.ts';
import { type Found, tell } from '#sql/circe/told.ts';
import { walk } from '#sql/circe/walk.ts';

/** The mask of inclusion rules is a bigint whose sign bit is not used. */
const mostRules = 62;

/** Criteria of one statement, those of the cohorts that it names included. The database plans for each: some 100 kB. */
const mostCriteria = 5000;

/** Errors, one for every place that cannot be compiled. */
export function refusals(expression: CohortExpression, language: LanguageCode = 'en'): readonly Finding[] {
  return refused(expression).map((found) => tell(found, language));
}

function refused(expression: CohortExpression): readonly Found[] {
  const findings: Found[] = expression.InclusionRules.slice(mostRules, mostRules + 1).map((rule) => ({
    code: 'too-many-rules',
    severity: 'error',
    path: rule.path,
    message: readMessages.tooManyRules(mostRules),
    remedy: readRemedies.groupRules,
  }));
  const given = new Set(expression.Cohorts?.map(({ name }) => name));
  walk(expression, {
    criterion(criterion) {
      for (const filter of criterion.filters)
        if (filter.kind === 'cohort' && !given.has(filter.Cohort)) findings.push(notGiven(filter.path));
      if (criterion.type === 'CohortMembership' && !criterion.filters.some(({ kind }) => kind === 'cohort'))
        findings.push(notGiven(`${criterion.path}.Cohort`));
      if (criterion.type === 'LocationRegion') {
        findings.push(
          unanswered(criterion.path, 'CDM 5.4 has no LOCATION_HISTORY table and no region of a location'),
        );
      }
      findings.push(...criterion.filters.flatMap(unanswerable));
    },
  });
  return [...findings, ...tooManyCriteria(expression), ...imageLinkFindings(expression)];
}

function tooManyCriteria(expression: CohortExpression): readonly Found[] {
  let criteria = 0;
  const count = () => {
    criteria++;
  };
  for (const each of [expression, ...(expression.Cohorts ?? []).map((named) => named.expression)])
    walk(each, { criterion: count, demographic: count });
  if (criteria <= mostCriteria) return [];
  return [
    {
      code: 'too-many-criteria',
      severity: 'error',
      path: '$',
      message: readMessages.tooManyCriteria(criteria, mostCriteria),
      remedy: readRemedies.severalCohorts,
    },
  ];
}

/** The finding for a cohort that is named at `path` and is not there to be named. */
function notGiven(path: string): Found {
  return {
    code: 'unknown-cohort',
    severity: 'error',
    path,
    message: readMessages.noCohortBefore,
    remedy: readRemedies.oneStudy,
  };
}

function unanswerable(filter: Filter): readonly Found[] {
  return filter.kind === 'unanswerable' ? [unanswered(filter.path, filter.reason)] : [];
}

function unanswered(path: string, reason: string): Found {
  return {
    code: 'not-in-cdm-5.4',
    severity: 'error',
    path,
    message: readMessages.unanswerable(reason),
    remedy: readRemedies.removeCondition,
  };
}
