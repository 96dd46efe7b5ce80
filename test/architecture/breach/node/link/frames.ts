// Clean: a type reaches no row.
import type { reader } from '#node/cdm/reader.ts';

export type Reader = typeof reader;
