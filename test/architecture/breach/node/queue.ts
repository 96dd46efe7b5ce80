// breach: house-no-module-state
// breach: no-development-library
import fc from 'fast-check';

export let queue = fc;
