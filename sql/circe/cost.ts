/**
 * What the ways of asking a criterion of many events cost, in microseconds, from estimated rows. A probe looks into an index for every
 * event; a list of persons before it saves the looks of those who have no row at all; a join reads all rows of the concept set
 * once and meets them with all events; a cover makes days of them, once, and asks each event whether its own is among them. Answers never
 * depend on it.
 */

import { fewestCalls, type Source, sourcesOf } from '#sql/circe/estimate.ts';
import type { Criterion } from '#sql/circe/expression.ts';
import type { Scope } from '#sql/circe/scope.ts';

/** A way, with the set whose persons make the list. */
export type Way =
  | { readonly kind: 'probe' }
  | { readonly kind: 'list'; readonly source: Source }
  | { readonly kind: 'join' }
  | { readonly kind: 'cover' };

/** More rows than this might not fit into a hash table, without which lists and joins are ruinous. */
const mostRows = 2_000_000;

/** Measured on the data of the documentation: one look into an index, one more concept to look for, one row read into a hash, one meeting; one row made days, one look among them. */
const costs = {
  look: 1.5,
  concept: 0.5,
  row: 0.2,
  event: 0.4,
  meeting: 0.15,
  listed: 0.1,
  list: 50,
  join: 100,
  covered: 0.8,
  day: 0.15,
  cover: 200,
};

/** The cheapest way for about `calls` index events; a probe where nothing is known. `can` says what can be written. */
export function chooseWay(
  scope: Scope,
  criterion: Criterion,
  calls: number | undefined,
  can: { readonly join: boolean; readonly cover: boolean },
): Way {
  const probe: Way = { kind: 'probe' };
  const [best] = sourcesOf(criterion)
    .flatMap((source) => {
      const rows = scope.rows(source);
      return rows === undefined ? [] : [{ source, rows, reads: Math.max(rows, scope.reads(source) ?? rows) }];
    })
    .sort((one, other) => one.reads - other.reads || one.rows - other.rows);
  const asked = scope.plan;
  if (asked === 'join' && can.join) return { kind: 'join' };
  if (asked === 'cover' && can.cover) return { kind: 'cover' };
  if (asked === 'list' && best !== undefined) return { kind: 'list', source: best.source };
  if (best === undefined || calls === undefined || calls < fewestCalls) return probe;
  const { rows, reads, source } = best;
  const look = costs.look + costs.concept * Math.min(8, Math.max(0, scope.idsOf(source) - 1));
  const persons = scope.persons ?? Math.max(rows, calls);
  const hashed = rows <= mostRows;
  const ways: readonly (readonly [number, Way])[] = [
    [calls * look, probe],
    ...(hashed
      ? [
          [
            costs.list +
              reads * costs.row +
              calls * costs.listed +
              calls * Math.min(1, rows / persons) * look,
            { kind: 'list', source },
          ] as const,
        ]
      : []),
    ...(hashed && can.join && asked !== 'probe' && calls < mostRows
      ? [
          [
            costs.join +
              reads * costs.row +
              calls * costs.event +
              ((calls * rows) / Math.max(1, persons)) * costs.meeting,
            { kind: 'join' },
          ] as const,
        ]
      : []),
    ...(can.cover && asked !== 'probe'
      ? [
          [
            costs.cover + reads * costs.row + rows * costs.covered + calls * costs.day,
            { kind: 'cover' },
          ] as const,
        ]
      : []),
  ];
  return ways.reduce((least, way) => (way[0] < least[0] ? way : least))[1];
}
