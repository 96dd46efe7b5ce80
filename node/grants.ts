/** The grants that let a node use an attached CDM: SELECT on the CDM and nothing else there; its own results beside it, if wanted. */

import { quoteName } from '#sql/cdm/ddl.ts';

/** SQL for the hospital's database administrator, with comments. */
export function grants(cdmSchema: string): string {
  const schema = quoteName(cdmSchema);
  return `-- Run as the owner of the CDM. The role may read the CDM and write nowhere in it.
CREATE ROLE moim_reader LOGIN;  -- then give it a password of your own: \\password moim_reader
GRANT USAGE ON SCHEMA ${schema} TO moim_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO moim_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO moim_reader;

-- Image criteria, if wanted: first run sql/migrations/results/0002-imaging.sql in this database, then
-- GRANT USAGE ON SCHEMA imaging TO moim_reader;
-- GRANT SELECT ON ALL TABLES IN SCHEMA imaging TO moim_reader;

-- Belt and braces: every session of the role is read only.
ALTER ROLE moim_reader SET default_transaction_read_only = on;

-- Then: MOIM_CDM_URL=postgresql://moim_reader@HOST:5432/DATABASE, MOIM_CDM_SCHEMA=${cdmSchema}`;
}
