/**
 * What a definition meets on this CDM: tables and concepts it lacks, concepts that no row has, rules that select nobody, and
 * what it is likely to cost. These are figures of the hospital: they go to whoever asked at its own command line, nowhere else.
 */

import type { Pool } from 'pg';
import { MoimError } from '#protocol/errors.ts';
import type { LanguageCode } from '#sql/circe/describe.ts';
import type { CohortExpression, ConceptSet } from '#sql/circe/expression.ts';
import { tell } from '#sql/circe/told.ts';
import { cdmTablesOf, prepareCohort } from './generate.ts';
import { type Cost, estimateCost } from './here/cost.ts';
import { unusedFindings } from './here/data.ts';
import type { HereFinding, HereFound } from './here/finding.ts';
import { createInTime } from './here/in-time.ts';
import { hereMessages, hereRemedies } from './here/messages.ts';
import { missingTables } from './here/missing-tables.ts';
import { ruleFindings } from './here/rules.ts';
import { placedSources } from './here/sources.ts';
import { vocabularyFindings } from './here/vocabulary.ts';
import { resolveSets } from './pinned.ts';
import { withSession } from './session.ts';

export interface Here {
  readonly findings: readonly HereFinding[];
  readonly cost?: Cost;
}

export interface HereOptions {
  readonly cdmSchema: string;
  readonly parity?: boolean;
  readonly signal?: AbortSignal;
  /** For each question of the data; one that takes longer is given up, and said so. */
  readonly timeoutMs?: number;
  /** For all questions together; those that come later are not asked, and it is said so. */
  readonly budgetMs?: number;
  /** Of the findings' words; English unless said otherwise. */
  readonly language?: LanguageCode;
}

/** Long enough to look, too short to hold up a hospital's database. */
const defaults = { timeoutMs: 10_000, budgetMs: 60_000, language: 'en' as LanguageCode };

/**
 * Writes nothing and never runs the cohort: entry events and rules are looked at up to a limit of events and of time. An
 * error among the findings where a table is missing. Takes an expression without `refusals`. Throws as `prepareCohort`, but
 * for `table-missing`, and never `statement-timeout` for a question of the data.
 */
export async function findingsHere(
  pool: Pool,
  expression: CohortExpression,
  options: HereOptions,
): Promise<Here> {
  const { cdmSchema, timeoutMs, budgetMs, language } = { ...defaults, ...options };
  return withSession(pool, { ...options, timeoutMs, readOnly: true }, async (client) => {
    const tables = await cdmTablesOf(client, cdmSchema);
    try {
      const query = await prepareCohort(client, expression, { ...options, tables });
      const absent = new Set(
        ['concept_ancestor', 'concept_relationship'].filter((table) => !tables.has(table)),
      );
      const inTime = createInTime(client, { budgetMs, signal: options.signal });
      // Asked first, since it matters most; told last, since the others may be why. A combination has no events and rules of its own.
      const ofRules =
        expression.Combination === undefined
          ? await inTime.ask('$', () => ruleFindings(client, expression, query))
          : [];
      const findings: HereFound[] = [];
      if (tables.has('concept')) {
        const sets = await resolveSets(client, expression, { cdmSchema, absent });
        const asked = asPinned(expression);
        const sources = placedSources(expression);
        findings.push(...(await vocabularyFindings(client, asked, sources, { cdmSchema, tables })));
        findings.push(...emptySets(expression, sets));
        for (const placed of sources) {
          const ids = sets.get(placed.source.CodesetId) ?? [];
          const look = () => unusedFindings(client, placed, asked, ids, { cdmSchema, tables });
          findings.push(...(await inTime.ask(placed.path, look)));
        }
      }
      const cost = await estimateCost(client, query);
      return {
        findings: [...findings, ...ofRules].map((found) => tell(found, language)),
        ...(cost === undefined ? {} : { cost }),
      };
    } catch (error) {
      if (!(error instanceof MoimError) || error.code !== 'table-missing') throw error;
      return { findings: [tell(missingTables(error), language)] };
    }
  });
}

/** The concept sets with the concepts that the study says itself in place of their items. */
function asPinned({ ConceptSets, Pinned = [] }: CohortExpression): readonly ConceptSet[] {
  const pinned = new Map(Pinned.map(({ id, conceptIds }) => [id, conceptIds]));
  const plain = { isExcluded: false, includeDescendants: false, includeMapped: false };
  return ConceptSets.map((set) => {
    const items = pinned.get(set.id)?.map((CONCEPT_ID) => ({ concept: { CONCEPT_ID }, ...plain }));
    return items === undefined ? set : { ...set, items };
  });
}

function emptySets(
  { ConceptSets }: CohortExpression,
  sets: ReadonlyMap<number, readonly number[]>,
): readonly HereFound[] {
  return ConceptSets.filter((set) => sets.get(set.id)?.length === 0).map((set) => ({
    code: 'no-concept-here',
    severity: 'warning',
    path: set.path,
    message: hereMessages.noConcept(set.id),
    remedy: hereRemedies.loadVocabulary,
  }));
}
