// breach: door-cast
// breach: door-cast
import type { VerifiedJob as Job } from './verify.ts';

type Verified = Readonly<Job>;
export const first = (x: unknown): unknown => x as unknown as Job;
export const second = (x: unknown): unknown => <Verified>x;
