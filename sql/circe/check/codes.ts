/**
 * Every code that checking a definition can give, with the check of OHDSI's circe-be that warns of the same, where one does.
 * docs/cohort-checks.md says each in words; a test holds the two together.
 */

export const checkCodes = {
  'unused-concept-set': 'UnusedConceptsCheck',
  'duplicate-concept-set': 'DuplicatesConceptSetCheck',
  'empty-concept-set': 'EmptyConceptSetCheck',
  'unknown-concept-set': '',
  'repeated-concept-set-id': '',
  'concept-out-of-range': '',
  'domain-mismatch': '',
  'not-standard': '',
  'no-concept-set': 'ConceptSetCriteriaCheck',
  'empty-value':
    'ConceptCheck, ConceptSetSelectionCheck, TextCheck, GenderCriteriaCheck, ProviderSpecialtyCheck, EmptyDomainTypeCheck, DrugExposureCheck, MeasurementCheck',
  'empty-demographic': 'AttributeCheck',
  'no-record-type': 'DomainTypeCheck',
  'drug-era-supply': 'DrugEraCheck',
  'drug-not-in-exit': 'DrugDomainCheck',
  'empty-range': 'RangeCheck',
  'empty-period': 'RangeCheck',
  'negative-value': 'RangeCheck',
  'negative-days': 'RangeCheck',
  'decimals-cut': '',
  'dates-exclude': '',
  'contradictory-window': '',
  'longer-than-observation': 'TimeWindowCheck',
  'unlike-window': 'TimePatternCheck',
  'death-before-index': 'DeathTimeWindowCheck',
  'before-first': '',
  'not-first': 'FirstTimeInHistoryCheck',
  'incomplete-rule': 'IncompleteRuleCheck',
  'rule-name': '',
  'empty-group': '',
  'counts-nothing': 'OcurrenceCheck',
  'needless-distinct': '',
  'impossible-count': '',
  'never-satisfied': '',
  contradiction: 'CriteriaContradictionsCheck',
  'duplicate-criterion': 'DuplicatesCriteriaCheck',
  'no-exit': 'NoExitCriteriaCheck',
  'zero-offset': 'ExitCriteriaDaysOffsetCheck',
  'limit-without-effect': 'EventsProgressionCheck',
  'circe-differs': '',
} as const;

export type CheckCode = keyof typeof checkCodes;
