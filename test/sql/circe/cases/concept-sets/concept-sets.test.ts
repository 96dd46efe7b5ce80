/** Which concepts a concept set holds, resolved before and inside the statement. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type TinyCdm, tinyCdm } from '../../tiny-cdm.ts';
import { fill } from '../answers.ts';
import { asFound } from '../case.ts';
import { conceptSets } from './concept-sets.ts';

const endings: (() => Promise<void>)[] = [];
let cdm: TinyCdm;

before(async () => {
  cdm = await tinyCdm({ after: (work) => void endings.push(work) });
  await fill(cdm, conceptSets);
});
after(async () => {
  for (const end of endings) await end();
});

describe(conceptSets.name, () => {
  for (const { name, definition, finds } of conceptSets.cases)
    it(name, async () => assert.deepEqual(asFound(await cdm.rows(definition), finds), finds));
});
