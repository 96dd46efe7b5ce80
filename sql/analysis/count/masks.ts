/**
 * The groups of persons, or of events, that figures about inclusion rules speak of, and every way in which they hang
 * together. A mask has bit i set where rule i lets the event in; rules are in the order of the definition.
 *
 * - `step:i` passes rules 0 … i − 1 (step 0 is everybody, the last step passes all); `lost:i` passes those and fails i.
 * - `gain:i` fails i alone; `other:i` is the rest of `lost:i`: it fails i first, and a later rule as well.
 * - `pass:i` passes rule i, `fail:i` does not.
 *
 * Without standalone these are parts of one another and nothing else is to be known. With it the figures overlap:
 * up to `wholeTable` rules every mask is a group of its own (`mask:…`, the failed rules). Beyond, where 2^n would be too
 * many, n² groups stand for them:
 *
 * - `both:p-i` fails p first and i too; `only:p-i` fails p first and passes i (and, with gain, fails some other one).
 * - `more:p`: how many rules those of `other:p` fail beyond one later rule.
 *
 * Let N fail rule p first, and a later one. For each later rule i v(i) of them fail it: 0 ≤ v(i) ≤ N, Σ v(i) ≥ N. Whatever
 * whole numbers keep to that, N sets of failed rules with just these sums exist (hand the failures out in turn): so no
 * condition on the figures is left out. What such a table does not name are groups of exact masks.
 */

import type { Link } from '#protocol/cell.ts';

export interface Group {
  readonly id: string;
  /** Sent, where its part was asked for. */
  readonly sent: boolean;
  /** The rule that all of the group fail first; undefined where it is not one alone. */
  readonly first: number | undefined;
  /** How often an event of this mask counts; 0: it is not in the group. Above 1 only for `more` and `failures`. */
  weigh(mask: Failures): number;
}

/** The rules that an event of one mask fails: worked out once, since thousands of groups ask for it. */
export interface Failures {
  /** The rule it fails first; the number of rules where it passes all. */
  readonly first: number;
  readonly count: number;
  has(rule: number): boolean;
}

/** `mask` has bit i set where rule i is passed. */
export function failuresOf(mask: bigint, rules: number): Failures {
  const failed = ~mask;
  const [low, high] = [Number(BigInt.asUintN(31, failed)), Number(BigInt.asUintN(32, failed >> 31n))];
  const has = (rule: number): boolean => ((rule < 31 ? low >> rule : high >> (rule - 31)) & 1) === 1;
  let [first, count] = [rules, 0];
  for (let rule = rules - 1; rule >= 0; rule--) if (has(rule)) [first, count] = [rule, count + 1];
  return { first, count, has };
}

interface Groups {
  readonly groups: readonly Group[];
  readonly links: readonly Link[];
}

/** Rules up to which every mask is a group: more of them, all overlapping, would cost a solver whole minutes. */
const wholeTable = 4;

/** The groups of a definition with so many inclusion rules. Pure; equal input gives equal groups, in order. */
export function maskGroups(
  rules: number,
  asked: { readonly gain: boolean; readonly standalone: boolean },
): Groups {
  const groups: Group[] = [];
  const links: Link[] = [];
  const add = (
    id: string,
    sent: boolean,
    weigh: (mask: Failures) => number | boolean,
    first?: number,
  ): string => {
    groups.push({ id, sent, first, weigh: (mask) => Number(weigh(mask)) });
    return id;
  };
  const link = (total: string, ...parts: string[]) => links.push({ total, parts });
  const all = Array.from({ length: rules }, (_, rule) => rule);
  for (const step of [...all, rules]) add(`step:${step}`, true, ({ first }) => first >= step);
  for (const rule of all) {
    const lost = add(`lost:${rule}`, false, ({ first }) => first === rule, rule);
    link(`step:${rule}`, `step:${rule + 1}`, lost);
  }
  /** Those who fail p first and a later rule as well; all who fail it first where gain is not told apart. */
  const beyond = (p: number): string => (asked.gain ? `other:${p}` : `lost:${p}`);
  const isBeyond = ({ first, count }: Failures, p: number): boolean =>
    first === p && (!asked.gain || count > 1);
  if (asked.gain)
    for (const rule of all) {
      const isGain = ({ first, count }: Failures): boolean => first === rule && count === 1;
      const gain = add(`gain:${rule}`, true, isGain, rule);
      // Who fails the last rule first fails no other.
      if (rule === rules - 1) link(`lost:${rule}`, gain);
      else
        link(
          `lost:${rule}`,
          gain,
          add(beyond(rule), false, (mask) => isBeyond(mask, rule), rule),
        );
    }
  if (asked.standalone) {
    const failsToo = rules <= wholeTable ? everyMask() : pairs();
    for (const rule of all) {
      const fail = add(`fail:${rule}`, false, (mask) => mask.has(rule));
      link(
        'step:0',
        add(`pass:${rule}`, true, (mask) => !mask.has(rule)),
        fail,
      );
      link(fail, `lost:${rule}`, ...(failsToo[rule] ?? []));
    }
  }
  return { groups, links };

  /** What stands for those who fail a rule after another one, per rule. */
  function everyMask(): readonly string[][] {
    const failsToo: string[][] = all.map(() => []);
    for (const p of all) {
      const sets = subsets(all.slice(p + 1)).filter((later) => !asked.gain || later.length > 0);
      const ids = sets.map((later) => {
        const isIt = (mask: Failures): boolean =>
          mask.first === p && mask.count === 1 + later.length && later.every((rule) => mask.has(rule));
        const id = add(`mask:${[p, ...later].join('-')}`, false, isIt, p);
        for (const rule of later) failsToo[rule]?.push(id);
        return id;
      });
      if (ids.length > 0) link(beyond(p), ...ids);
    }
    return failsToo;
  }

  function pairs(): readonly string[][] {
    const failsToo: string[][] = all.map(() => []);
    for (const p of all.slice(0, -1)) {
      const later = all.slice(p + 1);
      const both = later.map((rule) => {
        const id = add(`both:${p}-${rule}`, false, (mask) => isBeyond(mask, p) && mask.has(rule), p);
        const only = add(`only:${p}-${rule}`, false, (mask) => isBeyond(mask, p) && !mask.has(rule), p);
        link(beyond(p), id, only);
        failsToo[rule]?.push(id);
        return id;
      });
      if (!asked.gain) continue;
      // Σ both = other + more, written as one total: the later failures of those who fail p first.
      const count = (mask: Failures): number => (isBeyond(mask, p) ? mask.count - 1 : 0);
      const more = add(`more:${p}`, false, (mask) => Math.max(count(mask) - 1, 0), p);
      const sum = add(`failures:${p}`, false, count, p);
      link(sum, ...both);
      link(sum, beyond(p), more);
    }
    return failsToo;
  }
}

function subsets(of: readonly number[]): number[][] {
  const [one, ...rest] = of;
  if (one === undefined) return [[]];
  const without = subsets(rest);
  return without.concat(without.map((set) => [one, ...set]));
}
