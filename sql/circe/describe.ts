/**
 * A definition in words, line by line, for people who decide whether it is what they meant: all of it, in every language
 * by one walk. What a language says stands in describe/, the words for types and attributes in describe/words.ts.
 */

import {
  conceptText,
  criterionLines,
  groupLines,
  setName,
  type Telling,
} from '#sql/circe/describe/criterion.ts';
import { en } from '#sql/circe/describe/en.ts';
import { ko } from '#sql/circe/describe/ko.ts';
import type { Language } from '#sql/circe/describe/language.ts';
import { indent, item, type Lines, onOneLine, section } from '#sql/circe/describe/lines.ts';
import type { LanguageCode } from '#sql/circe/describe/words.ts';
import type { CohortExpression, Combination, ConceptSetItem } from '#sql/circe/expression.ts';

export type { LanguageCode } from '#sql/circe/describe/words.ts';

const languages: Readonly<Record<LanguageCode, Language>> = { en, ko };

/** True for the name of a language that definitions can be told in. */
export function isLanguageCode(name: string): name is LanguageCode {
  return Object.hasOwn(languages, name);
}

/** Takes any expression that reads and a language; gives lines without line ends, nested ones indented by two spaces. Never throws. */
export function describe(expression: CohortExpression, language: LanguageCode = 'en'): Lines {
  const say = languages[language];
  const names = new Map(expression.ConceptSets.map((set) => [set.id, onOneLine(set.name)]));
  const telling: Telling = { say, names };
  if (expression.Combination !== undefined)
    return section(say.combination, combinationLines(say, expression.Combination));
  return [
    ...section(say.entry, entryLines(telling, expression)),
    ...(expression.AdditionalCriteria === undefined
      ? []
      : section(say.qualifying, [
          ...groupLines(telling, expression.AdditionalCriteria),
          say.kept(expression.QualifiedLimit, 'qualifying'),
        ])),
    ...section(say.rules, ruleLines(telling, expression)),
    ...section(say.limit, [say.kept(expression.ExpressionLimit, 'rules')]),
    ...section(say.exit, exitLines(telling, expression)),
    ...section(say.eras, [
      say.joined(expression.CollapseSettings.EraPad),
      ...(expression.CensorWindow === undefined ? [] : [say.censored(expression.CensorWindow)]),
    ]),
    ...section(say.conceptSets, setLines(say, expression)),
  ];
}

function entryLines(telling: Telling, { PrimaryCriteria }: CohortExpression): Lines {
  const { say } = telling;
  const { CriteriaList, ObservationWindow, PrimaryCriteriaLimit } = PrimaryCriteria;
  return [
    say.entryOf(CriteriaList.length),
    ...CriteriaList.flatMap((criterion) => item(criterionLines(telling, criterion))),
    say.observed(ObservationWindow.PriorDays, ObservationWindow.PostDays),
    say.kept(PrimaryCriteriaLimit, 'entry'),
  ];
}

function ruleLines(telling: Telling, { InclusionRules }: CohortExpression): Lines {
  const { say } = telling;
  if (InclusionRules.length === 0) return [say.none];
  return InclusionRules.flatMap((rule, index) => [
    say.rule(index, onOneLine(rule.name)),
    ...indent([
      ...(rule.description ?? '')
        .split(/\r\n|[\r\n]/)
        .map(onOneLine)
        .filter(Boolean),
      ...groupLines(telling, rule.expression),
    ]),
  ]);
}

function exitLines(telling: Telling, { EndStrategy, CensoringCriteria }: CohortExpression): Lines {
  const { say } = telling;
  const drugs =
    EndStrategy?.kind === 'CustomEra' && EndStrategy.DrugCodesetId !== undefined
      ? setName(telling, EndStrategy.DrugCodesetId)
      : say.noConcepts;
  return [
    say.endOf(EndStrategy, drugs),
    ...(CensoringCriteria.length === 0
      ? []
      : [
          say.censoring,
          ...CensoringCriteria.flatMap((criterion) => item(criterionLines(telling, criterion))),
        ]),
  ];
}

function setLines(say: Language, { ConceptSets, Pinned = [] }: CohortExpression): Lines {
  if (ConceptSets.length === 0) return [say.none];
  const pinned = new Map(Pinned.map(({ id, conceptIds }) => [id, conceptIds.length]));
  return ConceptSets.flatMap(({ id, name, items }) => {
    const count = pinned.get(id);
    return [
      say.set(id, onOneLine(name)),
      ...indent(items.length === 0 ? [say.noConcepts] : items.map((one) => itemLine(say, one))),
      ...indent(count === undefined ? [] : [say.pinned(count)]),
    ];
  });
}

function itemLine(say: Language, one: ConceptSetItem): string {
  return say.item(one, conceptText(one.concept, true));
}

/** Cohorts of the study by their names; a combination inside has its own lines. */
function combinationLines(say: Language, { op, by, of }: Combination): Lines {
  return [
    say.combined(op, by),
    ...of.flatMap((one) =>
      item(typeof one === 'string' ? [`"${onOneLine(one)}"`] : combinationLines(say, one)),
    ),
  ];
}
