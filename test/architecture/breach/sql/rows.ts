// breach: law-2-sql-imports
import { readFileSync } from 'node:fs';

export const readRows = (): string => readFileSync('rows', 'utf8');
