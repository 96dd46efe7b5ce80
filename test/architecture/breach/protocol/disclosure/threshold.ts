// breach: law-2-clock
// breach: law-2-randomness
export const noisy = (n: number): number => n + Math.random();
export const now = (): number => Date.now();
