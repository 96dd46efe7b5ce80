/** Criteria that nobody can meet, whatever the data. */

import { messages } from '#sql/circe/check/messages.ts';
import { warning } from '#sql/circe/check/warning.ts';
import type {
  CohortExpression,
  CorrelatedCriterion,
  CriteriaGroup,
  Criterion,
  Endpoint,
} from '#sql/circe/expression.ts';
import type { Found } from '#sql/circe/told.ts';
import { walk } from '#sql/circe/walk.ts';

export function neverFindings(expression: CohortExpression): readonly Found[] {
  const findings: Found[] = [];
  const empty = emptySets(expression);
  walk(expression, {
    criterion(criterion, role) {
      if (role === 'entry') findings.push(...emptyFindings(criterion, empty, 'entry'));
      if (role === 'censoring') findings.push(...emptyFindings(criterion, empty, 'censoring'));
    },
    correlated(criterion) {
      if (!isNeeded(criterion)) return;
      findings.push(...emptyFindings(criterion.Criteria, empty, 'asked'));
    },
  });
  const { AdditionalCriteria, InclusionRules } = expression;
  const groups = [
    ...(AdditionalCriteria ? [AdditionalCriteria] : []),
    ...InclusionRules.map((rule) => rule.expression),
  ];
  for (const criterion of groups.flatMap(askedOfEntry)) findings.push(...beforeFirst(expression, criterion));
  return findings;
}

/** Every criterion of a group and the groups in it: all are asked about the same event. */
function askedOfEntry(group: CriteriaGroup): readonly CorrelatedCriterion[] {
  return [...group.CriteriaList, ...group.Groups.flatMap(askedOfEntry)];
}

/** At least one must be there. */
function isNeeded({ Occurrence: { Type, Count } }: CorrelatedCriterion): boolean {
  return Type !== 1 && Count > 0;
}

/** Ids of sets that hold nothing; the study may say a set's concepts itself. */
function emptySets({ ConceptSets, Pinned = [] }: CohortExpression): (id: number) => boolean {
  const pinned = new Set(Pinned.map(({ id }) => id));
  const filled = new Set(
    ConceptSets.filter(({ items }) => items.some(({ isExcluded }) => !isExcluded)).map(({ id }) => id),
  );
  return (id) => !filled.has(id) && !pinned.has(id);
}

function emptyFindings(
  criterion: Criterion,
  empty: (id: number) => boolean,
  role: 'entry' | 'censoring' | 'asked',
): readonly Found[] {
  return criterion.filters.flatMap((filter) => {
    const asked = filter.kind === 'codeset' || (filter.kind === 'selection' && !filter.exclude);
    if (!asked || !empty(filter.CodesetId)) return [];
    return [warning('never-satisfied', filter.path, messages['never-satisfied'][role](filter.CodesetId))];
  });
}

/** An event of the same concept set before the first one of it. */
function beforeFirst(expression: CohortExpression, asked: CorrelatedCriterion): readonly Found[] {
  const [entry, ...more] = expression.PrimaryCriteria.CriteriaList;
  const { Criteria, StartWindow } = asked;
  if (entry === undefined || more.length > 0 || !entry.First || !isNeeded(asked)) return [];
  if (entry.DateAdjustment !== undefined || Criteria.DateAdjustment !== undefined || StartWindow?.UseEventEnd)
    return [];
  if (StartWindow === undefined || StartWindow.UseIndexEnd || !isBefore(StartWindow.End)) return [];
  const sets = (criterion: Criterion) =>
    criterion.filters.flatMap((filter) =>
      filter.kind === 'codeset' ? [`${filter.name} ${filter.CodesetId}`] : [],
    );
  if (entry.type !== Criteria.type || sets(entry).join() !== sets(Criteria).join()) return [];
  return [warning('before-first', asked.path, messages['before-first'])];
}

function isBefore({ Days, Coeff }: Endpoint): boolean {
  return Days !== undefined && Days * Coeff < 0;
}
