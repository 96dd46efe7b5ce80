/** Which parts of a definition a policy's names speak of. */

import {
  isStructure,
  knownAttributes,
  type UsedAttribute,
  usedAlone,
  usedAttributes,
} from '#sql/circe/attributes.ts';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { once } from './once.ts';
import type { Policy } from './policy.ts';

/**
 * Gives a function that says what a definition uses and the policy does not permit. `Death` denies the type and all it has, `Observation.ValueAsString` one
 * attribute, `*.ProviderSpecialty` that attribute of every type; a name speaks of its `…CS` and `…Exclude` forms too, which ask the same.
 * Where anything is allowed by name, every criterion and attribute that is not is refused. A cohort that many others name is looked at once.
 */
export function refusedAttributes({
  allow,
  deny,
}: Policy['criteria']): (expression: CohortExpression) => readonly UsedAttribute[] {
  if (allow.length === 0 && deny.length === 0) return () => [];
  const isRefused = once((attribute: string) => {
    if (deny.some((name) => denies(name, attribute))) return true;
    return allow.length > 0 && !isStructure(attribute) && !allow.some((name) => allows(name, attribute));
  });
  const alone = once((expression: CohortExpression) =>
    usedAlone(expression).filter(({ attribute }) => isRefused(attribute)),
  );
  return (expression) => usedAttributes(expression, alone);
}

/** True where no definition could ever use anything of that name. */
export function matchesNothing(name: string): boolean {
  return !knownAttributes().some((attribute) => denies(name, attribute));
}

function denies(name: string, attribute: string): boolean {
  const [type, member] = split(name);
  const [usedType, used] = split(attribute);
  if (type !== '*' && type !== usedType) return false;
  if (member === undefined || member === '*') return true;
  return used !== undefined && asks(used) === asks(member);
}

/** Who allows one attribute of a type allows criteria of the type. */
function allows(name: string, attribute: string): boolean {
  const [type] = split(name);
  const [usedType, used] = split(attribute);
  if (used === undefined) return type === '*' || type === usedType;
  return denies(name, attribute);
}

const asks = (member: string): string => member.replace(/(CS|Exclude)$/, '');

function split(name: string): [string, string | undefined] {
  const [type = '', member] = name.split('.');
  return [type, member];
}
