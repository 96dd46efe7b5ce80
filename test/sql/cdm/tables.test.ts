import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIndex, createTable } from '#sql/cdm/ddl.ts';
import { cdmIndexes } from '#sql/cdm/indexes.ts';
import { cdmTable } from '#sql/cdm/table.ts';
import { cdmTables, findCdmTable } from '#sql/cdm/tables.ts';

test('names all 39 tables of OMOP CDM 5.4, each once', () => {
  assert.equal(cdmTables.length, 39);
  assert.equal(new Set(cdmTables.map((table) => table.name)).size, 39);
});

test('gives row ids and persons 64 bits, concepts 32', () => {
  for (const table of cdmTables) {
    for (const column of table.columns) {
      if (/concept_id(_[12])?$/.test(column.name)) assert.equal(column.type, 'integer', column.name);
      if (column.name === 'person_id' || column.name === 'visit_occurrence_id')
        assert.equal(column.type, 'bigint');
    }
  }
});

test('requires what makes up a primary key', () => {
  for (const table of cdmTables) {
    for (const key of table.primaryKey) {
      assert.equal(
        table.columns.find((column) => column.name === key)?.required,
        true,
        `${table.name}.${key}`,
      );
    }
  }
});

test('indexes only columns that exist, under names of their own', () => {
  assert.equal(new Set(cdmIndexes.map((index) => index.name)).size, cdmIndexes.length);
  for (const index of cdmIndexes) {
    const columns = findCdmTable(index.table)?.columns.map((column) => column.name) ?? [];
    for (const name of [...index.columns, ...index.include])
      assert.ok(columns.includes(name), `${index.name} ${name}`);
  }
});

test('writes a table and an index as SQL', () => {
  const table = cdmTable('clinical', 'note', ['note_id'], 'note_id bigint required\noffset text(50)');
  assert.equal(
    createTable(table),
    'create table "note" (\n  "note_id" bigint not null,\n  "offset" character varying(50),\n  constraint note_key primary key ("note_id")\n);',
  );
  assert.equal(
    createIndex({ name: 'i', table: 'note', columns: ['offset'], include: ['note_id'] }),
    'create index i on "note" ("offset") include ("note_id");',
  );
});

test('refuses a column that is not written in the notation, and a key that is no column', () => {
  assert.throws(() => cdmTable('clinical', 't', [], 'a whole'), /cannot read the column/);
  assert.throws(() => cdmTable('clinical', 't', ['b'], 'a bigint required'), /no key column/);
});
