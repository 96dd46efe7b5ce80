// breach: law-8-nothing-imports-main
import { settings } from './main.ts';

export const run = (): unknown => settings;
