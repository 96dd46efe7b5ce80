// Clean: reaches the reader through the pipeline.
import { pipeline } from '#node/job/pipeline.ts';

export const inbox = (): unknown => pipeline();
