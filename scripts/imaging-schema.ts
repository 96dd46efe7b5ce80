/** `node scripts/imaging-schema.ts`: writes docs/circe-imaging.schema.json, the JSON schema of the image criteria. */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { imagingSchema } from './imaging/schema.ts';

writeFileSync(fileURLToPath(new URL('../docs/circe-imaging.schema.json', import.meta.url)), imagingSchema());
