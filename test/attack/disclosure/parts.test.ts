/**
 * The parts of a count laid side by side: attrition, gain and standalone counts of the same rules, events beside persons,
 * years beside strata. The reader here does not use our groups: they hold the whole joint table (every mask of best and of
 * other events, every sex, age and year), and ask a solver what the release leaves open of it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadSolver } from '#node/disclosure/solver.ts';
import type { CountAsked } from '#protocol/analysis.ts';
import type { RawCells, ReleasedCell } from '#protocol/cell.ts';
import { audit } from '#protocol/disclosure/audit.ts';
import type { LinearRow } from '#protocol/disclosure/linear.ts';
import { protect } from '#protocol/disclosure/protect.ts';
import { type DisclosureRule, isSensitive } from '#protocol/disclosure/rule.ts';
import { countCells } from '#sql/analysis/count/cells.ts';
import type { CohortCounts } from '#sql/analysis/count/spec.ts';
import { asking, countsOf, type Person, persons } from '#test/sql/analysis/persons.ts';
import { stolen } from './reader.ts';

const solve = await loadSolver();
const shown: DisclosureRule = { minimumCell: 5, showZero: true };
const hidden: DisclosureRule = { minimumCell: 5, showZero: false };

/** Ids of small numbers of persons, exact masks among them, that fall to a reader who holds the whole joint table of masks. */
function fallen(
  counts: CohortCounts,
  released: readonly ReleasedCell[],
  { minimumCell: k }: DisclosureRule,
): string[] {
  const { ruleCount: rules = 0, profiles = [], others = [], mergedPersons = 0 } = counts.events ?? {};
  const size = 2 ** rules;
  const best = new Array<number>(size).fill(0);
  const more = new Array<number>(size).fill(0);
  for (const [mask, , n] of profiles) best[Number(mask)]! += n;
  for (const [mask, n] of others) more[Number(mask)]! += n;
  const [members, repeats] = [2 * size, 2 * size + 1];
  const truth = [...best, ...more, counts.persons, counts.rows - counts.persons];
  const masks = best.map((_, mask) => mask);
  /** What a published id adds up, by its words alone. */
  const isIn = (id: string, mask: number): boolean => {
    const [what, number] = id.split('/').at(-1)!.split(':');
    const at = Number(number);
    if (what === 'step') return (mask & (2 ** at - 1)) === 2 ** at - 1;
    if (what === 'pass') return (mask & (2 ** at)) !== 0;
    return mask === size - 1 - 2 ** at;
  };
  const columnsOf = (id: string): number[] => {
    if (id === 'persons') return [members];
    if (id === 'rows') return [members, repeats];
    if (!/^by-(person|event)\//.test(id)) return [];
    const own = masks.filter((mask) => isIn(id, mask));
    return id.startsWith('by-event') ? [...own, ...own.map((mask) => mask + size)] : own;
  };
  const row = (
    low: number,
    high: number,
    plus: readonly number[],
    minus: readonly number[] = [],
  ): LinearRow => ({
    low,
    high,
    columns: [...plus, ...minus],
    factors: [...plus.map(() => 1), ...minus.map(() => -1)],
  });
  const events = released.some(({ id }) => id.startsWith('by-event'));
  const known = [
    row(0, counts.population, masks),
    row(0, Number.POSITIVE_INFINITY, [size - 1], [members]),
    ...(events ? [row(0, Number.POSITIVE_INFINITY, [2 * size - 1], [repeats])] : []),
    ...(events && mergedPersons === 0 ? [row(0, 0, [size - 1, 2 * size - 1], [members, repeats])] : []),
  ];
  const said = released.flatMap((cell) => {
    const columns = columnsOf(cell.id);
    if (columns.length === 0) return [];
    if (cell.state === 'suppressed') return [row(cell.low, cell.high, columns)];
    return 'value' in cell ? [row(cell.value, cell.value, columns)] : [];
  });
  const most = truth.map((_, at) => {
    if (at >= size && at < 2 * size && others.length === 0) return 0;
    return at === repeats && counts.repeatPersons === 0 ? 0 : 10_000;
  });
  const open = (rows: readonly LinearRow[]) => solve({ low: truth.map(() => 0), high: most, rows });
  const [after, before] = [open([...known, ...said]), open(known)];
  const width = (program: typeof after, at: number): number => {
    const [low, high] = ([1, -1] as const).map((sign) => {
      const answer = program.minimize([[at, sign]], true);
      assert.equal(answer.kind, 'optimal', 'no table agrees with the release');
      return answer.kind === 'optimal' ? Math.round(answer.point[at]!) : 0;
    });
    assert.ok(low! <= truth[at]! && truth[at]! <= high!, 'read wrongly');
    return high! - low!;
  };
  try {
    return masks.flatMap((mask) => {
      const n = best[mask]!;
      if (n === 0 || n >= k) return [];
      const left = width(after, mask);
      return left < k && left < width(before, mask) ? [mask.toString(2).padStart(rules, '0')] : [];
    });
  } finally {
    after.close();
    before.close();
  }
}

const sets = [
  ['gain'],
  ['standalone'],
  ['gain', 'standalone'],
  ['events'],
  ['events', 'gain'],
  ['events', 'gain', 'standalone'],
] as const;

for (const rules of [1, 2, 3, 4])
  for (const rule of [shown, hidden])
    test(`no exact group of masks of ${rules} rules falls to who holds them all, zeros ${rule.showZero ? 'shown' : 'hidden'}`, () => {
      const people = persons({ rules, most: 30, repeats: true });
      fc.assert(
        fc.property(people, fc.constantFrom(...sets), (of, parts) => {
          const counts = countsOf(of, rules);
          const raw = countCells(counts, asking(...parts));
          const { cells } = protect(raw, rule, solve);
          assert.deepEqual(audit(raw, cells, rule, solve), []);
          assert.deepEqual(fallen(counts, cells, rule), []);
        }),
        { numRuns: rules > 2 ? 6 : 10 },
      );
    });

test('where a definition keeps one event a person, events are persons, and tell nothing more', () => {
  fc.assert(
    fc.property(persons({ rules: 2, most: 30, repeats: false }), (of) => {
      const counts = countsOf(of, 2);
      const raw = countCells(counts, asking('events', 'gain'));
      const { cells } = protect(raw, shown, solve);
      assert.deepEqual(audit(raw, cells, shown, solve), []);
      assert.deepEqual(fallen(counts, cells, shown), []);
    }),
    { numRuns: 20 },
  );
});

const years = asking('year', 'rows');

/** The same table with the persons of every sex, age and year: what the reader knows besides the margins. */
function joint(raw: RawCells, people: readonly Person[]): RawCells {
  const sexOf = ({ gender }: Person) => (gender === 8532 ? 'f' : gender === 8507 ? 'm' : 'o');
  const members = people.filter(({ rows }) => rows.length > 0);
  const keys = members.map((one) => {
    const year = one.rows[0] ?? 0;
    const band = Math.max(0, Math.floor((year - one.birth) / 10));
    const named = year < 2010 ? 'before' : year > 2012 ? 'after' : String(year);
    return `sex:${sexOf(one)}/age:${band * 10}-${band * 10 + 9}/year:${named}`;
  });
  const inner = (of: string) =>
    raw.cells.map(({ id }) => id).filter((id) => id.startsWith('sex:') && id.includes(`/${of}:`));
  const cells = inner('age').flatMap((age) =>
    inner('year')
      .filter((year) => year.slice(0, 5) === age.slice(0, 5))
      .map((year): RawCells['cells'][number] => {
        const id = `${age}/${year.slice(6)}`;
        const n = keys.filter((key) => key === id).length;
        return { id, kind: 'persons', visibility: 'derived', n, value: n };
      }),
  );
  const part = (total: string, is: (id: string) => boolean) => ({
    total,
    parts: cells.map(({ id }) => id).filter(is),
  });
  return {
    cells: [...raw.cells, ...cells],
    links: [
      ...raw.links,
      ...inner('age').map((age) => part(age, (id) => id.startsWith(`${age}/`))),
      ...inner('year').map((year) =>
        part(year, (id) => id.startsWith(year.slice(0, 6)) && id.endsWith(year.slice(5))),
      ),
    ],
  };
}

for (const rule of [shown, hidden])
  test(`years, strata and rows tell no small number together, nor one of a sex, age and year, zeros ${rule.showZero ? 'shown' : 'hidden'}`, () => {
    fc.assert(
      fc.property(persons({ rules: 0, most: 80, repeats: true }), (of) => {
        const raw = countCells(countsOf(of, 0), years);
        const { cells } = protect(raw, rule, solve);
        assert.deepEqual(audit(raw, cells, rule, solve), []);
        const small = (cell: RawCells['cells'][number]) =>
          isSensitive(cell, rule) && (cell.n > 0 || raw.cells.includes(cell));
        assert.deepEqual(stolen(joint(raw, of), { releases: [cells] }, small, 5, solve), []);
      }),
      { numRuns: 10 },
    );
  });

interface Fault {
  readonly name: string;
  readonly asked: CountAsked;
  readonly counts: CohortCounts;
  /** Leaves a relation out, as if the protector did not know it. */
  readonly plant: (raw: RawCells) => RawCells;
  readonly rule: DisclosureRule;
}

const crowd = (n: number, masks: readonly number[], rows: readonly number[] = []): Person[] =>
  Array.from({ length: n }, (_, i) => ({ gender: i % 2 === 0 ? 8532 : 8507, birth: 1970, masks, rows }));
const without = (raw: RawCells, drop: (total: string, parts: readonly string[]) => boolean): RawCells => {
  const links = raw.links.filter(({ total, parts }) => !drop(total, parts));
  const linked = new Set(links.flatMap(({ total, parts }) => [total, ...parts]));
  return {
    links,
    cells: raw.cells.filter(({ id, visibility }) => visibility === 'published' || linked.has(id)),
  };
};

const faults: Fault[] = [
  {
    // Lost at the last rule is its gain: 3 persons, by subtraction of two attrition steps.
    name: 'gain against the last step of attrition',
    asked: asking('gain'),
    counts: countsOf([...crowd(40, [3], [2010]), ...crowd(3, [1]), ...crowd(20, [2]), ...crowd(30, [0])], 2),
    plant: (raw) => without(raw, (total) => /by-person\/(lost|step)/.test(total)),
    rule: shown,
  },
  {
    // Fails both of two rules: everybody, less those who pass the one, less those who pass only the other.
    name: 'standalone against attrition and gain',
    asked: asking('gain', 'standalone'),
    counts: countsOf([...crowd(40, [3], [2010]), ...crowd(20, [1]), ...crowd(30, [2]), ...crowd(2, [0])], 2),
    plant: (raw) => without(raw, (total) => /by-person\/(fail|lost)/.test(total)),
    rule: shown,
  },
  {
    name: 'events against persons',
    asked: asking('events'),
    counts: countsOf([...crowd(40, [1], [2010]), ...crowd(30, [0]), ...crowd(3, [0])], 1),
    plant: (raw) => without(raw, (total) => total.startsWith('by-event') || total.startsWith('others')),
    rule: { minimumCell: 35, showZero: true },
  },
  {
    // One year alone is small; the years of both sexes add up to the strata.
    name: 'years against strata',
    asked: years,
    counts: countsOf(
      [
        ...crowd(40, [0], [2010]),
        ...crowd(40, [0], [2011]),
        { gender: 8507, birth: 1970, masks: [0], rows: [2012] },
        { gender: 8532, birth: 1970, masks: [0], rows: [2012] },
      ],
      0,
    ),
    plant: (raw) =>
      without(raw, (total, parts) => parts.some((id) => id.includes('year:')) || total.includes('year:')),
    rule: shown,
  },
];

for (const { name, asked, counts, plant, rule } of faults)
  test(`a protector that did not know how they hang together would give small numbers away: ${name}`, () => {
    const raw = countCells(counts, asked);
    const { cells } = protect(plant(raw), rule, solve);
    assert.deepEqual(audit(plant(raw), cells, rule, solve), [], 'who does not know it either sees no fault');
    assert.notDeepEqual(audit(raw, cells, rule, solve), [], 'the audit, which knows, does');
    const right = protect(raw, rule, solve).cells;
    assert.deepEqual(audit(raw, right, rule, solve), []);
    const small = (cell: RawCells['cells'][number]) => isSensitive(cell, rule);
    assert.notDeepEqual(stolen(raw, { releases: [cells] }, small, rule.minimumCell, solve), []);
    assert.deepEqual(stolen(raw, { releases: [right] }, small, rule.minimumCell, solve), []);
  });
