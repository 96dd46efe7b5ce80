/** Prepare, run, verify: every attribute of every criterion type and every trap of the notes, on rows made for it. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isStructure, knownAttributes } from '#sql/circe/attributes.ts';
import { check } from '#sql/circe/check.ts';
import { compile } from '#sql/circe/compile.ts';
import type { TinyCdm } from '../tiny-cdm.ts';
import { tinyCdm } from '../tiny-cdm.ts';
import { type Answer, answersOf, answersTo, expressionOf, fill, statementOf } from './answers.ts';
import { images } from './attributes/imaging.ts';
import { occurrences } from './attributes/occurrences.ts';
import { periods } from './attributes/periods.ts';
import { person } from './attributes/person.ts';
import { asFound, type Case, type Feature } from './case.ts';
import { conceptSets } from './concept-sets/concept-sets.ts';
import { coveredBy } from './coverage.ts';
import { defects } from './defects/defects.ts';
import { entryEvents, first, limits } from './entry/entry-events.ts';
import { collapse } from './exits/collapse.ts';
import { customEra, eventEnds, exits } from './exits/exits.ts';
import { attributesAsked, faulty } from './faults.ts';
import { counts } from './groups/counts.ts';
import { groups, rules } from './groups/groups.ts';
import { nesting, sameVisit } from './groups/nesting.ts';
import { refusals } from './refusals.ts';
import { dates, values } from './values/values.ts';
import { observation, windows } from './windows/windows.ts';

const attributes: readonly Feature[] = [...occurrences, ...images, ...periods, person];
const traps: readonly Feature[] = [
  entryEvents,
  limits,
  rules,
  groups,
  counts,
  windows,
  observation,
  sameVisit,
  nesting,
  first,
  eventEnds,
  exits,
  customEra,
  collapse,
  values,
  dates,
];
const features = [...attributes, ...traps];

const endings: (() => Promise<void>)[] = [];
let cdm: TinyCdm;

before(async () => {
  cdm = await tinyCdm({ after: (work) => void endings.push(work) });
});
after(async () => {
  for (const end of endings) await end();
});

for (const feature of features) {
  describe(feature.name, () => {
    let answers: readonly Answer[];
    before(async () => {
      await fill(cdm, feature);
      answers = await answersOf(cdm, feature.cases);
    });
    feature.cases.forEach(({ name, finds }, at) => {
      it(name, () => {
        const answer = answers[at];
        if (answer === undefined || answer instanceof Error) throw answer;
        assert.deepEqual(asFound(answer, finds), finds);
      });
    });
    if (!attributes.includes(feature)) {
      it('finds the same by probes and by joins', async () => {
        for (const plan of ['probe', 'join', 'cover'] as const)
          assert.deepEqual(await answersOf(cdm, feature.cases, plan), answers, plan);
      });
      return;
    }
    it('sees a fault planted in each of its attributes', async () => {
      const trials = trialsOf(feature);
      const found = await answersTo(
        cdm.pool,
        trials.map(
          ({ definition, attribute }) =>
            () =>
              statementOf(faulty(expressionOf(definition), attribute)),
        ),
      );
      const seen = new Set(
        trials.filter(({ finds }, at) => !isSame(found[at], finds)).map(({ attribute }) => attribute),
      );
      assert.deepEqual(
        [...new Set(trials.map(({ attribute }) => attribute))].filter((attribute) => !seen.has(attribute)),
        [],
      );
    });
  });
}

it('has a feature for each of the sixteen traps', () => {
  const named = [...traps, conceptSets].flatMap(({ name }) => /^trap (\d+)/.exec(name)?.[1] ?? []);
  assert.deepEqual(
    [...new Set(named.map(Number))].sort((one, other) => one - other),
    Array.from({ length: 16 }, (_, at) => at + 1),
  );
});

it('has a case for every attribute that there is', () => {
  const definitions = [...features.flatMap(({ cases }) => cases), ...defects, ...refusals].map(
    ({ definition }) => definition,
  );
  const covered = coveredBy(definitions);
  const missing = (known: readonly string[]) =>
    known.filter((name) => !covered.has(name) && !elsewhere.has(name));
  assert.deepEqual(missing(knownAttributes()), []);
  assert.deepEqual(
    missing(['ConditionOccurrence.Colour']),
    ['ConditionOccurrence.Colour'],
    'it would see one without',
  );
});

for (const { definition, path, reason } of refusals) {
  it(`refuses ${path}`, () => {
    const expression = expressionOf(definition);
    const errors = check(expression).filter(({ severity }) => severity === 'error');
    assert.match(errors.find((one) => one.path === path)?.message ?? '', reason);
    assert.throws(() => compile(expression, { cdmSchema: 'cdm', conceptSets: new Map() }), RangeError);
  });
}

/** Headings of structure, which nothing is asked by; images of one series and cohorts of a study have tests of their own. */
const elsewhere: ReadonlySet<string> = new Set(
  knownAttributes().filter(
    (name) =>
      (isStructure(name) && !name.includes('.')) ||
      /^(CohortMembership|Combination|CorrelatedCriteria\.RestrictImage)/.test(name),
  ),
);

interface Trial extends Case {
  readonly attribute: string;
}

/** At most three questions for each attribute that find somebody, and leave somebody out. */
function trialsOf({ cases }: Feature): readonly Trial[] {
  const tried = new Map<string, Trial[]>();
  for (const one of cases)
    for (const attribute of one.finds === '' ? [] : attributesAsked(expressionOf(one.definition))) {
      const trials = tried.get(attribute) ?? [];
      if (trials.length < 3) tried.set(attribute, [...trials, { ...one, attribute }]);
    }
  return [...tried.values()].flat();
}

function isSame(answer: Answer | undefined, finds: Case['finds']): boolean {
  return (
    answer !== undefined &&
    !(answer instanceof Error) &&
    JSON.stringify(asFound(answer, finds)) === JSON.stringify(finds)
  );
}
