// breach: law-2-sql-imports
// breach: law-2-pure-reaches-driver
import pg from 'pg';

export const counted = (): unknown => new pg.Pool();
