// breach: law-5-dcmjs
// breach: unresolvable
import dcmjs from 'dcmjs';

export const render = dcmjs;
