/** `moim study watch`. */

import { type Command, needArg, numberFlag } from '#host/command.ts';
import { isOver } from '#protocol/completion.ts';
import { errors, MoimError } from '#protocol/errors.ts';
import { claimedLead, openStudy } from '#protocol/study.ts';
import { apiOf, keptBack } from '../../sent.ts';
import { readStudyRecord } from '../../study-record.ts';
import { watchStudy } from '../../watch.ts';
import { explain } from './explain.ts';

export const watch: Command = {
  summary:
    'Print a line whenever a site changes state, until every site has ended, the study is over, or it is paused and nothing runs.',
  usage: 'ID [--once] [--timeout S]',
  options: { once: { type: 'boolean' }, timeout: { type: 'string' } },
  async run(context) {
    const record = readStudyRecord(context.home, needArg(context, 0, 'ID'));
    const { study } = await openStudy(record.jws, claimedLead(record.jws));
    const once = context.flags.once === true;
    let told = '';
    const end = await watchStudy({
      api: apiOf(record, context),
      study: record.study,
      version: study.version,
      over: () => isOver(study.completion, Date.now()),
      once,
      timeoutMs: numberFlag(context, 'timeout', 1, 86_400) * 1000,
      signal: context.signal,
      stands: async (standing) => {
        if (told !== standing.state || standing.state !== 'open')
          context.note(`study version ${standing.version}: ${standing.state}`);
        told = standing.state;
        for (const line of await keptBack(record, standing)) context.note(line);
      },
      waits: (code) => context.note(`${errors[code].text} Watching goes on.`),
      say: ({ site, state, code, reason, late }) => {
        explain(context, site, code ?? undefined);
        const line = {
          site,
          state,
          ...(code === null ? {} : { code }),
          ...(reason === null ? {} : { reason }),
          ...(late ? { late } : {}),
        };
        const why = [code, reason, late ? 'late' : null].filter((word) => word !== null).join(', ');
        context.out(
          context.json ? JSON.stringify(line) : `${site.padEnd(32)} ${state}${why === '' ? '' : ` (${why})`}`,
        );
      },
    });
    if (once || end === 'ended') return 0;
    if (end === 'paused') {
      context.note(`paused, and nothing runs: \`moim study resume ${record.study} --key K\` lets it go on`);
      return 1;
    }
    throw new MoimError(context.signal.aborted ? 'interrupted' : 'watch-timeout');
  },
};
