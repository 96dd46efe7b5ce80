/** Concepts of a definition that this hospital's vocabulary lacks, has given up, or keeps for another use. */

import type { ClientBase } from 'pg';
import { domainsOf } from '#sql/circe/check/concept-sets.ts';
import type { Source } from '#sql/circe/estimate.ts';
import type { ConceptSet } from '#sql/circe/expression.ts';
import { identifier } from '#sql/circe/literal.ts';
import type { Told } from '#sql/circe/told.ts';
import { conceptFinding, type HereFound } from './finding.ts';
import { hereMessages, hereRemedies } from './messages.ts';
import type { Placed } from './sources.ts';

interface Known {
  readonly id: number;
  readonly domain: string;
  readonly standard: string | null;
  readonly invalid: string | null;
  /** The concept that took its place, where the vocabulary says so. */
  readonly now: number | null;
}

/** Findings of each set's listed concepts, and of the columns that its sources look in. `tables` are those that exist. */
export async function vocabularyFindings(
  client: ClientBase,
  conceptSets: readonly ConceptSet[],
  sources: readonly Placed[],
  options: { readonly cdmSchema: string; readonly tables: ReadonlySet<string> },
): Promise<readonly HereFound[]> {
  const known = await readConcepts(client, conceptSets, options);
  const sets = new Map(conceptSets.map((set) => [set.id, set]));
  return [
    ...conceptSets.flatMap((set) => [...absentFindings(set, known), ...invalidFindings(set, known)]),
    ...sources.flatMap(({ source, path }) => {
      const set = sets.get(source.CodesetId);
      const included = set === undefined ? [] : includedOf(set, known);
      return [...standardFindings(source, path, included), ...domainFindings(source, path, included)];
    }),
  ];
}

const int4 = 2147483647;

async function readConcepts(
  client: ClientBase,
  conceptSets: readonly ConceptSet[],
  { cdmSchema, tables }: { readonly cdmSchema: string; readonly tables: ReadonlySet<string> },
): Promise<ReadonlyMap<number, Known>> {
  const listed = conceptSets.flatMap(({ items }) => items.map(({ concept }) => Number(concept.CONCEPT_ID)));
  const ids = [...new Set(listed)].filter((id) => Math.abs(id) <= int4);
  const schema = identifier(cdmSchema);
  // The vocabulary gives more than one successor now and then: any of them helps, the lowest is told.
  const successor = tables.has('concept_relationship')
    ? `(select min(r.concept_id_2) from ${schema}.concept_relationship r where r.concept_id_1 = c.concept_id and r.concept_id_2 <> c.concept_id
         and r.invalid_reason is null and r.relationship_id in ('Concept replaced by', 'Maps to') and c.invalid_reason is not null)`
    : 'null';
  const { rows } = await client.query<Known>(
    `select c.concept_id::int as id, c.domain_id as domain, c.standard_concept as standard, c.invalid_reason as invalid,
       ${successor}::int as now from ${schema}.concept c where c.concept_id = any($1::int[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

function includedOf(set: ConceptSet, known: ReadonlyMap<number, Known>): readonly Known[] {
  return set.items.flatMap(({ concept, isExcluded }) =>
    isExcluded ? [] : (known.get(Number(concept.CONCEPT_ID)) ?? []),
  );
}

function absentFindings(set: ConceptSet, known: ReadonlyMap<number, Known>): readonly HereFound[] {
  const ids = [...new Set(set.items.map(({ concept }) => Number(concept.CONCEPT_ID)))];
  const absent = ids.filter((id) => !known.has(id));
  if (absent.length === 0) return [];
  const message = (list: Told) =>
    hereMessages.absent({ count: absent.length, of: ids.length, set: set.id, list });
  const remedy = hereRemedies.otherVocabulary;
  return [
    conceptFinding(
      { code: 'concept-absent-here', severity: 'warning', path: set.path, message, remedy },
      absent,
    ),
  ];
}

function invalidFindings(set: ConceptSet, known: ReadonlyMap<number, Known>): readonly HereFound[] {
  return includedOf(set, known).flatMap(({ id, invalid, now }) => {
    if (invalid === null || invalid === '') return [];
    const message = () => hereMessages.invalid(id, set.id, invalid, now);
    const remedy = now === null ? {} : { remedy: hereRemedies.nameConcept(now) };
    return [
      conceptFinding(
        { code: 'concept-invalid-here', severity: 'warning', path: set.path, message, ...remedy },
        [id],
      ),
    ];
  });
}

function standardFindings(source: Source, path: string, included: readonly Known[]): readonly HereFound[] {
  const ofSource = source.column.endsWith('source_concept_id');
  const wrong = included.filter(({ standard }) => (standard === 'S') === ofSource).map(({ id }) => id);
  if (wrong.length === 0) return [];
  // Some vocabularies are the source's and standard at once, so that a standard source concept alone proves little.
  const severity = ofSource || wrong.length < included.length ? 'info' : 'warning';
  const says = ofSource ? hereMessages.standardAsSource : hereMessages.notStandard;
  const message = (list: Told) =>
    says(source.column, { count: wrong.length, of: included.length, set: source.CodesetId, list });
  return [conceptFinding({ code: 'not-standard-here', severity, path, message }, wrong)];
}

function domainFindings(source: Source, path: string, included: readonly Known[]): readonly HereFound[] {
  const fitting = domainsOf(source.table);
  if (fitting === undefined || source.column.endsWith('source_concept_id')) return [];
  const other = included.filter(
    ({ domain }) => !fitting.some((one) => domain.split('/').some((part) => one.startsWith(part))),
  );
  if (other.length === 0) return [];
  const severity = other.length === included.length ? 'warning' : 'info';
  const domains = [...new Set(other.map(({ domain }) => domain))].sort().join(', ');
  const message = (list: Told) => {
    const part = { count: other.length, of: included.length, set: source.CodesetId, list };
    return hereMessages.domain(domains, source.table, part);
  };
  return [
    conceptFinding(
      { code: 'domain-here', severity, path, message },
      other.map(({ id }) => id),
    ),
  ];
}
