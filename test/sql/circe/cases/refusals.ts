/** What Circe can ask and CDM 5.4 has no place for: refused at its path, with the reason. */

import { ask } from './attributes/events.ts';
import { anyTime, cohort, group, near, rule, Sick } from './plain.ts';

interface Refusal {
  readonly definition: object;
  readonly path: string;
  readonly reason: RegExp;
}

const entry = '$.PrimaryCriteria.CriteriaList[0]';
const refused = (type: string, name: string, value: unknown, reason: RegExp): Refusal => ({
  definition: ask({ [type]: { [name]: value } }),
  path: `${entry}.${type}.${name}`,
  reason,
});
const range = { Op: 'gt', Value: 1 };
const dates = { Op: 'gt', Value: '2010-01-01' };
const selection = { CodesetId: 0, IsExclusion: false };
const region = { LocationRegion: {} };

export const refusals: readonly Refusal[] = [
  refused('DrugExposure', 'EffectiveDrugDose', range, /effective_drug_dose/),
  refused('DrugExposure', 'DoseUnit', [{ CONCEPT_ID: 1 }], /dose_unit_concept_id/),
  refused('DrugExposure', 'DoseUnitCS', selection, /dose_unit_concept_id/),
  refused('VisitOccurrence', 'PlaceOfServiceLocation', 0, /LOCATION_HISTORY/),
  refused('VisitDetail', 'PlaceOfServiceLocation', 0, /LOCATION_HISTORY/),
  refused('Specimen', 'SpecimenSourceConcept', 0, /source concept of a specimen/),
  refused('LocationRegion', 'CodesetId', 0, /LOCATION_HISTORY/),
  refused('LocationRegion', 'StartDate', dates, /LOCATION_HISTORY/),
  refused('LocationRegion', 'EndDate', dates, /LOCATION_HISTORY/),
  { definition: ask(region), path: `${entry}.LocationRegion`, reason: /LOCATION_HISTORY/ },
  {
    definition: cohort([Sick], rule(group('ALL', [near(region)]))),
    path: '$.InclusionRules[0].expression.CriteriaList[0].Criteria.LocationRegion',
    reason: /LOCATION_HISTORY/,
  },
  {
    definition: cohort([Sick], { CensoringCriteria: [{ DrugExposure: { EffectiveDrugDose: range } }] }),
    path: '$.CensoringCriteria[0].DrugExposure.EffectiveDrugDose',
    reason: /effective_drug_dose/,
  },
  {
    definition: cohort([
      {
        LocationRegion: {
          DateAdjustment: { StartWith: 'START_DATE', StartOffset: 0, EndWith: 'END_DATE', EndOffset: 0 },
          CorrelatedCriteria: group('ALL', [{ ...near(Sick), StartWindow: anyTime }]),
        },
      },
    ]),
    path: `${entry}.LocationRegion`,
    reason: /LOCATION_HISTORY/,
  },
];
