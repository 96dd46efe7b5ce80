/** Lives as rows of CDM tables, written as CSV text: the same bytes go into a file and into COPY. */

import type { Occurrence, Visit } from './course.ts';
import type { ImagedProcedure, ImageRows } from './images.ts';
import type { Life } from './life.ts';
import { Lines } from './lines.ts';
import { measures } from './measures.ts';
import { type PersonTable, personTables } from './person-tables.ts';
import type { Random } from './random.ts';
import { localConcept } from './vocabulary.ts';

const ehr = 32817;

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
  readonly #images: ImageRows | undefined;
  /** Of the visit written last. */
  #procedures: ImagedProcedure[] = [];

  /** `ingredients`: the ingredient of each drug that is not one itself. `images` hears of the procedures, where there are to be any. */
  constructor(ingredients: ReadonlyMap<number, number>, images?: ImageRows) {
    this.#ingredients = ingredients;
    this.#images = images;
  }

  /** The CSV text of one table that was written since the last call for it. */
  take(table: PersonTable): Buffer {
    return this.#lines[table].take();
  }

  /** `forImages`: random numbers of their own, so that with and without images a person is the same. */
  write(person: number, life: Life, forImages?: Random): void {
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
    // From the other end: rows that only a hospital with images has change no other's id.
    let last = (person + 1) * idStep;
    for (const visit of life.visits) {
      before = this.#visit(person, visit, site, before, id);
      if (forImages !== undefined) this.#image(person, visit, before, forImages, () => --last);
    }
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
    this.#procedures = [];
    for (const each of visit.procedures) {
      const procedure = { id: `${id()}`, concept: each.concept, day: date.text(each.start) };
      this.#procedures.push(procedure);
      this.#procedure(person, procedure, who, visitId);
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

  #procedure(person: number, { id, concept, day }: ImagedProcedure, who: number, visit: string): void {
    this.#row('procedure_occurrence', `${id},${person},${concept},${day},${ehr},1,${who},${visit},0`);
  }

  /** The images of a visit just written, and the procedures that only they are the trace of. */
  #image(person: number, visit: Visit, visitId: string, random: Random, spare: () => number): void {
    const images = this.#images;
    if (images === undefined) return;
    const day = this.#calendar.text(visit.start);
    const who = provider(person + visit.start);
    for (const concept of images.ordered(random, visit)) {
      const procedure = { id: `${spare()}`, concept, day };
      this.#procedures.push(procedure);
      this.#procedure(person, procedure, who, visitId);
    }
    images.write(random, person, visit, visitId, this.#procedures);
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
