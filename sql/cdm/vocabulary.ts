/** The vocabulary tables of OMOP CDM 5.4. Source and conventions as in clinical.ts. */

import { cdmTable } from './table.ts';

export const vocabularyTables = [
  cdmTable(
    'vocabulary',
    'concept',
    ['concept_id'],
    `
    concept_id                     integer    required
    concept_name                   text(255)  required
    domain_id                      text(20)   required
    vocabulary_id                  text(20)   required
    concept_class_id               text(20)   required
    standard_concept               text(1)
    concept_code                   text(50)   required
    valid_start_date               date       required
    valid_end_date                 date       required
    invalid_reason                 text(1)
  `,
  ),
  cdmTable(
    'vocabulary',
    'vocabulary',
    ['vocabulary_id'],
    `
    vocabulary_id                  text(20)   required
    vocabulary_name                text(255)  required
    vocabulary_reference           text(255)
    vocabulary_version             text(255)
    vocabulary_concept_id          integer    required
  `,
  ),
  cdmTable(
    'vocabulary',
    'domain',
    ['domain_id'],
    `
    domain_id                      text(20)   required
    domain_name                    text(255)  required
    domain_concept_id              integer    required
  `,
  ),
  cdmTable(
    'vocabulary',
    'concept_class',
    ['concept_class_id'],
    `
    concept_class_id               text(20)   required
    concept_class_name             text(255)  required
    concept_class_concept_id       integer    required
  `,
  ),
  cdmTable(
    'vocabulary',
    'concept_relationship',
    [],
    `
    concept_id_1                   integer    required
    concept_id_2                   integer    required
    relationship_id                text(20)   required
    valid_start_date               date       required
    valid_end_date                 date       required
    invalid_reason                 text(1)
  `,
  ),
  cdmTable(
    'vocabulary',
    'relationship',
    ['relationship_id'],
    `
    relationship_id                text(20)   required
    relationship_name              text(255)  required
    is_hierarchical                text(1)    required
    defines_ancestry               text(1)    required
    reverse_relationship_id        text(20)   required
    relationship_concept_id        integer    required
  `,
  ),
  cdmTable(
    'vocabulary',
    'concept_synonym',
    [],
    `
    concept_id                     integer    required
    concept_synonym_name           text(1000) required
    language_concept_id            integer    required
  `,
  ),
  cdmTable(
    'vocabulary',
    'concept_ancestor',
    [],
    `
    ancestor_concept_id            integer    required
    descendant_concept_id          integer    required
    min_levels_of_separation       integer    required
    max_levels_of_separation       integer    required
  `,
  ),
  cdmTable(
    'vocabulary',
    'source_to_concept_map',
    [],
    `
    source_code                    text(50)   required
    source_concept_id              integer    required
    source_vocabulary_id           text(20)   required
    source_code_description        text(255)
    target_concept_id              integer    required
    target_vocabulary_id           text(20)   required
    valid_start_date               date       required
    valid_end_date                 date       required
    invalid_reason                 text(1)
  `,
  ),
  cdmTable(
    'vocabulary',
    'drug_strength',
    [],
    `
    drug_concept_id                integer    required
    ingredient_concept_id          integer    required
    amount_value                   numeric
    amount_unit_concept_id         integer
    numerator_value                numeric
    numerator_unit_concept_id      integer
    denominator_value              numeric
    denominator_unit_concept_id    integer
    box_size                       integer
    valid_start_date               date       required
    valid_end_date                 date       required
    invalid_reason                 text(1)
  `,
  ),
];
