/**
 * The persons that a group can hold for at all, as a condition on the person alone. A group that is asked of every row of a criterion needs
 * the row's observation period; this is asked before, of the row, and where few persons have what the group asks for hardly a row is left.
 */

import { fewestCalls, type Source, sourcesOf } from '#sql/circe/estimate.ts';
import type { CorrelatedCriterion, CriteriaGroup } from '#sql/circe/expression.ts';
import { listedPerson } from '#sql/circe/guard.ts';
import type { Scope } from '#sql/circe/scope.ts';

/** One of these sources must have a row of the person. */
interface Needed {
  readonly sources: readonly Source[];
  readonly rows: number;
  /** Rows that are read to find those: more where no index leads to them. */
  readonly reads: number;
}

/** `person in (…) or person in (…)`, where that leaves few of about `calls` rows; undefined where not, or not known. */
export function neededPersons(
  scope: Scope,
  group: CriteriaGroup,
  person: string,
  calls: number | undefined,
): string | undefined {
  const needed = scope.plan === 'probe' ? undefined : neededBy(scope, group);
  if (needed === undefined) return undefined;
  const few = calls !== undefined && calls >= fewestCalls && needed.rows * 4 <= calls;
  // To read a row is a tenth of what is saved for a row that is left out.
  const pays = few && needed.reads <= calls * 10;
  if (!pays && scope.plan !== 'list') return undefined;
  return `(${needed.sources.map((source) => listedPerson(scope, source, person)).join(' or ')})`;
}

/** Of ALL the rarest member decides, of ANY all of them together; what may hold of no rows needs nobody. */
function neededBy(scope: Scope, group: CriteriaGroup): Needed | undefined {
  const members = [
    ...group.CriteriaList.map((criterion) => neededByCriterion(scope, criterion)),
    ...group.DemographicCriteriaList.map(() => undefined),
    ...group.Groups.map((inner) => neededBy(scope, inner)),
  ];
  const known = members.filter((member) => member !== undefined);
  if (group.Type === 'ALL') return known.toSorted(byCost)[0];
  const atLeastOne = group.Type === 'ANY' || (group.Type === 'AT_LEAST' && group.Count > 0);
  if (!atLeastOne || members.length === 0 || known.length < members.length) return undefined;
  return {
    sources: known.flatMap(({ sources }) => sources),
    rows: known.reduce((sum, { rows }) => sum + rows, 0),
    reads: known.reduce((sum, { reads }) => sum + reads, 0),
  };
}

function neededByCriterion(scope: Scope, { Criteria, Occurrence }: CorrelatedCriterion): Needed | undefined {
  if (Occurrence.Type === 1 || Occurrence.Count < 1) return undefined;
  const [rarest] = sourcesOf(Criteria)
    .flatMap((source) => {
      const rows = scope.rows(source);
      return rows === undefined ? [] : [{ sources: [source], rows, reads: scope.reads(source) ?? rows }];
    })
    .sort(byCost);
  return rarest;
}

function byCost(one: Needed, other: Needed): number {
  return one.rows + one.reads / 10 - other.rows - other.reads / 10;
}
