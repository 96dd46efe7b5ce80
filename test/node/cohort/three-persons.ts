/** Three persons, one definition, and a CDM that answers slowly. */

import assert from 'node:assert/strict';
import type { CohortExpression } from '#sql/circe/expression.ts';
import { read } from '#sql/circe/read.ts';
import { cohort, conceptSet } from '../../sql/circe/definitions.ts';
import type { TinyCdm } from '../../sql/circe/tiny-cdm.ts';

export const sick = { ConditionOccurrence: { CodesetId: 0 } };
export const sets = { ConceptSets: [conceptSet(0, 1)] };
export const plain = cohort([sick], sets);
export const options = { cdmSchema: 'cdm' };

export function expressionOf(definition: object): CohortExpression {
  const result = read(JSON.stringify(definition));
  assert.ok(result.ok, JSON.stringify(result));
  return result.expression;
}

/** Two women and a man, of whom person 1 was sick twice. */
export async function threePersons(cdm: TinyCdm): Promise<void> {
  await cdm.add('concept', { concept_id: 1, concept_name: 'one' });
  await cdm.person(1);
  await cdm.person(2, { year_of_birth: 1905 });
  await cdm.person(3, { gender_concept_id: 8507, year_of_birth: 2009 });
  const days = [
    [1, '2010-01-01'],
    [1, '2012-01-01'],
    [2, '2010-06-01'],
    [3, '2008-01-01'],
  ] as const;
  await cdm.add(
    'condition_occurrence',
    ...days.map(([person, day]) => ({
      person_id: person,
      condition_concept_id: 1,
      condition_start_date: day,
    })),
  );
}

/** Makes CONDITION_OCCURRENCE take five seconds for every look. */
export async function slow(cdm: TinyCdm): Promise<void> {
  await cdm.pool.query('alter table cdm.condition_occurrence rename to condition_rows');
  await cdm.pool.query(
    'create view cdm.condition_occurrence as select r.* from cdm.condition_rows r, pg_sleep(5)',
  );
}
