/** `node scripts/study-schema.ts`: writes docs/study.schema.json, the JSON schema of `study.json`, from the one in `protocol/study.ts`. */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { studySchema } from './study/schema.ts';

writeFileSync(fileURLToPath(new URL('../docs/study.schema.json', import.meta.url)), studySchema());
