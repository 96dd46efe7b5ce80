/** Lives as rows of CDM tables, written as CSV text: the same bytes go into a file and into COPY. */

import type { Life, Occurrence, Visit } from './life.ts';
import { measures } from './measures.ts';
import { localConcept } from './vocabulary.ts';

const ehr = 32817;

/** Columns written, by table; the others stay NULL. */
export const personColumns = {
  person: [
    'person_id',
    'gender_concept_id',
    'year_of_birth',
    'month_of_birth',
    'day_of_birth',
    'birth_datetime',
    'race_concept_id',
    'ethnicity_concept_id',
    'location_id',
    'provider_id',
    'care_site_id',
    'person_source_value',
    'gender_source_value',
  ],
  observation_period: [
    'observation_period_id',
    'person_id',
    'observation_period_start_date',
    'observation_period_end_date',
    'period_type_concept_id',
  ],
  visit_occurrence: [
    'visit_occurrence_id',
    'person_id',
    'visit_concept_id',
    'visit_start_date',
    'visit_start_datetime',
    'visit_end_date',
    'visit_end_datetime',
    'visit_type_concept_id',
    'provider_id',
    'care_site_id',
    'preceding_visit_occurrence_id',
  ],
  condition_occurrence: [
    'condition_occurrence_id',
    'person_id',
    'condition_concept_id',
    'condition_start_date',
    'condition_end_date',
    'condition_type_concept_id',
    'provider_id',
    'visit_occurrence_id',
    'condition_source_value',
    'condition_source_concept_id',
  ],
  drug_exposure: [
    'drug_exposure_id',
    'person_id',
    'drug_concept_id',
    'drug_exposure_start_date',
    'drug_exposure_end_date',
    'drug_type_concept_id',
    'refills',
    'quantity',
    'days_supply',
    'provider_id',
    'visit_occurrence_id',
    'drug_source_concept_id',
  ],
  procedure_occurrence: [
    'procedure_occurrence_id',
    'person_id',
    'procedure_concept_id',
    'procedure_date',
    'procedure_type_concept_id',
    'quantity',
    'provider_id',
    'visit_occurrence_id',
    'procedure_source_concept_id',
  ],
  device_exposure: [
    'device_exposure_id',
    'person_id',
    'device_concept_id',
    'device_exposure_start_date',
    'device_type_concept_id',
    'visit_occurrence_id',
  ],
  measurement: [
    'measurement_id',
    'person_id',
    'measurement_concept_id',
    'measurement_date',
    'measurement_datetime',
    'measurement_type_concept_id',
    'operator_concept_id',
    'value_as_number',
    'unit_concept_id',
    'range_low',
    'range_high',
    'visit_occurrence_id',
  ],
  observation: [
    'observation_id',
    'person_id',
    'observation_concept_id',
    'observation_date',
    'observation_type_concept_id',
    'value_as_concept_id',
  ],
  death: ['person_id', 'death_date', 'death_type_concept_id', 'cause_concept_id'],
  condition_era: [
    'condition_era_id',
    'person_id',
    'condition_concept_id',
    'condition_era_start_date',
    'condition_era_end_date',
    'condition_occurrence_count',
  ],
  drug_era: [
    'drug_era_id',
    'person_id',
    'drug_concept_id',
    'drug_era_start_date',
    'drug_era_end_date',
    'drug_exposure_count',
    'gap_days',
  ],
} as const satisfies Record<string, readonly string[]>;

export type PersonTable = keyof typeof personColumns;
export const personTables = Object.keys(personColumns) as readonly PersonTable[];

/** Row ids of a person are those from `person * idStep`: they do not depend on who else is there. */
const idStep = 100_000;

const genders = { true: 8532, false: 8507 } as const;
const races = [8515, 8527] as const;
const smoking = [45879404, 45883458, 45881517] as const;
const stent = { procedure: 4283892, device: 45767945 };

export class RowWriter {
  readonly #calendar = new Calendar();
  readonly #ingredients: ReadonlyMap<number, number>;
  readonly #lines = perTable(() => new Lines());
  readonly rows = perTable(() => 0);

  /** `ingredients`: the ingredient of each drug that is not one itself. */
  constructor(ingredients: ReadonlyMap<number, number>) {
    this.#ingredients = ingredients;
  }

  /** The CSV text of one table that was written since the last call for it. */
  take(table: PersonTable): Buffer {
    return this.#lines[table].take();
  }

