// breach: law-3-host-imports
// breach: law-5-libsodium
import sodium from 'libsodium-wrappers';
import { reader } from '#node/cdm/reader.ts';

export const log = [sodium, reader];
