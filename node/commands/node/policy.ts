/** `moim node policy`. */

import { answer, type Command, needArg } from '#host/command.ts';
import { readText } from '#host/home.ts';
import { MoimError } from '#protocol/errors.ts';
import { applyPolicy, currentPolicy, policyInWords, readPolicy } from '../../job/policy.ts';
import { instant, withDatabase } from './with-database.ts';

export const policy: Command = {
  summary: "Show the hospital's policy in words, check a file, or put one in force.",
  usage: 'show | check FILE | apply FILE',
  async run(context) {
    const what = needArg(context, 0, 'show, check or apply');
    if (what === 'show') {
      const current = await withDatabase(context, currentPolicy);
      if (!current)
        throw new MoimError('not-permitted', 'no policy is in force: nothing is permitted', {
          remedy: 'Run `moim node policy apply FILE`.',
        });
      answer(context, current, policyInWords(current).join('\n'));
      return 0;
    }
    if (what !== 'check' && what !== 'apply')
      throw new MoimError('usage', 'policy takes show, check FILE or apply FILE');
    const file = needArg(context, 1, 'FILE');
    const read = readPolicy(readText(file, 'policy'), file);
    const result =
      what === 'apply'
        ? await withDatabase(context, (db) => applyPolicy(db, read, instant()))
        : { version: 0, policy: read, hash: '' };
    answer(
      context,
      result,
      policyInWords(result).join('\n').replace('Policy version 0.', 'The file is a valid policy.'),
    );
    return 0;
  },
};
