/** Trap 13: stays are joined, then cut to the censor window. */

import { type Feature, people } from '../case.ts';
import { cohort, limit, Visited, visit } from '../plain.ts';

const offset = (DateField: string, Offset: number) => ({
  EndStrategy: { DateOffset: { DateField, Offset } },
});

const pad = (EraPad: number) => ({ CollapseSettings: { CollapseType: 'ERA', EraPad } });
const cut = (CensorWindow: object) => ({ CensorWindow });
const stays = (more: object = {}) => cohort([Visited], { ...offset('EndDate', 0), ...more });

/** 1: two stays that touch, a third ten days later; 2: one stay inside another. */
export const collapse: Feature = {
  name: 'trap 13: collapse and censor window',
  rows: {
    ...people(1, 2),
    visit_occurrence: [
      visit(1, '2010-01-01', '2010-01-10'),
      visit(1, '2010-01-10', '2010-01-20'),
      visit(1, '2010-01-30', '2010-02-05'),
      visit(2, '2010-01-01', '2010-03-01'),
      visit(2, '2010-01-15', '2010-01-20'),
      visit(2, '2010-02-20', '2010-03-10'),
    ],
  },
  cases: [
    {
      name: 'touching and overlapping stays are one, even without pad',
      definition: stays(),
      finds: ['1 2010-01-01 2010-01-20', '1 2010-01-30 2010-02-05', '2 2010-01-01 2010-03-10'],
    },
    {
      name: 'a pad of ten days joins what is ten days apart',
      definition: stays(pad(10)),
      finds: ['1 2010-01-01 2010-02-05', '2 2010-01-01 2010-03-10'],
    },
    {
      name: 'a pad of nine does not, and is taken off again',
      definition: stays(pad(9)),
      finds: ['1 2010-01-01 2010-01-20', '1 2010-01-30 2010-02-05', '2 2010-01-01 2010-03-10'],
    },
    {
      name: 'one event a person keeps its end',
      definition: stays({ ...pad(10), ExpressionLimit: limit('First') }),
      finds: ['1 2010-01-01 2010-01-10', '2 2010-01-01 2010-03-01'],
    },
    {
      name: 'the window cuts both sides after the collapse',
      definition: stays(cut({ StartDate: '2010-01-15', EndDate: '2010-02-01' })),
      finds: ['1 2010-01-15 2010-01-20', '1 2010-01-30 2010-02-01', '2 2010-01-15 2010-02-01'],
    },
    {
      name: 'stays outside the window are dropped',
      definition: stays(cut({ StartDate: '2010-02-06' })),
      finds: ['2 2010-02-06 2010-03-10'],
    },
    {
      name: 'the last day of the window belongs to it',
      definition: stays(cut({ EndDate: '2010-01-01' })),
      finds: ['1 2010-01-01 2010-01-01', '2 2010-01-01 2010-01-01'],
    },
    {
      name: 'a window that ends before it begins',
      definition: stays(cut({ StartDate: '2010-02-01', EndDate: '2010-01-01' })),
      finds: '',
    },
    {
      name: 'an empty window cuts nothing',
      definition: stays(cut({})),
      finds: ['1 2010-01-01 2010-01-20', '1 2010-01-30 2010-02-05', '2 2010-01-01 2010-03-10'],
    },
  ],
};
