// breach: error-code-unknown
import { MoimError } from './errors.ts';

export const coarse = ['wire-1', 'wire-2', 'wire-3', 'wire-4', 'wire-5', 'wire-6', 'wire-7', 'wire-8', 'wire-9', 'wire-10', 'wire-11', 'wire-12', 'wire-13', 'wire-14', 'wire-15', 'wire-16', 'wire-17', 'wire-18', 'wire-19', 'wire-20', 'wire-21', ];

export function refuse(): never {
  throw new MoimError('not-in-the-table');
}
