/** The vocabulary and the surroundings of a synthetic hospital: the same in all of them, as rows for CSV. */

import { type SynthConcept, synthConcepts } from './concepts.ts';

type Cell = string | number | undefined;

export interface SynthTable {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

const validFrom = '1970-01-01';
const validTo = '2099-12-31';
const released = '2025-01-01';
/**
 * The release of our vocabulary: raise it by 0.10 whenever a concept or a relation changes. It has the form in which OHDSI gives versions, so that
 * a site may say it (protocol/vocabulary.ts), and a number that no vocabulary of OHDSI has: theirs began at 4.
 */
const vocabularyVersion = 'v0.10 01-JAN-25';
/** The same with the concepts of images. */
export const imagingVocabularyVersion = 'v0.11 01-JAN-25';

/** Concepts from here on are a hospital's own (OMOP leaves 2 billion and above to local use). */
const localFrom = 2_000_000_000;

/** The local source concept of a condition, which maps to it. */
export function localConcept(concept: number): number {
  return localFrom + concept;
}

/** The ingredient of each drug that is not one itself. */
export function drugIngredients(): ReadonlyMap<number, number> {
  const drugs = synthConcepts.filter((each) => each.domain === 'Drug' && each.parents.length === 1);
  return new Map(drugs.map((each) => [each.id, each.parents[0]!]));
}

/** Every table that is not about persons. `more` are concepts that only this hospital has, and `release` says so in the vocabulary's version. */
export function surroundings(
  mixSummary: string,
  more: readonly SynthConcept[] = [],
  release = vocabularyVersion,
): readonly SynthTable[] {
  const concepts = [...synthConcepts, ...more];
  const conditions = concepts.filter((each) => each.domain === 'Condition');
  const kinds = (pick: (concept: SynthConcept) => string, ...others: string[]) =>
    [...new Set([...concepts.map(pick), ...others])].sort();
  return [
    table(
      'location',
      'location_id city country_source_value',
      ['North', 'South', 'East', 'West', 'Centre'].map((name, i) => [i + 1, name, 'Synthetic']),
    ),
    table('care_site', 'care_site_id care_site_name place_of_service_concept_id location_id', [
      [1, 'Wards', 8717, 1],
      [2, 'Outpatient clinic', 8756, 1],
    ]),
    table(
      'provider',
      'provider_id specialty_concept_id care_site_id',
      Array.from({ length: 12 }, (_, i) => [i + 1, [38004446, 38004451, 38004477][i % 3], 1 + (i % 2)]),
    ),
    table(
      'cdm_source',
      'cdm_source_name cdm_source_abbreviation cdm_holder source_description source_release_date cdm_release_date cdm_version cdm_version_concept_id vocabulary_version',
      [
        [
          `Synthetic: ${mixSummary}`,
          'MoimSynth',
          'Moim',
          'Made up by moim cdm synth: no real person is in it',
          released,
          released,
          '5.4',
          756265,
          release,
        ],
      ],
    ),
    table(
      'concept',
      'concept_id concept_name domain_id vocabulary_id concept_class_id standard_concept concept_code valid_start_date valid_end_date',
      [
        ...concepts.map((each) => [
          each.id,
          each.name,
          each.domain,
          each.vocabulary,
          each.conceptClass,
          each.id === 0 ? undefined : 'S',
          each.code,
          validFrom,
          validTo,
        ]),
        ...conditions.map((each) => [
          localConcept(each.id),
          `${each.name} (local)`,
          each.domain,
          'MoimSynth',
          'Local Code',
          undefined,
          `C${each.id}`,
          validFrom,
          validTo,
        ]),
      ],
    ),
    table(
      'vocabulary',
      'vocabulary_id vocabulary_name vocabulary_version vocabulary_concept_id',
      kinds((each) => each.vocabulary, 'MoimSynth').map((id) => [
        id,
        id === 'None' ? 'Moim synthetic vocabulary' : id,
        id === 'None' ? release : undefined,
        0,
      ]),
    ),
    table(
      'domain',
      'domain_id domain_name domain_concept_id',
      kinds((each) => each.domain, 'Observation', 'Device', 'Metadata').map((id) => [id, id, 0]),
    ),
    table(
      'concept_class',
      'concept_class_id concept_class_name concept_class_concept_id',
      kinds((each) => each.conceptClass, 'Local Code').map((id) => [id, id, 0]),
    ),
    table(
      'relationship',
      'relationship_id relationship_name is_hierarchical defines_ancestry reverse_relationship_id relationship_concept_id',
      [
        ['Maps to', 'Non-standard to Standard map', 0, 0, 'Mapped from', 0],
        ['Mapped from', 'Standard to Non-standard map', 0, 0, 'Maps to', 0],
        ['Is a', 'Is a', 1, 0, 'Subsumes', 0],
        ['Subsumes', 'Subsumes', 1, 1, 'Is a', 0],
      ],
    ),
    table(
      'concept_relationship',
      'concept_id_1 concept_id_2 relationship_id valid_start_date valid_end_date',
      relations(concepts, conditions).map((each) => [...each, validFrom, validTo]),
    ),
    table(
      'concept_ancestor',
      'ancestor_concept_id descendant_concept_id min_levels_of_separation max_levels_of_separation',
      ancestors(concepts),
    ),
  ];
}

function table(name: string, columns: string, rows: SynthTable['rows']): SynthTable {
  return { table: name, columns: columns.split(' '), rows };
}

function relations(
  concepts: readonly SynthConcept[],
  conditions: readonly SynthConcept[],
): [number, number, string][] {
  return [
    ...concepts.flatMap(({ id }): [number, number, string][] =>
      id === 0
        ? []
        : [
            [id, id, 'Maps to'],
            [id, id, 'Mapped from'],
          ],
    ),
    ...conditions.flatMap(({ id }): [number, number, string][] => [
      [localConcept(id), id, 'Maps to'],
      [id, localConcept(id), 'Mapped from'],
    ]),
    ...concepts.flatMap(({ id, parents }) =>
      parents.flatMap((parent): [number, number, string][] => [
        [id, parent, 'Is a'],
        [parent, id, 'Subsumes'],
      ]),
    ),
  ];
}

/** Every concept is its own ancestor at level 0; levels count the steps of the shortest and the longest way up. */
function ancestors(concepts: readonly SynthConcept[]): [number, number, number, number][] {
  const byId = new Map(concepts.map((each) => [each.id, each]));
  return concepts.flatMap((concept) => {
    const levels = new Map<number, [number, number]>();
    const climb = (id: number, level: number): void => {
      const [least, most] = levels.get(id) ?? [level, level];
      levels.set(id, [Math.min(least, level), Math.max(most, level)]);
      for (const parent of byId.get(id)?.parents ?? []) climb(parent, level + 1);
    };
    climb(concept.id, 0);
    return [...levels].map(([id, [least, most]]): [number, number, number, number] => [
      id,
      concept.id,
      least,
      most,
    ]);
  });
}

/** Rows as CSV text (RFC 4180, LF). */
export function toCsv(rows: SynthTable['rows']): string {
  return rows.map((row) => `${row.map(toField).join(',')}\n`).join('');
}

function toField(cell: Cell): string {
  const text = cell === undefined ? '' : String(cell);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
