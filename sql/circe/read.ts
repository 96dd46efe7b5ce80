/** Reads the text of a cohort definition into a CohortExpression, or says everything that is wrong with it. */

import type { LanguageCode } from '#sql/circe/describe/words.ts';
import { duplicateKeys, shapeOf } from '#sql/circe/duplicate-keys.ts';
import type {
  CohortExpression,
  EndStrategy,
  Finding,
  InclusionRule,
  Limit,
  PrimaryCriteria,
} from '#sql/circe/expression.ts';
import { type Json, parseJson, Unreadable } from '#sql/circe/json.ts';
import { readMessages, readRemedies } from '#sql/circe/read/messages.ts';
import { readConceptSet } from '#sql/circe/read-concepts.ts';
import { readCriterion, readGroup } from '#sql/circe/read-criteria.ts';
import { readPeriod } from '#sql/circe/read-filters.ts';
import {
  createReader,
  daysOf,
  deepFreeze,
  integerOf,
  listOf,
  openObject,
  type Reader,
  textOf,
  wordOf,
} from '#sql/circe/reader.ts';
import { type Found, tell } from '#sql/circe/told.ts';

export type ReadResult =
  | { readonly ok: true; readonly expression: CohortExpression; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** Beyond this depth no definition is meant; a hostile one would only exhaust the stack. */
const deepest = 200;

/**
 * Takes JSON text as ATLAS or the PhenotypeLibrary write it, also an ATLAS export (`{name, expression: {…}}`), with or
 * without a byte order mark. Gives a deeply frozen expression, or all faults found, each with its JSON path; a property
 * that Circe 1.12 does not know at its place is a fault. Findings are in English unless Korean is asked for. Never throws on bad input.
 */
export function read(text: string, language: LanguageCode = 'en'): ReadResult {
  const reader = createReader();
  const told = (all: readonly Found[]) => all.map((found) => tell(found, language));
  let json: Json;
  try {
    json = parseJson(text);
    const { depth, keys } = shapeOf(json, deepest);
    if (depth > deepest) throw new Unreadable(readMessages.nestedDeep(deepest));
    for (const path of duplicateKeys(text, keys))
      reader.error(path, 'duplicate-property', readMessages.twice, readRemedies.keepOne);
  } catch (cause) {
    const why = cause instanceof Unreadable ? cause.why : readMessages.nestedTooDeep;
    reader.error('$', 'not-json', readMessages.unreadable(why));
    return { ok: false, findings: told(reader.findings) };
  }
  const expression = readExpression(reader, ...unwrap(json));
  if (reader.findings.length > 0 || expression === undefined)
    return { ok: false, findings: told(reader.findings) };
  return { ok: true, expression: deepFreeze(expression), warnings: told(reader.warnings) };
}

/** ATLAS exports a definition as `{id, name, …, expression}`; the expression is all that matters. */
function unwrap(json: Json): [string, Json] {
  if (json !== null && typeof json === 'object' && !Array.isArray(json) && !('PrimaryCriteria' in json)) {
    const inner = (json as { readonly [name: string]: Json }).expression;
    if (inner !== undefined && inner !== null && typeof inner === 'object') return ['$.expression', inner];
  }
  return ['$', json];
}

function readExpression(reader: Reader, path: string, json: Json): CohortExpression | undefined {
  const object = openObject(reader, path, json);
  object.skip('Title', 'cdmVersionRange');
  const primary = object.take('PrimaryCriteria');
  if (primary === undefined) reader.error(object.at('PrimaryCriteria'), 'missing', readMessages.entry);
  const additional = object.take('AdditionalCriteria');
  const strategy = readEndStrategy(reader, object.at('EndStrategy'), object.take('EndStrategy'));
  const window = readPeriod(reader, object.at('CensorWindow'), object.take('CensorWindow'));
  const sets = listOf(reader, object.at('ConceptSets'), object.take('ConceptSets'));
  const rules = listOf(reader, object.at('InclusionRules'), object.take('InclusionRules'));
  const censoring = listOf(reader, object.at('CensoringCriteria'), object.take('CensoringCriteria'));
  const expression = {
    PrimaryCriteria: readPrimary(reader, object.at('PrimaryCriteria'), primary ?? {}),
    ...(additional === undefined
      ? {}
      : { AdditionalCriteria: readGroup(reader, object.at('AdditionalCriteria'), additional) }),
    ConceptSets: sets.map(([at, item]) => readConceptSet(reader, at, item)),
    QualifiedLimit: readLimit(reader, object.at('QualifiedLimit'), object.take('QualifiedLimit')),
    ExpressionLimit: readLimit(reader, object.at('ExpressionLimit'), object.take('ExpressionLimit')),
    InclusionRules: rules.map(([at, item]) => readRule(reader, at, item)),
    ...(strategy === undefined ? {} : { EndStrategy: strategy }),
    CensoringCriteria: censoring.flatMap(([at, item]) => readCriterion(reader, at, item) ?? []),
    CollapseSettings: readCollapse(reader, object.at('CollapseSettings'), object.take('CollapseSettings')),
    ...(window === undefined ? {} : { CensorWindow: window }),
  };
  object.done();
  return expression;
}

function readPrimary(reader: Reader, path: string, json: Json): PrimaryCriteria {
  const object = openObject(reader, path, json);
  const list = listOf(reader, object.at('CriteriaList'), object.take('CriteriaList'));
  if (list.length === 0) reader.error(object.at('CriteriaList'), 'missing', readMessages.oneEntry);
  const window = openObject(reader, object.at('ObservationWindow'), object.take('ObservationWindow') ?? {});
  const result = {
    CriteriaList: list.flatMap(([at, item]) => readCriterion(reader, at, item) ?? []),
    ObservationWindow: {
      PriorDays: daysOf(reader, window.at('PriorDays'), window.take('PriorDays')) ?? 0,
      PostDays: daysOf(reader, window.at('PostDays'), window.take('PostDays')) ?? 0,
    },
    PrimaryCriteriaLimit: readLimit(
      reader,
      object.at('PrimaryCriteriaLimit'),
      object.take('PrimaryCriteriaLimit'),
    ),
  };
  window.done();
  object.done();
  return result;
}

/** An absent limit means First, as in Circe's `ResultLimit`. */
function readLimit(reader: Reader, path: string, json: Json | undefined): Limit {
  if (json === undefined) return 'First';
  const object = openObject(reader, path, json);
  const limit =
    wordOf(reader, object.at('Type'), object.take('Type'), ['All', 'First', 'Last'], true) ?? 'First';
  object.done();
  return limit;
}

function readRule(reader: Reader, path: string, json: Json): InclusionRule {
  const object = openObject(reader, path, json);
  const group = object.take('expression');
  if (group === undefined) reader.error(object.at('expression'), 'missing', readMessages.ruleExpression);
  const description = textOf(reader, object.at('description'), object.take('description'));
  const rule = {
    path,
    name: textOf(reader, object.at('name'), object.take('name')) ?? '',
    ...(description === undefined ? {} : { description }),
    expression: readGroup(reader, object.at('expression'), group ?? {}),
  };
  object.done();
  return rule;
}

function readEndStrategy(reader: Reader, path: string, json: Json | undefined): EndStrategy | undefined {
  if (json === undefined) return undefined;
  const outer = openObject(reader, path, json);
  const offset = outer.take('DateOffset');
  const era = outer.take('CustomEra');
  outer.done();
  if ((offset === undefined) === (era === undefined)) {
    reader.error(path, 'end-strategy', readMessages.endStrategy);
    return undefined;
  }
  if (offset !== undefined) {
    const object = openObject(reader, outer.at('DateOffset'), offset);
    const strategy = {
      kind: 'DateOffset' as const,
      path: object.path,
      DateField:
        wordOf(reader, object.at('DateField'), object.take('DateField'), ['StartDate', 'EndDate']) ??
        'StartDate',
      Offset: daysOf(reader, object.at('Offset'), object.take('Offset')) ?? 0,
    };
    object.done();
    return strategy;
  }
  const object = openObject(reader, outer.at('CustomEra'), era);
  const codeset = integerOf(reader, object.at('DrugCodesetId'), object.take('DrugCodesetId'));
  if (codeset === undefined) reader.error(object.at('DrugCodesetId'), 'missing', readMessages.eraDrugs);
  const supply = daysOf(reader, object.at('DaysSupplyOverride'), object.take('DaysSupplyOverride'));
  const strategy = {
    kind: 'CustomEra' as const,
    path: object.path,
    ...(codeset === undefined ? {} : { DrugCodesetId: codeset }),
    GapDays: daysOf(reader, object.at('GapDays'), object.take('GapDays')) ?? 0,
    Offset: daysOf(reader, object.at('Offset'), object.take('Offset')) ?? 0,
    ...(supply === undefined ? {} : { DaysSupplyOverride: supply }),
  };
  object.done();
  return strategy;
}

function readCollapse(reader: Reader, path: string, json: Json | undefined): { EraPad: number } {
  if (json === undefined) return { EraPad: 0 };
  const object = openObject(reader, path, json);
  wordOf(reader, object.at('CollapseType'), object.take('CollapseType'), ['ERA']);
  const pad = daysOf(reader, object.at('EraPad'), object.take('EraPad')) ?? 0;
  object.done();
  return { EraPad: pad };
}
