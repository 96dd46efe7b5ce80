/** What a study may ask of a site: the analysis `count`, and the parts of it beyond those that every study gets. */

import Type, { type Static } from 'typebox';
import { oneOf } from './schema.ts';

const closed = { additionalProperties: false } as const;

/**
 * - `events`: attrition, and with `gain` gain, by event beside that by person;
 * - `gain`: per inclusion rule, those that every rule lets in but this one;
 * - `standalone`: per inclusion rule, those that pass it, whatever the others say;
 * - `year`: persons by calendar year of their first start, by year and sex;
 * - `rows`: every start: rows by sex, by age at that start, and with `year` by its year.
 */
export const countParts = ['events', 'gain', 'standalone', 'year', 'rows'] as const;
export type CountPart = (typeof countParts)[number];

const Year = Type.Integer({ minimum: 1900, maximum: 2200 });

/**
 * `count`: persons, rows, attrition by inclusion rule, persons by sex and 10-year age band at index; and the parts asked for.
 * `vocabulary`: no figure of any person, but how each site's vocabulary meets the study, before it is asked for figures.
 */
export const StudyAnalysis = Type.Object(
  {
    kind: oneOf(['count', 'vocabulary']),
    parts: Type.Optional(Type.Array(oneOf(countParts), { minItems: 1, maxItems: 5, uniqueItems: true })),
    /** The calendar years told apart, at most 60; starts before and after them are two figures more. */
    years: Type.Optional(Type.Object({ from: Year, to: Year }, closed)),
  },
  closed,
);
export type StudyAnalysis = Static<typeof StudyAnalysis>;

/** What the analyses of one study ask for together. */
export interface CountAsked {
  readonly parts: ReadonlySet<CountPart>;
  readonly years?: { readonly from: number; readonly to: number } | undefined;
}

const mostYears = 60;

/** Whether figures of persons are asked for at all. */
export const asksCounts = (analyses: readonly StudyAnalysis[]): boolean =>
  analyses.some(({ kind }) => kind === 'count');

export function countAsked(analyses: readonly StudyAnalysis[]): CountAsked {
  return {
    parts: new Set(analyses.flatMap(({ parts }) => parts ?? [])),
    years: analyses.find(({ years }) => years !== undefined)?.years,
  };
}

/** Rules that a schema cannot say. */
export function analysisFaults(analyses: readonly StudyAnalysis[]): string[] {
  const faults: string[] = [];
  if (analyses.length > 1 && analyses.some(({ kind, parts, years }) => kind !== 'count' || parts || years))
    faults.push('/analyses: an analysis with parts stands alone, and so does vocabulary');
  if (analyses.some(({ kind, parts, years }) => kind !== 'count' && (parts || years)))
    faults.push('/analyses: parts and years are those of count');
  analyses.forEach(({ parts, years }, i) => {
    if ((years !== undefined) !== (parts?.includes('year') ?? false))
      faults.push(`/analyses/${i}/years: goes with the part year, and the part with it`);
    if (years !== undefined && (years.from > years.to || years.to - years.from >= mostYears))
      faults.push(`/analyses/${i}/years: from 1 to ${mostYears} years, the first one first`);
  });
  return faults;
}

/** `count` or `count with events, year (2010 to 2020)`, for persons who decide. */
export function analysisInWords({ kind, parts, years }: StudyAnalysis): string {
  if (parts === undefined) return kind;
  const said = parts.map((part) =>
    part === 'year' && years !== undefined ? `year (${years.from} to ${years.to})` : part,
  );
  return `${kind} with ${said.join(', ')}`;
}
