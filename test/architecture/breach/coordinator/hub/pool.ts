// breach: law-4-coordinator-sql
// breach: law-4-coordinator-reaches-sql-text
import { compile } from '#sql/circe/compile.ts';

export const pool = compile;
