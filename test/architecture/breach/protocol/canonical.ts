// breach: law-1-protocol-imports
import { createHash } from 'node:crypto';

export const canonical = (text: string): string => createHash('sha256').update(text).digest('hex');
