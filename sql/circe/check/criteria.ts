/** Criteria that leave out what their author may have meant to say: a concept set, the kind of record. */

import { messages } from '#sql/circe/check/messages.ts';
import { info, warning } from '#sql/circe/check/warning.ts';
import { describeType } from '#sql/circe/criteria/types.ts';
import type { CohortExpression, Criterion } from '#sql/circe/expression.ts';
import type { Found } from '#sql/circe/told.ts';
import { walk } from '#sql/circe/walk.ts';

export function criterionFindings(expression: CohortExpression): readonly Found[] {
  const findings: Found[] = [];
  const untyped: Criterion[] = [];
  walk(expression, {
    criterion(criterion) {
      findings.push(...setFindings(criterion));
      if (criterion.type === 'DrugEra') findings.push(supply(criterion));
      if (lacksRecordType(criterion)) untyped.push(criterion);
    },
  });
  const [first] = untyped;
  if (first === undefined) return findings;
  const message = messages['no-record-type'](untyped.length);
  return [...findings, info('no-record-type', first.path, message)];
}

function setFindings({ type, path, filters }: Criterion): readonly Found[] {
  const { attributes } = describeType(type);
  if (attributes.CodesetId?.kind !== 'codeset' || filters.some(({ kind }) => kind === 'codeset')) return [];
  // Any death is an everyday question, any condition hardly.
  const found = type === 'Death' ? info : warning;
  return [found('no-concept-set', path, messages['no-concept-set'](describeType(type).table))];
}

function supply({ path }: Criterion): Found {
  return info('drug-era-supply', path, messages['drug-era-supply']);
}

/** Types of records are told by an attribute that can be excluded (`ConditionType`, `ConditionTypeExclude`) or by its set. */
function lacksRecordType({ type, filters }: Criterion): boolean {
  const { attributes } = describeType(type);
  const own = Object.entries(attributes).find(
    ([, attribute]) =>
      attribute.kind === 'concepts' && attribute.excludedBy !== undefined && attribute.place.of === 'row',
  )?.[0];
  return own !== undefined && !filters.some(({ name }) => name === own || name === `${own}CS`);
}
