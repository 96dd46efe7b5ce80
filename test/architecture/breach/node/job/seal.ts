// breach: door-predicate
import type { PermittedJob } from './policy.ts';

export const permitted = (x: unknown): x is PermittedJob => x !== undefined;
