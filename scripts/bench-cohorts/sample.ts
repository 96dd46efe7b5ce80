/**
 * Definitions over the concepts that a CDM holds most of, some of and few of: common and rare entry events, asked about common and rare
 * others, in every way that the compiler must choose between.
 */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { identifier } from '#sql/circe/literal.ts';

interface Source {
  readonly type: 'ConditionOccurrence' | 'DrugExposure' | 'Measurement';
  readonly label: string;
  readonly concept: number;
}

/** Writes the definitions into a folder of their own; gives the folder. */
export async function writeSample(pool: Pool, schema: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'moim-sample-'));
  const measurements = await ranked(pool, schema, 'Measurement', 'measurement', 'measurement_concept_id');
  const conditions = await ranked(
    pool,
    schema,
    'ConditionOccurrence',
    'condition_occurrence',
    'condition_concept_id',
  );
  const drugs = await ranked(pool, schema, 'DrugExposure', 'drug_exposure', 'drug_concept_id');
  const entries = [...measurements.slice(0, 2), ...conditions.slice(0, 1), ...drugs.slice(0, 1)];
  const asked = [...measurements, ...conditions.slice(0, 1), ...conditions.slice(2), ...drugs.slice(0, 1)];
  for (const entry of entries)
    for (const about of asked) {
      for (const [name, rule] of Object.entries(rules)) {
        const text = JSON.stringify(definition(entry, about, rule));
        writeFileSync(join(folder, `${entry.label}-${name}-${about.label}.json`), text);
      }
    }
  writeFileSync(
    join(folder, 'three-rules.json'),
    JSON.stringify(threeRules(conditions, measurements, drugs)),
  );
  return folder;
}

const rules = {
  has: { days: 30, Occurrence: { Type: 2, Count: 1, IsDistinct: false } },
  none: { days: 365, Occurrence: { Type: 0, Count: 0, IsDistinct: false } },
  three: { days: 365, Occurrence: { Type: 2, Count: 3, IsDistinct: false } },
};

/** The most common concept of a table, one in the middle, and a rare one. */
async function ranked(
  pool: Pool,
  schema: string,
  type: Source['type'],
  table: string,
  column: string,
): Promise<readonly Source[]> {
  const { rows } = await pool.query<{ concept: number }>(
    `select ${column} as concept from ${identifier(schema)}.${table} group by 1 order by count(*) desc, 1`,
  );
  const places = { common: 0, middling: Math.floor(rows.length / 3), rare: rows.length - 1 };
  return Object.entries(places).map(([label, at]) => ({
    type,
    label: `${label}-${table.split('_')[0]}`,
    concept: rows[at]?.concept ?? 0,
  }));
}

function definition(entry: Source, about: Source, rule: (typeof rules)[keyof typeof rules]) {
  return {
    ...base([entry, about], entry, 'All'),
    InclusionRules: [{ name: 'rule', expression: group([correlated(about, 1, rule)]) }],
  };
}

/** A diagnosis, with a value measured before, a drug afterwards, and none of another diagnosis. */
function threeRules(
  conditions: readonly Source[],
  measurements: readonly Source[],
  drugs: readonly Source[],
) {
  const [first, other] = conditions;
  const [value] = measurements;
  const [drug] = drugs;
  const sources = [first, value, drug, other].flatMap((one) => one ?? []);
  const all = sources.slice(1).map((source, at) => ({
    name: `rule ${at + 1}`,
    expression: group([correlated(source, at + 1, at === 2 ? rules.none : rules.has)]),
  }));
  return { ...base(sources, sources[0] as Source, 'First'), InclusionRules: all };
}

function base(sources: readonly Source[], entry: Source, limit: 'All' | 'First') {
  return {
    ConceptSets: sources.map(({ concept, label }, id) => ({
      id,
      name: label,
      expression: { items: [{ concept: { CONCEPT_ID: concept, CONCEPT_NAME: label } }] },
    })),
    PrimaryCriteria: {
      CriteriaList: [{ [entry.type]: { CodesetId: 0 } }],
      ObservationWindow: { PriorDays: 0, PostDays: 0 },
      PrimaryCriteriaLimit: { Type: limit },
    },
    QualifiedLimit: { Type: 'First' },
    ExpressionLimit: { Type: 'All' },
    CensoringCriteria: [],
    CollapseSettings: { CollapseType: 'ERA', EraPad: 0 },
  };
}

function group(CriteriaList: readonly object[]) {
  return { Type: 'ALL', CriteriaList, DemographicCriteriaList: [], Groups: [] };
}

function correlated(
  source: Source,
  CodesetId: number,
  { days, Occurrence }: (typeof rules)[keyof typeof rules],
) {
  return {
    Criteria: { [source.type]: { CodesetId } },
    StartWindow: {
      Start: { Days: days, Coeff: -1 },
      End: { Days: days, Coeff: 1 },
      UseEventEnd: false,
    },
    Occurrence,
  };
}
