// Clean: a driver may stand here.
import pg from 'pg';

export const pool = (url: string): pg.Pool => new pg.Pool({ connectionString: url });
