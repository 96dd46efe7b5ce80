/**
 * Reads the cohorts of one study together: definitions, and combinations of cohorts by name. A cohort may name those
 * before it alone, so nothing can go round in a circle. Pure; it reaches no SQL.
 */

import type { LanguageCode } from '#sql/circe/describe/words.ts';
import type { CohortExpression, Combination, Finding, NamedExpression } from '#sql/circe/expression.ts';
import { readMessages } from '#sql/circe/read/messages.ts';
import { read } from '#sql/circe/read.ts';
import { deepFreeze } from '#sql/circe/reader.ts';
import { type Found, type Told, tell } from '#sql/circe/told.ts';
import { walk } from '#sql/circe/walk.ts';

/** As a study carries a cohort: Circe JSON (already parsed), or a combination. */
export interface CohortSource {
  readonly name: string;
  readonly definition?: unknown;
  /** Inclusion rules that are switched off, by number from 0. */
  readonly withoutRules?: readonly number[];
  readonly expression?: Combination;
}

/** The concepts that a study says for the concept sets of the cohort of this name. */
export interface PinnedSource {
  readonly name: string;
  readonly conceptSets: readonly { readonly id: number; readonly conceptIds: readonly number[] }[];
}

/** A finding with the cohort's place in the study (from 0; -1 where it is about none of them) and name. */
export type CohortFinding = Finding & { readonly cohort: number; readonly name: string };

export type ReadCohorts =
  | { readonly ok: true; readonly cohorts: readonly NamedExpression[] }
  | { readonly ok: false; readonly findings: readonly CohortFinding[] };

/**
 * Gives an expression for each cohort, in order, each with the cohorts that it needs; or every fault of every cohort. Names
 * are taken to be different (a study's are). Findings are in English unless Korean is asked for.
 *
 *     readStudyCohorts([{ name: 'a', definition }, { name: 'not a', expression: { op: 'minus', of: ['b', 'a'], by: 'persons' } }])
 */
export function readStudyCohorts(
  sources: readonly CohortSource[],
  pinned: readonly PinnedSource[] = [],
  language: LanguageCode = 'en',
): ReadCohorts {
  const findings: CohortFinding[] = [];
  const names = sources.map(({ name }) => name);
  const bare = sources.map((source, cohort) => {
    const tellAll = (...all: readonly Finding[]) =>
      findings.push(...all.map((finding) => ({ ...finding, cohort, name: source.name })));
    const report = (found: Found) => void tellAll(tell(found, language));
    const expression = readOne(source, { report, tellAll, language });
    if (expression === undefined) return undefined;
    for (const { name, path } of namedIn(expression)) {
      const at = names.indexOf(name);
      if (at < 0 || at >= cohort) report(unknownCohort(path, at >= cohort));
    }
    return pin(
      expression,
      pinned.find(({ name }) => name === source.name),
      report,
    );
  });
  pinned.forEach(({ name }, at) => {
    const none = tell(fault(`$.pinned[${at}]`, 'pinned-cohort', readMessages.noCohort), language);
    if (!names.includes(name)) findings.push({ ...none, cohort: -1, name });
  });
  if (findings.length > 0) return { ok: false, findings };
  return {
    ok: true,
    cohorts: link(
      names,
      bare.flatMap((expression) => expression ?? []),
    ),
  };
}

interface Telling {
  readonly report: Report;
  readonly tellAll: (...findings: readonly Finding[]) => void;
  readonly language: LanguageCode;
}

type Report = (found: Found) => void;

function readOne(source: CohortSource, { report, tellAll, language }: Telling): CohortExpression | undefined {
  if (source.expression !== undefined) return combined(source.expression);
  const result = read(JSON.stringify(source.definition ?? null), language);
  if (result.ok) return without(result.expression, source.withoutRules ?? [], report);
  tellAll(...result.findings);
  return undefined;
}

/** The definition as if the rules did not stand in it; the others keep their order. */
function without(expression: CohortExpression, rules: readonly number[], report: Report): CohortExpression {
  for (const rule of rules)
    if (expression.InclusionRules[rule] === undefined)
      report(fault('$.InclusionRules', 'unknown-rule', readMessages.noRule(rule)));
  if (rules.length === 0) return expression;
  const InclusionRules = expression.InclusionRules.filter((_, at) => !rules.includes(at));
  return { ...expression, InclusionRules };
}

/** A combination as an expression: it has no criteria of its own. */
function combined(Combination: Combination): CohortExpression {
  return {
    Combination,
    PrimaryCriteria: {
      CriteriaList: [],
      ObservationWindow: { PriorDays: 0, PostDays: 0 },
      PrimaryCriteriaLimit: 'All',
    },
    ConceptSets: [],
    QualifiedLimit: 'All',
    ExpressionLimit: 'All',
    InclusionRules: [],
    CensoringCriteria: [],
    CollapseSettings: { EraPad: 0 },
  };
}

/** Every cohort that an expression names, with the path at which it does. */
function namedIn(expression: CohortExpression): readonly { readonly name: string; readonly path: string }[] {
  const named: { name: string; path: string }[] = [];
  walk(expression, {
    criterion({ filters }) {
      for (const filter of filters)
        if (filter.kind === 'cohort') named.push({ name: filter.Cohort, path: filter.path });
    },
  });
  const visit = ({ of }: Combination, path: string) =>
    of.forEach((operand, at) => {
      const place = `${path}.of[${at}]`;
      if (typeof operand === 'string') named.push({ name: operand, path: place });
      else visit(operand, place);
    });
  if (expression.Combination) visit(expression.Combination, '$.expression');
  return named;
}

function pin(
  expression: CohortExpression,
  pinned: PinnedSource | undefined,
  report: Report,
): CohortExpression {
  if (pinned === undefined) return expression;
  const known = new Set(expression.ConceptSets.map(({ id }) => id));
  const seen = new Set<number>();
  for (const { id } of pinned.conceptSets) {
    if (!known.has(id) || seen.has(id))
      report(
        fault('$.pinned', 'pinned-set', readMessages[known.has(id) ? 'pinnedTwice' : 'noPinnedSet'](id)),
      );
    seen.add(id);
  }
  const Pinned = pinned.conceptSets.map(({ id, conceptIds }) => ({
    id,
    conceptIds: [...new Set(conceptIds)],
  }));
  return { ...expression, Pinned };
}

/** Gives each expression the cohorts that it needs, flat and in the study's order. */
function link(names: readonly string[], bare: readonly CohortExpression[]): readonly NamedExpression[] {
  const needs: ReadonlySet<number>[] = [];
  return bare.map((expression, cohort) => {
    const needed = new Set<number>();
    for (const { name } of namedIn(expression)) {
      const at = names.indexOf(name);
      for (const inner of [...(needs[at] ?? []), at]) needed.add(inner);
    }
    needs.push(needed);
    const Cohorts = [...needed]
      .sort((a, b) => a - b)
      .flatMap((at) => {
        const [name, inner] = [names[at], bare[at]];
        return name === undefined || inner === undefined ? [] : [{ name, expression: inner }];
      });
    const linked = Cohorts.length === 0 ? expression : { ...expression, Cohorts };
    return { name: names[cohort] ?? '', expression: deepFreeze(linked) };
  });
}

function unknownCohort(path: string, later: boolean): Found {
  return fault(path, 'unknown-cohort', later ? readMessages.onlyBefore : readMessages.noCohort);
}

function fault(path: string, code: string, message: Told): Found {
  return { code, severity: 'error', path, message };
}
