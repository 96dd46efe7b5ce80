// breach: law-1-browser-globals
import sodium from 'libsodium-wrappers';

export const keyBytes = (): Uint8Array => Buffer.from(sodium.to_hex(new Uint8Array(1)));
