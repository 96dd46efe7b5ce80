/** Concept sets: unused, unknown, empty, doubled, of another domain than their criterion. */

import { messages, remedies } from '#sql/circe/check/messages.ts';
import { info, warning } from '#sql/circe/check/warning.ts';
import {
  type CriterionType,
  criterionTypes,
  describeType,
  isCriterionType,
} from '#sql/circe/criteria/types.ts';
import type { CohortExpression, ConceptSet, Criterion, Filter } from '#sql/circe/expression.ts';
import type { Found } from '#sql/circe/told.ts';
import { walk } from '#sql/circe/walk.ts';

export function conceptSetFindings(expression: CohortExpression): readonly Found[] {
  const sets = new Map(expression.ConceptSets.map((set) => [set.id, set]));
  const uses = usesOf(expression);
  const used = new Set(uses.map((use) => use.id));
  return [
    ...expression.ConceptSets.flatMap((set) => ownFindings(set, used)),
    ...doubled(expression.ConceptSets),
    ...uses.filter((use) => !sets.has(use.id)).map((use) => unknown(use)),
    ...uses.flatMap((use) => domainFindings(use, sets.get(use.id))),
    ...uses.flatMap((use) => standardFindings(use, sets.get(use.id))),
  ];
}

interface Use {
  readonly id: number;
  readonly path: string;
  readonly type?: CriterionType;
  /** Which concepts stand in the column: standard ones or those of the source. */
  readonly asks?: 'standard' | 'source';
}

function usesOf(expression: CohortExpression): readonly Use[] {
  const uses: Use[] = [];
  const add = (filters: readonly Filter[], type?: CriterionType) => {
    for (const filter of filters) {
      if (filter.kind !== 'codeset' && filter.kind !== 'selection') continue;
      const ofDomain = filter.name === 'CodesetId' && type !== undefined ? { type } : {};
      const asks = filter.kind === 'codeset' ? { asks: kindOf(filter.column) } : {};
      uses.push({ id: filter.CodesetId, path: filter.path, ...ofDomain, ...asks });
    }
  };
  walk(expression, {
    criterion: (criterion: Criterion) => add(criterion.filters, criterion.type),
    demographic: (criterion) => add(criterion.filters),
  });
  const strategy = expression.EndStrategy;
  if (strategy?.kind === 'CustomEra' && strategy.DrugCodesetId !== undefined) {
    uses.push({ id: strategy.DrugCodesetId, path: `${strategy.path}.DrugCodesetId`, type: 'DrugExposure' });
  }
  return uses;
}

function ownFindings(set: ConceptSet, used: ReadonlySet<number>): readonly Found[] {
  const big = set.items.findIndex(({ concept }) => BigInt(concept.CONCEPT_ID) > 2147483647n);
  return [
    ...(used.has(set.id)
      ? []
      : [warning('unused-concept-set', set.path, messages['unused-concept-set'](set.id))]),
    ...(set.items.some((item) => !item.isExcluded)
      ? []
      : [warning('empty-concept-set', set.path, messages['empty-concept-set'](set.id))]),
    ...(big < 0
      ? []
      : [
          warning(
            'concept-out-of-range',
            `${set.path}.expression.items[${big}].concept.CONCEPT_ID`,
            messages['concept-out-of-range'],
          ),
        ]),
  ];
}

function doubled(sets: readonly ConceptSet[]): readonly Found[] {
  const contents = new Map<string, ConceptSet>();
  const bare = new Map<string, ConceptSet>();
  const ids = new Map<number, ConceptSet>();
  return sets.flatMap((set) => {
    const flagged = set.items.map((item) =>
      [item.concept.CONCEPT_ID, item.isExcluded, item.includeDescendants, item.includeMapped].join(),
    );
    const key = flagged.sort().join(';');
    const concepts = set.items
      .map(({ concept }) => `${concept.CONCEPT_ID}`)
      .sort()
      .join(';');
    const same = contents.get(key);
    const alike = bare.get(concepts);
    const sameId = ids.get(set.id);
    contents.set(key, same ?? set);
    bare.set(concepts, alike ?? set);
    ids.set(set.id, sameId ?? set);
    const code = 'duplicate-concept-set';
    const twin =
      set.items.length === 0
        ? []
        : same !== undefined
          ? [warning(code, set.path, messages[code].same(same.path))]
          : alike !== undefined
            ? [info(code, set.path, messages[code].alike(alike.path))]
            : [];
    return [
      ...twin,
      ...(sameId === undefined
        ? []
        : [
            warning(
              'repeated-concept-set-id',
              `${set.path}.id`,
              messages['repeated-concept-set-id'](sameId.path),
            ),
          ]),
    ];
  });
}

function unknown(use: Use): Found {
  return warning('unknown-concept-set', use.path, messages['unknown-concept-set'](use.id), remedies.addSet);
}

/** The domains whose concepts stand in the concept column of each table. */
const domains: Partial<Record<CriterionType, readonly string[]>> = {
  ConditionOccurrence: ['Condition'],
  ConditionEra: ['Condition'],
  DrugExposure: ['Drug'],
  DrugEra: ['Drug'],
  DoseEra: ['Drug'],
  ProcedureOccurrence: ['Procedure'],
  DeviceExposure: ['Device'],
  Measurement: ['Measurement'],
  Observation: ['Observation'],
  VisitOccurrence: ['Visit'],
  VisitDetail: ['Visit'],
  Specimen: ['Specimen'],
};

/** The domains whose concepts stand in the concept column of a table; undefined where any may. */
export function domainsOf(table: string): readonly string[] | undefined {
  const type = Object.keys(criterionTypes).find(
    (name) => isCriterionType(name) && describeType(name).table === table && domains[name] !== undefined,
  );
  return type !== undefined && isCriterionType(type) ? domains[type] : undefined;
}

/** Only where not one included concept is of the criterion's domain: mixed sets are everyday. */
function domainFindings(use: Use, set: ConceptSet | undefined): readonly Found[] {
  const fitting = use.type === undefined ? undefined : domains[use.type];
  if (fitting === undefined || set === undefined) return [];
  const found = set.items.filter((item) => !item.isExcluded).map((item) => item.concept.DOMAIN_ID);
  if (found.length === 0 || found.some((domain) => domain === undefined || fitsDomain(domain, fitting)))
    return [];
  const message = messages['domain-mismatch'](set.id, fitting, `${use.type}`);
  return [warning('domain-mismatch', use.path, message)];
}

/** Combined domains such as `Condition/Meas` fit both; a blank one says nothing. */
function fitsDomain(domain: string, fitting: readonly string[]): boolean {
  return domain === '' || fitting.some((one) => domain.split('/').some((part) => one.startsWith(part)));
}

function kindOf(column: string): 'standard' | 'source' {
  return column.endsWith('source_concept_id') ? 'source' : 'standard';
}

/** As the definition itself says it of its concepts; `cohort check --here` asks the vocabulary. */
function standardFindings(use: Use, set: ConceptSet | undefined): readonly Found[] {
  if (use.asks === undefined || set === undefined) return [];
  const listed = set.items.filter((item) => !item.isExcluded);
  const says = (flag: string) => listed.filter(({ concept }) => concept.STANDARD_CONCEPT === flag).length;
  if (use.asks === 'standard' && says('N') > 0) {
    const message = messages['not-standard'].asked(says('N'), listed.length, set.id);
    return [info('not-standard', use.path, message)];
  }
  if (use.asks === 'source' && listed.length > 0 && says('S') === listed.length) {
    const message = messages['not-standard'].source(set.id);
    return [info('not-standard', use.path, message)];
  }
  return [];
}
