/**
 * `npm run fuzz:cohorts -- --runs N [--seed S] [--plant FAULT]`: machine-made cohort definitions over machine-made data, in the engine and in the model
 * written for the tests (test/sql/circe/model). They must agree on every row and on the inclusion tables. Prints how many definitions
 * were run and how many found somebody; exit 1 with the seed and the smallest case where the two disagree. `--plant FAULT` asks the engine
 * for something else than the model (test/sql/circe/model/planted.ts): to see that a difference is seen.
 */

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { agree } from '#test/sql/circe/model/agree.ts';
import type { Answer } from '#test/sql/circe/model/cohort.ts';
import { loosen } from '#test/sql/circe/model/engine.ts';
import { planted } from '#test/sql/circe/model/planted.ts';
import { testDatabase } from '#test/support/database.ts';

const usage = 'npm run fuzz:cohorts -- --runs N [--seed S] [--plant FAULT]\n';

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    process.stderr.write(`usage: ${usage}`);
    return 2;
  }
  const { runs, seed, plant } = options;
  const ends: (() => Promise<void>)[] = [];
  const { pool } = await testDatabase(
    { after: (work) => void ends.push(work) },
    { streams: ['cdm', 'results'] },
  );
  const started = performance.now();
  let answered = 0;
  let filled = 0;
  process.stderr.write(`seed ${seed}\n`);
  try {
    await loosen(pool);
    const onAnswer = ({ rows, masks }: Answer) => {
      answered += 1;
      if (rows.length + masks.length > 0) filled += 1;
    };
    await agree(pool, { runs, seed, onAnswer, ...(plant === undefined ? {} : { plant }) });
    const seconds = Math.round((performance.now() - started) / 1000);
    process.stdout.write(
      `${answered} definitions agree, ${filled} of them found somebody (seed ${seed}, ${seconds} s)\n`,
    );
    return 0;
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    for (const end of ends) await end();
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      args: process.argv.slice(2).filter((word) => word !== '--'),
      options: { runs: { type: 'string' }, seed: { type: 'string' }, plant: { type: 'string' } },
    });
    const [runs, seed] = [Number(values.runs), Number(values.seed ?? randomInt(2 ** 31))];
    if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) return undefined;
    const plant = planted[values.plant ?? ''];
    if (values.plant !== undefined && plant === undefined) return undefined;
    return { runs, seed, plant };
  } catch {
    return undefined;
  }
}
