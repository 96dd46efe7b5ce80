/**
 * The secondary indexes of an owned CDM, as data. Two for each event table: one led by the concept, which holds all that
 * an entry event needs (person, dates, row id, visit), so that primary events are an index-only scan; one led by the
 * person, for the correlated probe "has this person such an event near this date".
 */

export interface CdmIndex {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** Columns carried along for index-only scans. */
  readonly include: readonly string[];
}

export const cdmIndexes: readonly CdmIndex[] = Object.freeze([
  ...eventIndexes('visit_occurrence', 'visit_concept_id', 'visit_start_date', [
    'visit_end_date',
    'visit_occurrence_id',
  ]),
  ...eventIndexes('visit_detail', 'visit_detail_concept_id', 'visit_detail_start_date', [
    'visit_detail_end_date',
    'visit_detail_id',
    'visit_occurrence_id',
  ]),
  ...eventIndexes('condition_occurrence', 'condition_concept_id', 'condition_start_date', [
    'condition_end_date',
    'condition_occurrence_id',
    'visit_occurrence_id',
  ]),
  ...eventIndexes('drug_exposure', 'drug_concept_id', 'drug_exposure_start_date', [
    'drug_exposure_end_date',
    'days_supply',
    'drug_exposure_id',
    'visit_occurrence_id',
  ]),
  ...eventIndexes('procedure_occurrence', 'procedure_concept_id', 'procedure_date', [
    'procedure_occurrence_id',
    'visit_occurrence_id',
  ]),
  ...eventIndexes('device_exposure', 'device_concept_id', 'device_exposure_start_date', [
    'device_exposure_end_date',
    'device_exposure_id',
    'visit_occurrence_id',
  ]),
  ...eventIndexes('measurement', 'measurement_concept_id', 'measurement_date', [
    'measurement_id',
    'visit_occurrence_id',
  ]),
  ...eventIndexes('observation', 'observation_concept_id', 'observation_date', [
    'observation_id',
    'visit_occurrence_id',
  ]),
  ...eventIndexes('specimen', 'specimen_concept_id', 'specimen_date', ['specimen_id']),
  ...eventIndexes('condition_era', 'condition_concept_id', 'condition_era_start_date', [
    'condition_era_end_date',
    'condition_era_id',
  ]),
  ...eventIndexes('drug_era', 'drug_concept_id', 'drug_era_start_date', ['drug_era_end_date', 'drug_era_id']),
  ...eventIndexes('dose_era', 'drug_concept_id', 'dose_era_start_date', ['dose_era_end_date', 'dose_era_id']),
  ...eventIndexes('episode', 'episode_concept_id', 'episode_start_date', ['episode_end_date', 'episode_id']),
  // Source concepts stand in for the standard one in 49 of 1,100 library definitions, and in custom eras of drugs.
  index('condition_occurrence', ['condition_source_concept_id']),
  index('drug_exposure', ['drug_source_concept_id']),
  index('procedure_occurrence', ['procedure_source_concept_id']),
  index(
    'observation_period',
    ['person_id', 'observation_period_start_date', 'observation_period_end_date'],
    ['observation_period_id'],
  ),
  index('death', ['person_id', 'death_date']),
  index('payer_plan_period', ['person_id', 'payer_plan_period_start_date', 'payer_plan_period_end_date']),
  index('note', ['person_id', 'note_date']),
  index('note_nlp', ['note_id']),
  index('note_nlp', ['note_nlp_concept_id']),
  index('fact_relationship', ['domain_concept_id_1', 'fact_id_1']),
  index('cost', ['cost_event_id']),
  index('episode_event', ['episode_id']),
  index('cohort', ['cohort_definition_id', 'subject_id']),
  index('concept', ['concept_code', 'vocabulary_id']),
  index('concept_relationship', ['concept_id_1', 'relationship_id', 'concept_id_2']),
  index('concept_relationship', ['concept_id_2', 'relationship_id', 'concept_id_1']),
  index('concept_synonym', ['concept_id']),
  index('concept_ancestor', ['ancestor_concept_id', 'descendant_concept_id']),
  index('concept_ancestor', ['descendant_concept_id', 'ancestor_concept_id']),
  index('source_to_concept_map', ['source_code', 'source_vocabulary_id']),
  index('source_to_concept_map', ['target_concept_id']),
  index('drug_strength', ['drug_concept_id', 'ingredient_concept_id']),
  index('drug_strength', ['ingredient_concept_id']),
]);

function eventIndexes(table: string, concept: string, start: string, include: readonly string[]): CdmIndex[] {
  return [index(table, [concept, 'person_id', start], include), index(table, ['person_id', concept, start])];
}

function index(table: string, columns: readonly string[], include: readonly string[] = []): CdmIndex {
  const lead = columns[0]!.replace(/_id$/, '');
  return Object.freeze({ name: `${table}_by_${lead}`.slice(0, 63), table, columns, include });
}
