/** Which attributes the cases use: those that the engine names, and switches such as `ConditionTypeExclude`. */

import { usedAttributes } from '#sql/circe/attributes.ts';
import { criterionTypes } from '#sql/circe/criteria/types.ts';
import { expressionOf } from './answers.ts';

export function coveredBy(definitions: readonly object[]): ReadonlySet<string> {
  const covered = new Set<string>();
  for (const definition of definitions) {
    for (const { attribute } of usedAttributes(expressionOf(definition))) covered.add(attribute);
    addWritten(definition, covered);
  }
  return covered;
}

/** `{ConditionOccurrence: {First: …}}` anywhere in the JSON. */
function addWritten(json: unknown, covered: Set<string>): void {
  if (json === null || typeof json !== 'object') return;
  for (const [name, value] of Object.entries(json)) {
    if (Object.hasOwn(criterionTypes, name))
      for (const attribute of Object.keys(value ?? {})) covered.add(`${name}.${attribute}`);
    addWritten(value, covered);
  }
}
