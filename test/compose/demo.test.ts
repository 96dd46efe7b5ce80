/** The demo, whole: every party its own process, on real data where they are here, two at once. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { dataSet, withoutData } from '../support/data.ts';
import { type RunningProcess, startScript } from '../support/process.ts';
import { temporaryHome } from '../support/temporary-home.ts';

interface DemoAnswer {
  readonly standsOn: string;
  readonly sites: readonly { readonly site: string; readonly state: string }[];
  readonly minCell: number;
  readonly cohorts: readonly {
    readonly name: string;
    readonly persons: Figure;
    readonly rows: Figure;
    readonly attrition: readonly { readonly persons: Figure }[];
    readonly strata: readonly { readonly sex: string; readonly ageBand: string; readonly persons: Figure }[];
  }[];
  readonly firstAnswerMs: number;
  readonly pssMb: number | null;
}

interface Figure {
  readonly state: string;
  readonly value?: number;
  readonly low?: number;
  readonly high?: number;
}

const lifeMs = 240_000;

function demo(t: Parameters<typeof startScript>[0], home: string, args: readonly string[]): RunningProcess {
  return startScript(t, 'compose/demo/main.ts', args, { lifeMs, env: { ...process.env, MOIM_HOME: home } });
}

async function answerOf(run: RunningProcess): Promise<DemoAnswer> {
  const { code } = await run.ended;
  assert.equal(code, 0, run.stderr());
  return JSON.parse(run.stdout()) as DemoAnswer;
}

const gibleed = dataSet('ohdsi/gibleed') ?? '';
const phenotype = join(dataSet('ohdsi/phenotypes') ?? '', '410.json');

it('pools GiBleed dealt to three hospitals to 633 persons, beside a second demo', {
  skip: withoutData('ohdsi/gibleed'),
}, async (t) => {
  const home = temporaryHome(t);
  const [open, guarded] = await Promise.all([
    answerOf(demo(t, home, ['--once', '--json', '--cdm', gibleed, '--cohort', phenotype, '--min-cell', '1'])),
    answerOf(demo(t, home, ['--once', '--json', '--cdm', gibleed, '--cohort', phenotype])),
  ]);
  assert.equal(open.standsOn, '3 of 3');
  assert.equal(open.minCell, 1);
  const [cohort] = open.cohorts;
  assert.equal(cohort?.name, '410');
  assert.deepEqual([cohort.persons.state, cohort.persons.value], ['value', 633]);
  assert.deepEqual([cohort.rows.state, cohort.rows.value], ['value', 633]);
  assert.deepEqual(cohort.attrition, []);
  assert.equal(
    cohort.strata.reduce((sum, { persons }) => sum + (persons.value ?? Number.NaN), 0),
    633,
  );

  // The same question under the default minimum cell: the total stands, small groups do not, and no bound is untrue.
  assert.equal(guarded.minCell, 5);
  const [hidden] = guarded.cohorts;
  assert.equal(hidden?.persons.value, 633);
  const withheld = hidden.strata.filter(({ persons }) => persons.value === undefined);
  assert.ok(withheld.length >= 2, 'one withheld cell alone could be worked out');
  for (const { sex, ageBand, persons } of withheld) {
    const truth =
      cohort.strata.find((each) => each.sex === sex && each.ageBand === ageBand)?.persons.value ?? Number.NaN;
    assert.ok(persons.low !== undefined && persons.high !== undefined);
    assert.ok(
      persons.low <= truth && truth <= persons.high && persons.high - persons.low >= 5,
      `${sex} ${ageBand}`,
    );
    assert.match(persons.state, /^(range|suppressed)$/);
  }
  assert.deepEqual(readdirSync(home), [], 'the homes are removed');
});

it('answers its own two cohorts on synthetic hospitals of different case mix, as a table', async (t) => {
  const run = demo(t, temporaryHome(t), ['--once', '--persons', '400']);
  assert.equal((await run.ended).code, 0, run.stderr());
  assert.match(run.stdout(), /stands on 3 of 3 sites; minimum cell 5/);
  assert.match(
    run.stdout(),
    /cohort diabetes-on-metformin[\s\S]*attrition[\s\S]*Metformin within half a year/,
  );
  assert.match(run.stdout(), /cohort hypertension[\s\S]*from\n\s+hanbit/);
  for (const site of ['hanbit', 'saerom', 'dasom'])
    assert.match(run.stderr(), new RegExp(`${site} answered`));
});

it('ends on Ctrl-C with every process it started', async (t) => {
  const home = temporaryHome(t);
  const run = demo(t, home, ['--once', '--persons', '400']);
  const deadline = performance.now() + 120_000;
  while (!/enrolled and approved/.test(run.stderr()) && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const folder = join(home, readdirSync(home)[0] ?? '');
  run.kill('SIGINT', 'group');
  assert.equal((await run.ended).code, 130);
  assert.deepEqual(readdirSync(home), []);
  const left = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(folder));
  assert.deepEqual(left, []);
});

it('names what it did not understand', async (t) => {
  const home = join(mkdtempSync(join(tmpdir(), 'moim-')), 'none');
  for (const [args, words] of [
    [['--nonsense'], /nonsense/],
    [['--min-cell', '0'], /--min-cell takes a whole number from 1/],
    [['--persons', 'many'], /--persons takes a whole number/],
  ] as const) {
    const run = demo(t, home, args);
    assert.equal((await run.ended).code, 2);
    assert.match(run.stderr(), words);
    assert.match(run.stderr(), /npm run demo -- /);
  }
  assert.equal(existsSync(home), false, 'nothing was begun');
});

it('names what is wrong with a definition before anything is started', async (t) => {
  const home = temporaryHome(t);
  const file = join(home, 'odd.json');
  writeFileSync(file, '{"ConceptSets":[],"PrimaryCriteria":{"CriteriaList":[{"NoSuchCriterion":{}}]}}');
  const run = demo(t, home, ['--once', '--cohort', file]);
  assert.equal((await run.ended).code, 5);
  assert.match(run.stderr(), /PrimaryCriteria\.CriteriaList\[0\].*NoSuchCriterion/);
});

it('says so where the folder or the cohort is not there', async (t) => {
  const folder = await demo(t, temporaryHome(t), ['--once', '--cdm', '/nowhere']);
  assert.equal((await folder.ended).code, 5);
  assert.match(folder.stderr(), /nowhere/);
});

it('ends as the command did that failed: a bad row is bad input', async (t) => {
  const home = temporaryHome(t);
  const data = join(home, 'data');
  mkdirSync(data);
  const head = 'person_id,gender_concept_id,year_of_birth,race_concept_id,ethnicity_concept_id\n';
  writeFileSync(join(data, 'person.csv'), `${head}1,8507,1950,0,0\n2,8507,MARKER,0,0\n3,8532,1960,0,0\n`);
  const run = demo(t, join(home, 'homes'), ['--once', '--cdm', data]);
  assert.equal((await run.ended).code, 5, run.stderr());
  assert.match(run.stderr(), /person\.csv:2 .*year_of_birth/);
  assert.doesNotMatch(run.stderr(), /MARKER/);
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
