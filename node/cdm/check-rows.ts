/** What is amiss in the rows of a CDM, by counting. */

import type { ClientBase } from 'pg';
import { quoteName } from '#sql/cdm/ddl.ts';
import { type CdmTable, cdmTables, findCdmTable } from '#sql/cdm/tables.ts';
import type { FoundTable } from './catalog.ts';
import { hasKey, judge } from './check-structure.ts';
import { qualify } from './fill.ts';
import type { Finding, Severity } from './finding.ts';

/** Each question is asked only where its tables and columns are there, with types that can be compared. */
export class RowCheck {
  readonly #client: ClientBase;
  readonly #schema: string;
  readonly #catalog: ReadonlyMap<string, FoundTable>;
  readonly #findings: Finding[];

  constructor(
    client: ClientBase,
    schema: string,
    catalog: ReadonlyMap<string, FoundTable>,
    findings: Finding[],
  ) {
    this.#client = client;
    this.#schema = schema;
    this.#catalog = catalog;
    this.#findings = findings;
  }

  async contents(): Promise<void> {
    await this.#empty();
    await this.#source();
    await this.#persons();
    for (const table of cdmTables) {
      if (table.group === 'cohort' || !this.#catalog.has(table.name)) continue;
      await this.#keys(table);
      await this.#orphans(table);
      await this.#concepts(table);
      await this.#dates(table);
      await this.#outside(table);
    }
  }

  async #empty(): Promise<void> {
    const remedies: Readonly<Record<string, string>> = {
      person: 'There is nobody in it: load persons.',
      observation_period: 'Nobody is observed, so every cohort is empty: load observation periods.',
      concept: 'Concept sets find nothing without it: load a vocabulary.',
      concept_ancestor: 'Concept sets find no descendants without it: load it from Athena.',
      concept_relationship: 'Concept sets find nothing mapped without it: load it from Athena.',
      vocabulary: 'Load it: the version of the vocabulary is read from it.',
      domain: 'Load it with the vocabulary.',
      concept_class: 'Load it with the vocabulary.',
      relationship: 'Load it with the vocabulary.',
      cdm_source: 'Add its one row: it names the source and the versions.',
    };
    for (const [table, remedy] of Object.entries(remedies)) {
      if (!this.#catalog.has(table)) continue;
      const found = await this.#client.query(`select 1 from ${this.#at(table)} limit 1`);
      if (found.rows.length === 0) this.#add('table-empty', 'warning', table, 1, remedy);
    }
  }

  async #source(): Promise<void> {
    if (!this.#has('cdm_source', ['cdm_version'])) return;
    const count = await this.#count(
      `${this.#at('cdm_source')} where cdm_version is null or cdm_version !~ '^[vV]?5\\.4'`,
    );
    this.#add(
      'cdm-version',
      'warning',
      'cdm_source',
      count,
      'The source says another version than 5.4: load data of 5.4, or correct cdm_version.',
    );
  }

  async #persons(): Promise<void> {
    if (!this.#has('person', ['person_id']) || !this.#has('observation_period', periodColumns)) return;
    const person = this.#at('person');
    const period = this.#at('observation_period');
    const unseen = await this.#count(
      `${person} p where not exists (select from ${period} o where o.person_id = p.person_id)`,
    );
    this.#add(
      'person-without-period',
      'warning',
      'person',
      unseen,
      'They are in no cohort: give them observation periods.',
    );
    const overlaps = await this.#count(
      `(select observation_period_start_date as start, lag(observation_period_end_date) over
          (partition by person_id order by observation_period_start_date, observation_period_end_date) as before
          from ${period}) each where start <= before`,
    );
    this.#add(
      'periods-overlap',
      'warning',
      'observation_period',
      overlaps,
      'Join the periods of a person that overlap: their events are counted twice.',
    );
    if (this.#has('death', ['person_id'])) {
      const twice = await this.#count(
        `(select from ${this.#at('death')} group by person_id having count(*) > 1) each`,
      );
      this.#add('death-repeated', 'warning', 'death', twice, 'Keep one death a person.');
    }
  }

  /** Where no unique index sees to it, the rows whose key another row has too. */
  async #keys(table: CdmTable): Promise<void> {
    if (table.primaryKey.length === 0 || !this.#has(table.name, table.primaryKey)) return;
    if (hasKey(table, this.#catalog.get(table.name)!)) return;
    const key = table.primaryKey.map(quoteName).join(', ');
    const found = await this.#client.query<{ count: string }>(
      `select coalesce(sum(n - 1), 0)::text as count from (select count(*) as n from ${this.#at(table.name)} group by ${key} having count(*) > 1) each`,
    );
    this.#add(
      'primary-key-repeated',
      'error',
      table.name,
      Number(found.rows[0]?.count),
      'Remove the rows that repeat a key.',
    );
  }

  async #orphans(table: CdmTable): Promise<void> {
    if (table.personKey === undefined || table.name === 'person') return;
    if (!this.#has('person', ['person_id']) || !this.#has(table.name, [table.personKey])) return;
    const key = quoteName(table.personKey);
    const count = await this.#count(
      `${this.#at(table.name)} t where not exists (select from ${this.#at('person')} p where p.person_id = t.${key})`,
    );
    this.#add(
      'person-unknown',
      'warning',
      table.name,
      count,
      'Rows of nobody in person are in no cohort: add the persons or drop the rows.',
    );
  }

  async #concepts(table: CdmTable): Promise<void> {
    const looked = table.group !== 'vocabulary' && table.group !== 'metadata';
    const links = table.name === 'concept_ancestor' || table.name === 'concept_relationship';
    if (!(looked || links) || !this.#has('concept', ['concept_id'])) return;
    const columns = table.columns
      .map((column) => column.name)
      .filter((name) => /concept_id(_[12])?$/.test(name) && this.#has(table.name, [name]));
    if (columns.length === 0) return;
    const counted = columns.map(
      (name) =>
        `select '${name}' as name, ${quoteName(name)} as id, count(*) as n from ${this.#at(table.name)} where ${quoteName(name)} <> 0 group by 2`,
    );
    const found = await this.#client.query<{ name: string; count: string }>(
      `select name, sum(n)::text as count from (${counted.join(' union all ')}) used
        where not exists (select from ${this.#at('concept')} c where c.concept_id = used.id) group by name order by name`,
    );
    const count = found.rows.reduce((sum, row) => sum + Number(row.count), 0);
    const names = found.rows.map((row) => row.name).join(', ');
    this.#add(
      'concept-unresolved',
      'warning',
      table.name,
      count,
      `Load a vocabulary that has these concepts: ${names}.`,
    );
    const main = columns.find((name) => name !== 'person_id');
    if (!looked || table.personKey === undefined || main === undefined || !this.#isEvent(table)) return;
    const unmapped = await this.#count(`${this.#at(table.name)} where ${quoteName(main)} = 0`);
    this.#add('concept-unmapped', 'info', table.name, unmapped, `Map the source codes: ${main} is 0.`);
  }

  async #dates(table: CdmTable): Promise<void> {
    const pairs = table.columns.flatMap(({ name }) => {
      const end = name
        .replace(/_start_date$/, '_end_date')
        .replace(/^procedure_date$/, 'procedure_end_date')
        .replace(/^valid_start_date$/, 'valid_end_date');
      return end !== name && this.#has(table.name, [name, end]) ? [[name, end] as const] : [];
    });
    for (const [start, end] of pairs) {
      const count = await this.#count(
        `${this.#at(table.name)} where ${quoteName(end)} < ${quoteName(start)}`,
      );
      this.#add(
        'dates-reversed',
        'warning',
        table.name,
        count,
        `Correct the rows whose ${end} lies before ${start}.`,
      );
    }
  }

  async #outside(table: CdmTable): Promise<void> {
    const start = table.columns.find((column) => column.type === 'date' && column.required)?.name;
    if (!this.#isEvent(table) || start === undefined) return;
    if (!this.#has(table.name, ['person_id', start]) || !this.#has('observation_period', periodColumns))
      return;
    const count = await this.#count(
      `${this.#at(table.name)} t where not exists (select from ${this.#at('observation_period')} o where o.person_id = t.person_id
         and t.${quoteName(start)} between o.observation_period_start_date and o.observation_period_end_date)`,
    );
    this.#add(
      'outside-observation',
      'info',
      table.name,
      count,
      'Events outside observation periods start no cohort: lengthen the periods if they should.',
    );
  }

  #isEvent(table: CdmTable): boolean {
    return (
      table.personKey === 'person_id' &&
      table.name !== 'person' &&
      table.name !== 'observation_period' &&
      table.group !== 'economics'
    );
  }

  #add(code: string, severity: Severity, table: string, count: number, remedy: string): void {
    if (count > 0) this.#findings.push({ code, severity, table, count, remedy });
  }

  #has(table: string, columns: readonly string[]): boolean {
    const found = this.#catalog.get(table);
    const known = findCdmTable(table)?.columns ?? [];
    return columns.every((name) => {
      const column = known.find((each) => each.name === name);
      return (
        column !== undefined && found?.columns.has(name) && judge(column, found.columns.get(name)) !== 'wrong'
      );
    });
  }

  #at(table: string): string {
    return qualify(this.#schema, table);
  }

  async #count(from: string): Promise<number> {
    const found = await this.#client.query<{ count: string }>(`select count(*)::text as count from ${from}`);
    return Number(found.rows[0]?.count);
  }
}

const periodColumns = ['person_id', 'observation_period_start_date', 'observation_period_end_date'];