  write(person: number, life: Life): void {
    const date = this.#calendar;
    const site = 1 + (person % 2);
    const born = date.text(life.born);
    this.#row(
      'person',
      `${person},${genders[`${life.woman}`]},${Number(born.slice(0, 4))},${Number(born.slice(5, 7))},${Number(born.slice(8))},${born} 00:00:00,${races[life.race]},38003564,${1 + (person % 5)},${provider(person)},${site},P${person},${life.woman ? 'F' : 'M'}`,
    );
    let next = person * idStep;
    const id = () => {
      if (next === (person + 1) * idStep) throw new Error(`a person has more than ${idStep} rows`);
      return next++;
    };
    for (const each of life.periods) {
      this.#row(
        'observation_period',
        `${id()},${person},${date.text(each.start)},${date.text(each.end)},${ehr}`,
      );
    }
    const smokingDay = life.visits[0]?.start;
    if (life.smoking !== undefined && smokingDay !== undefined) {
      this.#row(
        'observation',
        `${id()},${person},43054909,${date.text(smokingDay)},${ehr},${smoking[life.smoking]}`,
      );
    }
    if (life.death !== undefined) {
      this.#row('death', `${person},${date.text(life.death.day)},${ehr},${life.death.cause ?? ''}`);
    }
    let before = '';
    for (const visit of life.visits) before = this.#visit(person, visit, site, before, id);
    this.#eras(person, life, id);
  }

  #visit(person: number, visit: Visit, site: number, before: string, id: () => number): string {
    const date = this.#calendar;
    const visitId = `${id()}`;
    const who = provider(person + visit.start);
    const start = date.text(visit.start);
    const end = date.text(visit.end);
    this.#row(
      'visit_occurrence',
      `${visitId},${person},${visit.concept},${start},${start} 09:00:00,${end},${end} 16:00:00,${ehr},${who},${site},${before}`,
    );
    for (const each of visit.conditions) {
      const source = localConcept(each.concept);
      this.#row(
        'condition_occurrence',
        `${id()},${person},${each.concept},${date.text(each.start)},${date.text(each.end)},${ehr},${who},${visitId},C${each.concept},${source}`,
      );
    }
    for (const each of visit.drugs) {
      const days = each.end - each.start + 1;
      this.#row(
        'drug_exposure',
        `${id()},${person},${each.concept},${date.text(each.start)},${date.text(each.end)},${ehr},${days >= 90 ? 1 : 0},${days},${days},${who},${visitId},0`,
      );
    }
    for (const each of visit.procedures) {
      this.#row(
        'procedure_occurrence',
        `${id()},${person},${each.concept},${date.text(each.start)},${ehr},1,${who},${visitId},0`,
      );
      if (each.concept === stent.procedure) {
        this.#row(
          'device_exposure',
          `${id()},${person},${stent.device},${date.text(each.start)},${ehr},${visitId}`,
        );
      }
    }
    for (const each of visit.measurements) {
      const of = measures.get(each.concept)!;
      const day = date.text(each.day);
      this.#row(
        'measurement',
        `${id()},${person},${each.concept},${day},${day} 10:00:00,${ehr},4172703,${each.value},${of.unit},${of.low ?? ''},${of.high ?? ''},${visitId}`,
      );
    }
    return visitId;
  }

  #eras(person: number, life: Life, id: () => number): void {
    const date = this.#calendar;
    const conditions = life.visits.flatMap((visit) => visit.conditions);
    for (const era of eras(conditions)) {
      this.#row(
        'condition_era',
        `${id()},${person},${era.concept},${date.text(era.start)},${date.text(era.end)},${era.count}`,
      );
    }
    const drugs = life.visits.flatMap((visit) =>
      visit.drugs.map((each) => ({ ...each, concept: this.#ingredients.get(each.concept) ?? each.concept })),
    );
    for (const era of eras(drugs)) {
      this.#row(
        'drug_era',
        `${id()},${person},${era.concept},${date.text(era.start)},${date.text(era.end)},${era.count},${era.gap}`,
      );
    }
  }

  #row(table: PersonTable, line: string): void {
    this.#lines[table].add(line);
    this.rows[table]++;
  }
}

interface Era extends Occurrence {
  readonly count: number;
  /** Days within that no occurrence covers. */
  readonly gap: number;
}

/** Occurrences of a concept no more than 30 days apart are one era (OMOP CDM 5.4, CONDITION_ERA, DRUG_ERA). */
function eras(occurrences: readonly Occurrence[]): Era[] {
  const sorted = occurrences.toSorted((a, b) => a.concept - b.concept || a.start - b.start || a.end - b.end);
  const found: { concept: number; start: number; end: number; count: number; gap: number }[] = [];
  for (const each of sorted) {
    const last = found.at(-1);
    if (last !== undefined && last.concept === each.concept && each.start <= last.end + 30) {
      last.gap += Math.max(0, each.start - last.end - 1);
      last.end = Math.max(last.end, each.end);
      last.count++;
    } else {
      found.push({ concept: each.concept, start: each.start, end: each.end, count: 1, gap: 0 });
    }
  }
  return found;
}

/** Days as `YYYY-MM-DD`, each written once. */
class Calendar {
  readonly #texts: string[] = [];

  text(day: number): string {
    const place = day + 36_600; // no synthetic person was born before 1870
    const known = this.#texts[place];
    if (known !== undefined) return known;
    const text = new Date(day * 86_400_000).toISOString().slice(0, 10);
    this.#texts[place] = text;
    return text;
  }
}

function provider(number: number): number {
  return 1 + (number % 12);
}

function perTable<T>(make: () => T): Record<PersonTable, T> {
  return Object.fromEntries(personTables.map((table) => [table, make()])) as Record<PersonTable, T>;
}

/** Lines of plain ASCII gathered as bytes: strings kept until the end of a chunk would cost more in clearing up. */
class Lines {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  add(line: string): void {
    if (this.#length + line.length + 1 > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(2 * this.#bytes.length + line.length);
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#length += this.#bytes.write(line, this.#length, 'latin1');
    this.#bytes[this.#length++] = 10;
  }

  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }
}
