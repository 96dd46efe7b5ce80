/**
 * Cells of the inclusion rules: by person (each by their best event), by event, and what ties the two: events are the
 * best ones, one a person, and the others. An event of each group is a best one or another, so each figure by event is
 * the figure by person and a number of other events, which is nothing where every person has one event.
 */

import type { CountAsked } from '#protocol/analysis.ts';
import type { CellVisibility, Link, RawCell, RawCells } from '#protocol/cell.ts';
import { type Group, maskGroups } from './masks.ts';
import type { EventCounts } from './spec.ts';

/** Ids `by-person/…` and `by-event/…` (the only ones that count rows) are sent; `others/…` follows from both. */
export function ruleCells(counts: EventCounts, { parts }: CountAsked): RawCells {
  const gain = parts.has('gain');
  const tally = openTally(counts);
  const own = maskGroups(counts.ruleCount, { gain, standalone: parts.has('standalone') });
  const under = (folder: string, links: readonly Link[]): Link[] =>
    links.map(({ total, parts: of }) => ({
      total: `${folder}/${total}`,
      parts: of.map((id) => `${folder}/${id}`),
    }));
  const byPerson = own.groups.map((group): RawCell => {
    const kind = isRepeated(group) ? 'rows' : 'persons';
    const visibility = group.sent ? 'published' : 'derived';
    return { id: `by-person/${group.id}`, kind, visibility, ...tally.best(group) };
  });
  if (!parts.has('events')) return { cells: byPerson, links: under('by-person', own.links) };
  // Standalone by event would overlap with all the rest once more: it is not given.
  const { groups, links } = maskGroups(counts.ruleCount, { gain, standalone: false });
  // Where nobody has a second event a reader may know it: the definition itself says "the first event".
  const visibility: CellVisibility = counts.others.length === 0 ? 'known' : 'derived';
  const others = groups.map((group): RawCell => {
    return { id: `others/${group.id}`, kind: 'rows', visibility, ...tally.others(group) };
  });
  const byEvent = groups.map(
    (group): RawCell => ({
      id: `by-event/${group.id}`,
      kind: 'rows',
      visibility: group.sent ? 'published' : 'derived',
      ...tally.all(group),
    }),
  );
  const sums = groups.map(({ id }) => ({
    total: `by-event/${id}`,
    parts: [`by-person/${id}`, `others/${id}`],
  }));
  return {
    cells: [...byPerson, ...others, ...byEvent],
    links: [...under('by-person', own.links), ...under('others', links), ...sums],
  };
}

const isRepeated = ({ id }: Group): boolean => id.startsWith('more:') || id.startsWith('failures:');

interface Figure {
  /** Persons behind it. */
  readonly n: number;
  readonly value: number;
}

/** Adds up what is in a group: of best events, of the others, of both. */
function openTally({ profiles, others }: EventCounts) {
  const texts = [
    ...new Set([...profiles.flatMap(([best, more]) => [best, ...more]), ...others.map(([mask]) => mask)]),
  ];
  const at = new Map(texts.map((text, index) => [text, index]));
  const masks = texts.map((text) => BigInt(text));
  const persons = profiles.map(([best, more, n]) => ({
    best: at.get(best) ?? -1,
    more: more.map((mask) => at.get(mask) ?? -1),
    n,
  }));
  const events = others.map(([mask, n]) => ({ mask: at.get(mask) ?? -1, n }));
  const weights = (group: Group): number[] => masks.map((mask) => group.weigh(mask));
  const sum = <T extends { readonly n: number }>(all: readonly T[], times: (one: T) => number): number =>
    all.reduce((total, one) => total + one.n * times(one), 0);
  const figure = (group: Group, best: boolean, more: boolean): Figure => {
    const weight = weights(group);
    const isIn = (mask: number): boolean => (weight[mask] ?? 0) > 0;
    const own = (one: (typeof persons)[number]): number => (best ? (weight[one.best] ?? 0) : 0);
    return {
      n: sum(persons, (one) => Number(own(one) > 0 || (more && one.more.some(isIn)))),
      value: sum(persons, own) + (more ? sum(events, ({ mask }) => weight[mask] ?? 0) : 0),
    };
  };
  return {
    best: (group: Group) => figure(group, true, false),
    others: (group: Group) => figure(group, false, true),
    all: (group: Group) => figure(group, true, true),
  };
}
