/** `moim study pause`, `resume`, `withdraw`: the lead's signed orders about a study that is out. */

import { answer, type Command, needArg } from '#host/command.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import { type StudyOrder, signOrder } from '#protocol/order.ts';
import { apiOf, lastOrder } from '../../sent.ts';
import { leadKey } from '../../signing-key.ts';
import { readStudyRecord, writeStudyRecord } from '../../study-record.ts';

export const pause = command(
  'pause',
  'Pause a study: no hospital starts it, and none that runs it releases, until it is resumed.',
  'paused: hospitals obey as soon as the order reaches them; what has left them has left',
);
export const resume = command(
  'resume',
  'Resume a paused study: what waits at the hospitals goes on by itself.',
  'resumed: what waits at the hospitals goes on by itself',
);
export const withdraw = command(
  'withdraw',
  'Withdraw a study for good: what was not answered ends, and nothing more is released.',
  'withdrawn for good: what was not answered ends; what was answered stays readable here',
);

/** The order may have come there all the same. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['hub-unreachable', 'interrupted']);

function command(order: StudyOrder['order'], summary: string, done: string): Command {
  return {
    summary,
    usage: 'ID --key K',
    options: { key: { type: 'string' } },
    async run(context) {
      const record = readStudyRecord(context.home, needArg(context, 0, 'ID'));
      const lead = leadKey(context);
      const api = apiOf(record, context);
      const { study: standing } = await api.jobs(record.study, '0', 0);
      const last = await lastOrder(record, standing, lead.own);
      const next: StudyOrder = {
        schema: 'moim-order/1',
        study: record.study,
        version: standing.version,
        order,
        n: (last?.n ?? 0) + 1,
        at: new Date().toISOString(),
      };
      const jws = await signOrder(next, lead.key);
      // Kept before it is sent: no number is used twice, and what the hub does not show is missed.
      writeStudyRecord(context.home, { ...record, order: jws });
      try {
        await api.order(record.study, jws, lead.rotations);
      } catch (cause) {
        // An order that the hub refused to its sender's face is not one that it keeps back.
        if (cause instanceof MoimError && !passing.has(cause.code)) writeStudyRecord(context.home, record);
        throw cause;
      }
      const { study } = await api.jobs(record.study, '0', 0);
      answer(
        context,
        { study: record.study, version: next.version, state: study.state, order, n: next.n },
        `study ${record.study} version ${next.version} ${study.state}`,
      );
      context.note(done);
      return 0;
    },
  };
}
