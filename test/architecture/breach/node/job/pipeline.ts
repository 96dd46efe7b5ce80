// Clean: the one way from the link to the reader.
import { reader } from '#node/cdm/reader.ts';

export const pipeline = (): unknown => reader();
