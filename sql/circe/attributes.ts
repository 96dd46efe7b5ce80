/**
 * What a definition makes use of, named as Circe spells it: criterion types (`Death`), their attributes
 * (`Observation.ValueAsString`), those of demographic criteria (`DemographicCriteria.Race`), and the parts that a definition is built
 * of (`CorrelatedCriteria.StartWindow`, `EndStrategy.CustomEra`). A hospital's policy allows or denies them by these names.
 */

import { criterionTypes, demographicAttributes } from '#sql/circe/criteria/types.ts';
import type { CohortExpression, Combination, CorrelatedCriterion, Criterion } from '#sql/circe/expression.ts';
import { alsoRead, countedNames, dateNames } from '#sql/circe/reads.ts';
import { walk } from '#sql/circe/walk.ts';

export interface UsedAttribute {
  readonly attribute: string;
  readonly path: string;
}

/** Parts of a definition that are no criterion of their own. */
const structure: Readonly<Record<string, readonly string[]>> = {
  CorrelatedCriteria: [
    'StartWindow',
    'EndWindow',
    'RestrictVisit',
    'RestrictImage',
    'IgnoreObservationPeriod',
  ],
  Occurrence: ['IsDistinct', 'CountColumn'],
  CohortExpression: ['AdditionalCriteria', 'CensoringCriteria', 'CensorWindow', 'InclusionRules'],
  EndStrategy: ['DateOffset', 'CustomEra'],
  Combination: ['union', 'intersect', 'minus'],
};

/** True for a name such as `CorrelatedCriteria.StartWindow`: it asks nothing of the data by itself. */
export function isStructure(attribute: string): boolean {
  return Object.hasOwn(structure, attribute.split('.')[0] ?? '');
}

/** Every name that `usedAttributes` can give, types first. */
export function knownAttributes(): readonly string[] {
  const described = Object.entries(criterionTypes).map(
    ([type, { attributes }]) => [type, Object.keys(attributes)] as const,
  );
  const all = [
    ...described,
    ['DemographicCriteria', Object.keys(demographicAttributes)] as const,
    ...Object.entries(structure),
  ];
  return all.flatMap(([type, names]) => [type, ...names.map((name) => `${type}.${name}`)]);
}

/**
 * Everything the definition uses, in the order it is met; an attribute used in several places stands once for each. What
 * the cohorts use that it names counts as used by it. `alone` gives what one of them uses by itself, all or some of it: a caller that asks about many
 * cohorts, which share those that they name, asks each once.
 */
export function usedAttributes(
  expression: CohortExpression,
  alone: (expression: CohortExpression) => readonly UsedAttribute[] = usedAlone,
): readonly UsedAttribute[] {
  const inner = (expression.Cohorts ?? []).flatMap(({ name, expression: named }) =>
    alone(named).map(({ attribute, path }) => ({
      attribute,
      path: `cohort ${quoted(name)} ${path}`,
    })),
  );
  return [...alone(expression), ...inner];
}

/** A name is the author's own text: nothing in it can act on a terminal or turn the reading direction. */
const quoted = (name: string): string =>
  JSON.stringify(name).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );

/** What the definition uses by itself, without the cohorts that it names. */
export function usedAlone(expression: CohortExpression): readonly UsedAttribute[] {
  const used: UsedAttribute[] = [];
  const add = (attribute: string, path: string) => used.push({ attribute, path });
  const combination = (of: Combination, path: string) => {
    add(`Combination.${of.op}`, path);
    for (const [at, operand] of of.of.entries())
      if (typeof operand !== 'string') combination(operand, `${path}.of[${at}]`);
  };
  if (expression.Combination) combination(expression.Combination, '$.expression');
  walk(expression, {
    criterion: (criterion) => addCriterion(criterion, add),
    correlated: (criterion) => addCorrelated(criterion, add),
    demographic({ path, filters }) {
      add('DemographicCriteria', path);
      for (const filter of filters) add(`DemographicCriteria.${filter.name}`, filter.path);
    },
  });
  if (expression.AdditionalCriteria) add('CohortExpression.AdditionalCriteria', '$.AdditionalCriteria');
  for (const { path } of expression.InclusionRules) add('CohortExpression.InclusionRules', path);
  if (expression.CensoringCriteria.length > 0)
    add('CohortExpression.CensoringCriteria', '$.CensoringCriteria');
  if (expression.CensorWindow) add('CohortExpression.CensorWindow', '$.CensorWindow');
  const { EndStrategy: strategy } = expression;
  if (strategy) add(`EndStrategy.${strategy.kind}`, strategy.path);
  // An era is made of the drug exposures whose concept or source concept is in the set.
  if (strategy?.kind === 'CustomEra')
    for (const name of ['DrugExposure', 'DrugExposure.CodesetId', 'DrugExposure.DrugSourceConcept'])
      add(name, strategy.path);
  return used;
}

type Add = (attribute: string, path: string) => void;

function addCriterion(criterion: Criterion, add: Add): void {
  const { type, path } = criterion;
  add(type, path);
  for (const filter of criterion.filters)
    for (const name of new Set([filter.name, ...alsoRead(type, filter.name)]))
      add(`${type}.${name}`, filter.path);
  for (const name of ['DateAdjustment', 'UserDefinedPeriod', 'CorrelatedCriteria'] as const)
    if (criterion[name] !== undefined) add(`${type}.${name}`, `${path}.${name}`);
  for (const name of datesRead(criterion)) add(`${type}.${name}`, path);
  if (criterion.First) add(`${type}.First`, `${path}.First`);
}

function addCorrelated(correlated: CorrelatedCriterion, add: Add): void {
  const { path, Criteria, Occurrence } = correlated;
  for (const name of [
    'StartWindow',
    'EndWindow',
    'RestrictVisit',
    'RestrictImage',
    'IgnoreObservationPeriod',
  ] as const)
    if (correlated[name]) add(`CorrelatedCriteria.${name}`, `${path}.${name}`);
  const { IsDistinct, CountColumn } = Occurrence;
  if (IsDistinct) add('Occurrence.IsDistinct', `${path}.Occurrence.IsDistinct`);
  if (CountColumn !== undefined) add('Occurrence.CountColumn', `${path}.Occurrence.CountColumn`);
  if (!IsDistinct && CountColumn === undefined) return;
  // Counting how many values a column takes reads the column; without one it is the domain's concept (group.ts).
  for (const name of countedNames(Criteria.type, CountColumn ?? 'DOMAIN_CONCEPT'))
    add(`${Criteria.type}.${name}`, `${path}.Occurrence`);
}

/** Dates that take each other's place, or that a period of the definition's own is held against. */
function datesRead({ type, DateAdjustment, UserDefinedPeriod }: Criterion): readonly string[] {
  const startsAtEnd = DateAdjustment?.StartWith === 'END_DATE' || UserDefinedPeriod !== undefined;
  const endsAtStart = DateAdjustment?.EndWith === 'START_DATE' || UserDefinedPeriod !== undefined;
  return [...(startsAtEnd ? dateNames(type, 'end') : []), ...(endsAtStart ? dateNames(type, 'start') : [])];
}
