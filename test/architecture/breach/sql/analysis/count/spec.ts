// It leads the centre to SQL, and pure code to a driver.
// breach: law-2-pure-reaches-driver
import type { counted } from './sql.ts';

export type Spec = ReturnType<typeof counted>;
