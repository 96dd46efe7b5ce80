/** Every known defect of Circe: mended by default, told by `check`, reproduced under parity where there is a result. */

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { check } from '#sql/circe/check.ts';
import { type TinyCdm, tinyCdm } from '../../tiny-cdm.ts';
import { type Answer, answersOf, expressionOf, fill } from '../answers.ts';
import { asFound } from '../case.ts';
import { defects, faultless, rows } from './defects.ts';

const endings: (() => Promise<void>)[] = [];
let cdm: TinyCdm;
let mended: readonly Answer[];
let parity: readonly Answer[];

before(async () => {
  cdm = await tinyCdm({ after: (work) => void endings.push(work) });
  await fill(cdm, { name: 'defects', rows, cases: [] });
  mended = await answersOf(cdm, defects);
  parity = await answersOf(
    cdm,
    defects.map((defect) => ({ ...defect, parity: true as const })),
  );
});
after(async () => {
  for (const end of endings) await end();
});

const told = (definition: object) =>
  check(expressionOf(definition)).filter(({ code }) => code === 'circe-differs');

for (const [at, { name, definition, finds, circeFinds, path }] of defects.entries()) {
  it(name, () => {
    assert.deepEqual(found(mended[at], finds), finds, 'by default');
    assert.deepEqual(found(parity[at], circeFinds), circeFinds, 'under parity');
    const [finding, ...more] = told(definition);
    assert.deepEqual([finding?.path, finding?.severity, more], [path, 'warning', []]);
    const differs = JSON.stringify(finds) !== JSON.stringify(circeFinds);
    assert.match(finding?.remedy ?? '', differs ? /--circe-parity/ : /nothing to match/);
  });
}

it('says nothing of definitions that Circe runs as they are written', () => {
  for (const definition of faultless) assert.deepEqual(told(definition), []);
});

function found(answer: Answer | undefined, finds: string | readonly string[]) {
  if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no answer');
  return asFound(answer, finds);
}
