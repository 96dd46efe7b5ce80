// breach: law-6-routes-db
import { pool } from '#host/postgres/database.ts';

export const approvals = pool;
