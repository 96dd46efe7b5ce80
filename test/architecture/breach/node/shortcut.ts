// Clean in itself.
import { reader } from '#node/cdm/reader.ts';

export const shortcut = (): unknown => reader();
