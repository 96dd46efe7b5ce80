/**
 * A cohort of a study: a definition, or a combination of cohorts that stand before it; and the concepts that the study says
 * for its concept sets itself, in the form that `moim cohort expand` prints.
 */

import Type, { type Static } from 'typebox';
import { MoimError } from './errors.ts';
import { oneOf, parser } from './schema.ts';
import { quoted } from './study-diff/definition.ts';

const closed = { additionalProperties: false } as const;
const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u0008\\u000b-\\u001f]*$' });

/** A cohort definition as ATLAS exports it (Circe JSON). `sql/circe/read.ts` reads it; here it is only carried. */
const Definition = Type.Object({}, { additionalProperties: true });

/** `union`, `intersect`, or `minus`: the first without all others. `by` says whether days or persons are combined. */
export interface Combination {
  op: 'union' | 'intersect' | 'minus';
  of: (string | Combination)[];
  by: 'days' | 'persons';
}

/** Levels of combinations in combinations; deeper ones can be given a name of their own. */
const deepest = 4;

const combination = (level: number): ReturnType<typeof Type.Unsafe<Combination>> =>
  Type.Unsafe<Combination>(
    Type.Object(
      {
        op: oneOf(['union', 'intersect', 'minus']),
        of: Type.Array(level === deepest ? Name : Type.Union([Name, combination(level + 1)]), {
          minItems: 2,
          maxItems: 20,
        }),
        by: oneOf(['days', 'persons']),
      },
      closed,
    ),
  );

/** Exactly one of `definition` and `expression`: see `cohortFaults`. */
export const StudyCohort = Type.Object(
  {
    name: Name,
    definition: Type.Optional(Definition),
    /** Inclusion rules of the definition that are switched off, by number from 0, as `cohort generate --without-rule` has it. */
    withoutRules: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: 9999 }), {
        minItems: 1,
        maxItems: 100,
        uniqueItems: true,
      }),
    ),
    expression: Type.Optional(combination(1)),
  },
  closed,
);
export type StudyCohort = Static<typeof StudyCohort>;

const PinnedSet = Type.Object(
  {
    id: Type.Integer({ minimum: -2147483648, maximum: 2147483647 }),
    name: Type.Optional(Type.String({ maxLength: 1000 })),
    conceptIds: Type.Array(Type.Integer({ minimum: 0, maximum: 2147483647 }), { maxItems: 200_000 }),
  },
  closed,
);

/** The concepts of a cohort's concept sets, and the vocabulary they were expanded with. */
export const PinnedCohort = Type.Object(
  {
    name: Name,
    vocabularyVersion: Type.String({ minLength: 1, maxLength: 100 }),
    conceptSets: Type.Array(PinnedSet, { maxItems: 1000 }),
  },
  closed,
);
export type PinnedCohort = Static<typeof PinnedCohort>;

/** Cohorts that all combinations of a study name together: a database needs memory for each of them. */
const mostNamed = 1000;

const namesIn = (of: Combination): number =>
  of.of.reduce((sum, each) => sum + (typeof each === 'string' ? 1 : namesIn(each)), 0);

/** Rules that a schema cannot say. */
export function cohortFaults(
  cohorts: readonly StudyCohort[],
  pinned: readonly PinnedCohort[] | undefined,
): string[] {
  const faults: string[] = [];
  const repeats = (names: readonly string[]) => new Set(names).size !== names.length;
  if (repeats(cohorts.map(({ name }) => name))) faults.push('/cohorts: a name stands twice');
  cohorts.forEach(({ definition, expression, withoutRules }, i) => {
    if ((definition === undefined) === (expression === undefined))
      faults.push(`/cohorts/${i}: either a definition or an expression`);
    if (withoutRules && definition === undefined)
      faults.push(`/cohorts/${i}/withoutRules: a combination has no rules of its own`);
  });
  const named = cohorts.reduce((sum, { expression }) => sum + (expression ? namesIn(expression) : 0), 0);
  if (named > mostNamed) faults.push(`/cohorts: combinations of more than ${mostNamed} cohorts altogether`);
  if (repeats(pinned?.map(({ name }) => name) ?? [])) faults.push('/pinned: a name stands twice');
  return faults;
}

const cohortLists = parser(
  Type.Object(
    {
      cohorts: Type.Array(StudyCohort, { minItems: 1, maxItems: 100 }),
      pinned: Type.Optional(Type.Array(PinnedCohort, { minItems: 1, maxItems: 100 })),
    },
    { additionalProperties: true },
  ),
);

/** The cohorts of a study file alone, whatever else it holds or lacks. Throws MoimError `bad-input` with every path at fault. */
export function readCohortList(value: unknown): {
  readonly cohorts: readonly StudyCohort[];
  readonly pinned?: readonly PinnedCohort[];
} {
  const list = cohortLists.parse(value, 'study');
  const faults = cohortFaults(list.cohorts, list.pinned);
  if (faults.length > 0) throw new MoimError('bad-input', `study: ${faults.join('; ')}`);
  return list;
}

/** A cohort by name, with what a name alone would not tell of it, for persons who decide. */
export function cohortInWords(
  { name, withoutRules, expression }: Pick<StudyCohort, 'name' | 'withoutRules' | 'expression'>,
  pinned: readonly PinnedCohort[] = [],
): string {
  const sets = pinned.find((each) => each.name === name)?.conceptSets.length ?? 0;
  const notes = [
    ...(withoutRules ? [`without rule ${withoutRules.join(', ')}, counted from 0`] : []),
    ...(sets > 0 ? [`concepts of ${sets} concept set${sets === 1 ? '' : 's'} said by the study itself`] : []),
    ...(expression ? [combinationInWords(expression)] : []),
  ];
  return notes.length > 0 ? `${name} (${notes.join('; ')})` : name;
}

/** `"a" without "b", by persons` */
export function combinationInWords(of: Combination): string {
  const word = { union: ' or ', intersect: ' and ', minus: ' without ' }[of.op];
  const parts = of.of.map((each) =>
    // Whole: two combinations that differ must not read alike.
    typeof each === 'string' ? quoted(each, Number.POSITIVE_INFINITY) : `(${combinationInWords(each)})`,
  );
  return `${parts.join(word)}, by ${of.by}`;
}
