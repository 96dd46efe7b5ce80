/** `npm run openapi`: writes docs/openapi.json, the hub's API as it describes itself at `/api/v1/openapi.json`. */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openApiText } from './openapi/document.ts';

writeFileSync(fileURLToPath(new URL('../docs/openapi.json', import.meta.url)), await openApiText());
