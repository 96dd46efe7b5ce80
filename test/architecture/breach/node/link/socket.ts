// breach: law-5-reader-through-pipeline
import { shortcut } from '#node/shortcut.ts';

export const socket = (): unknown => shortcut();
