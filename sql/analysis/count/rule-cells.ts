/**
 * Cells of the inclusion rules: by person (each by their best event), by event, and what ties the two: events are the
 * best ones, one a person, and the others. An event of each group is a best one or another, so each figure by event is
 * the figure by person and a number of other events, which is nothing where every person has one event.
 */

import type { CountAsked } from '#protocol/analysis.ts';
import type { CellVisibility, Link, RawCell, RawCells } from '#protocol/cell.ts';
import { type Failures, failuresOf, type Group, maskGroups } from './masks.ts';
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
  const figures = tally.beside(groups);
  const others = groups.map(({ id }, at): RawCell => {
    return { id: `others/${id}`, kind: 'rows', visibility, ...figures[at]!.others };
  });
  const byEvent = groups.map(
    ({ id, sent }, at): RawCell => ({
      id: `by-event/${id}`,
      kind: 'rows',
      visibility: sent ? 'published' : 'derived',
      ...figures[at]!.all,
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

/** Adds up what is in a group: of best events, of the others, of both. Every mask is looked at by the groups that can hold it alone. */
function openTally({ ruleCount, profiles, others }: EventCounts) {
  const texts = [
    ...new Set([...profiles.flatMap(([best, more]) => [best, ...more]), ...others.map(([mask]) => mask)]),
  ];
  const at = new Map(texts.map((text, index) => [text, index]));
  const masks = texts.map((text) => failuresOf(BigInt(text), ruleCount));
  const everyMask = [...masks.keys()];
  const byFirst = everyMask.reduce<number[][]>(
    (lists, mask) => {
      lists[masks[mask]?.first ?? 0]?.push(mask);
      return lists;
    },
    Array.from({ length: ruleCount + 1 }, () => []),
  );
  const weights = (group: Group): (readonly [mask: number, weight: number])[] => {
    const found: [number, number][] = [];
    for (const mask of group.first === undefined ? everyMask : (byFirst[group.first] ?? [])) {
      const weight = group.weigh(masks[mask] as Failures);
      if (weight > 0) found.push([mask, weight]);
    }
    return found;
  };
  const bestOnes = new Float64Array(masks.length);
  for (const [best, , n] of profiles) bestOnes[at.get(best) ?? -1]! += n;
  const otherOnes = new Float64Array(masks.length);
  for (const [mask, n] of others) otherOnes[at.get(mask) ?? -1]! += n;
  const best = (group: Group): Figure => {
    const figure = { n: 0, value: 0 };
    for (const [mask, weight] of weights(group)) {
      figure.n += bestOnes[mask] ?? 0;
      figure.value += weight * (bestOnes[mask] ?? 0);
    }
    return figure;
  };
  /** For each group: the events beside the best ones, and all; a person counts once in `n`. */
  const beside = (groups: readonly Group[]): { readonly others: Figure; readonly all: Figure }[] => {
    const holding = masks.map((): number[] => []);
    const figures = groups.map((group, index) => {
      const figure = { others: { n: 0, value: 0 }, all: { n: 0, value: best(group).value } };
      for (const [mask, weight] of weights(group)) {
        holding[mask]?.push(index);
        figure.others.value += weight * (otherOnes[mask] ?? 0);
      }
      figure.all.value += figure.others.value;
      return figure;
    });
    const [seenOther, seenAny] = [new Set<number>(), new Set<number>()];
    for (const [own, more, n] of profiles) {
      for (const mask of more) for (const index of holding[at.get(mask) ?? -1] ?? []) seenOther.add(index);
      for (const index of holding[at.get(own) ?? -1] ?? []) seenAny.add(index);
      for (const index of seenOther) {
        figures[index]!.others.n += n;
        seenAny.add(index);
      }
      for (const index of seenAny) figures[index]!.all.n += n;
      seenOther.clear();
      seenAny.clear();
    }
    return figures;
  };
  return { best, beside };
}
