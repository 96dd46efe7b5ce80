/** Criteria that leave out what their author may have meant to say: a concept set, the kind of record. */

import { info, warning } from '#sql/circe/check/warning.ts';
import { describeType } from '#sql/circe/criteria/types.ts';
import type { CohortExpression, Criterion, Finding } from '#sql/circe/expression.ts';
import { walk } from '#sql/circe/walk.ts';

export function criterionFindings(expression: CohortExpression): readonly Finding[] {
  const findings: Finding[] = [];
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
  const who = untyped.length === 1 ? 'one criterion takes' : `${untyped.length} criteria take`;
  const message = `${who} records of any type (billing, registry, notes …)`;
  return [...findings, info('no-record-type', first.path, message)];
}

function setFindings({ type, path, filters }: Criterion): readonly Finding[] {
  const { attributes } = describeType(type);
  if (attributes.CodesetId?.kind !== 'codeset' || filters.some(({ kind }) => kind === 'codeset')) return [];
  // Any death is an everyday question, any condition hardly.
  const found = type === 'Death' ? info : warning;
  return [found('no-concept-set', path, `no concept set: every row of ${describeType(type).table} counts`)];
}

function supply({ path }: Criterion): Finding {
  return info(
    'drug-era-supply',
    path,
    'eras of drugs from claims, infusions for instance, may be wrong where the days of supply are missing',
  );
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
