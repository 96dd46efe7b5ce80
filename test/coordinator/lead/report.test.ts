/** What a lead reads: every figure with what it stands on, and no formula that a spreadsheet would run. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { PooledResult } from '#lead/pool.ts';
import { csv, table } from '#lead/report.ts';
import type { SiteVocabulary } from '#protocol/vocabulary.ts';
import { pooledCount } from '#sql/analysis/count/pool.ts';

const cohort = pooledCount(
  '=HYPERLINK("x")',
  ['Adult, at index'],
  [
    { id: 'persons', kind: 'persons', state: 'value', value: 40, sites: 2 },
    { id: 'rows', kind: 'rows', state: 'range', low: 41, high: 52, sites: 2 },
    { id: 'attrition:0', kind: 'persons', state: 'value', value: 60, sites: 2 },
    { id: 'attrition:1', kind: 'persons', state: 'value', value: 40, sites: 2 },
    { id: 'sex:f', kind: 'persons', state: 'suppressed', low: 1, high: 6, sites: 2 },
    { id: 'age:40-49', kind: 'persons', state: 'value', value: 40, sites: 2 },
    { id: 'sex:f/age:40-49', kind: 'persons', state: 'suppressed', low: 1, high: 6, sites: 2 },
  ],
);

const result: PooledResult = {
  study: '01a20353-cb5f-7a37-b7fc-198c0f001032',
  version: 1,
  hash: 'f'.repeat(64),
  title: 'A study',
  state: 'open',
  standsOn: '2 of 3',
  complete: false,
  minCell: 5,
  counts: 'person-records over sites: one patient may visit two hospitals',
  sites: [
    {
      site: 'busan',
      state: 'answered',
      cohorts: [{ name: cohort.name, persons: cohort.persons, rows: cohort.rows }],
    },
    { site: 'daegu', state: 'refused', code: 'hospital-refused', reason: 'scope' },
    {
      site: 'jeju',
      state: 'answered',
      late: true,
      left: true,
      despite: 'pause',
      cohorts: [{ name: cohort.name, persons: cohort.persons, rows: cohort.rows }],
    },
  ],
  cohorts: [cohort],
};

it('says how many sites it stands on, shows bounds as bounds, and why a site is missing', () => {
  const text = table(result);
  assert.match(text, /version 1, open; stands on 2 of 3 sites; minimum cell 5; person-records over sites/);
  assert.match(text, /persons +40\n/);
  assert.match(text, /rows +41–52\n/);
  assert.match(text, /1 Adult, at index +40/);
  assert.match(text, /40-49 +1–6 +40/);
  assert.match(text, /busan +40 persons +41–52 rows/);
  assert.match(text, /daegu +refused \(hospital-refused, scope\)/);
  assert.match(text, /jeju \(late; left the network since; after the order to pause\) +40 persons/);
});

it('writes one line a figure, and never a formula', () => {
  const lines = csv(result).trimEnd().split('\n');
  assert.equal(
    lines[0],
    'cohort,site,measure,step,sex,age_band,state,value,low,high,sites,late,year,vocabulary',
  );
  assert.equal(lines.length, 1 + 2 + 2 + 3 + 10 + 30 + 4);
  assert.equal(
    lines.slice(1).filter((line) => line.endsWith(',late,,')).length,
    2,
    'the two of the late site',
  );
  for (const line of lines.slice(1)) assert.match(line, /^"?'=HYPERLINK/);
});

it('says in a line of its own how each site’s vocabulary meets the study', () => {
  const [busan, daegu, jeju] = result.sites;
  assert.ok(busan && daegu && jeju);
  const said = (version: string, unresolved: SiteVocabulary['unresolved']) => ({
    vocabulary: { version, unresolved },
  });
  const sites = [
    { ...busan, ...said('v5.0 30-AUG-23', '10-99') },
    daegu,
    { ...jeju, ...said('unrecognised', '100+') },
    { ...busan, site: 'seoul', ...said('v20240830', '0') },
    { ...busan, site: 'ulsan', ...said('v20240830', '1-9') },
  ];
  assert.deepEqual(
    csv({ ...result, sites, cohorts: [] })
      .trimEnd()
      .split('\n')
      .slice(1),
    [
      ',busan,concepts-not-found,,,,range,,10,99,,,,v5.0 30-AUG-23',
      ',jeju,concepts-not-found,,,,range,,100,,,late,,unrecognised',
      ',seoul,concepts-not-found,,,,zero,0,,,,,,v20240830',
      ',ulsan,concepts-not-found,,,,range,,1,9,,,,v20240830',
    ],
  );
});

const parts = pooledCount(
  'c',
  ['Adult'],
  [
    { id: 'persons', kind: 'persons', state: 'value', value: 40, sites: 2 },
    { id: 'by-person/step:0', kind: 'persons', state: 'value', value: 60, sites: 2 },
    { id: 'by-event/step:0', kind: 'rows', state: 'value', value: 75, sites: 2 },
    { id: 'by-person/step:1', kind: 'persons', state: 'range', low: 38, high: 47, sites: 2 },
    { id: 'by-person/gain:0', kind: 'persons', state: 'suppressed', low: 13, high: 22, sites: 2 },
    { id: 'by-person/pass:0', kind: 'persons', state: 'value', value: 44, sites: 1 },
    { id: 'year:2011', kind: 'persons', state: 'value', value: 40, sites: 2 },
    { id: 'rows/sex:f', kind: 'rows', state: 'value', value: 51, sites: 2 },
  ],
  {
    parts: new Set(['events', 'gain', 'standalone', 'year', 'rows']),
    years: { from: 2010, to: 2012 },
  },
);

it('names the parts asked for: by person and by event apart, gain and standalone per rule, years, every start', () => {
  const text = table({ ...result, cohorts: [parts] });
  assert.match(text, /attrition: persons by their best event \(most rules/);
  assert.match(text, / +persons +events\n/);
  assert.match(text, /0 Entry events +60 +75\n/);
  assert.match(text, /1 Adult +38–47 +n\/a\n/);
  assert.match(text, /gain, persons +gain, events +alone, persons\n +1 Adult +13–22 +n\/a +44\n/);
  assert.match(text, /calendar year of their first start\n[^\n]*\n +2011 +40/);
  assert.match(text, /every start: [^\n]*\n +female +51/);
  const lines = csv({ ...result, cohorts: [parts] })
    .trimEnd()
    .split('\n');
  assert.ok(lines.includes('c,,attrition-by-event,0,,,value,75,,,2,,,'));
  assert.ok(lines.includes('c,,gain-by-person,1,,,suppressed,,13,22,2,,,'));
  assert.ok(lines.includes('c,,standalone-by-person,1,,,value,44,,,1,,,'));
  assert.ok(lines.includes('c,,persons,,,,value,40,,,2,,2011,'));
  assert.ok(lines.includes('c,,rows,,female,,value,51,,,2,,,'));
});
