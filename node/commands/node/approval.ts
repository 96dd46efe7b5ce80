/** `moim node approvals`, `dry-run`, `approve`, `unapprove`, `refuse`: what persons decide about jobs. */

import {
  answer,
  type Command,
  type Commands,
  needArg,
  needFlag,
  numberFlag,
  textFlag,
} from '#host/command.ts';
import { MoimError } from '#protocol/errors.ts';
import { type RefusalReason, refusalReasons } from '#protocol/frame.ts';
import { approve as approveJob, unapprove as unapproveJob } from '../../approval/approve.ts';
import { dryRun as runDry } from '../../approval/dry-run.ts';
import { pendingApprovals, pendingInWords } from '../../approval/list.ts';
import { refuse as refuseJob } from '../../approval/refuse.ts';
import { holdWords } from '../../approval/standing.ts';
import { answerInWords } from '../../approval/table.ts';
import { actingPerson, personFlags, personUsage } from '../../person/acting.ts';
import { withDatabase } from './with-database.ts';
import { withNode } from './with-node.ts';

const approvals: Command = {
  summary: 'List the jobs that wait for a person to approve them.',
  usage: '',
  async run(context) {
    const pending = await withDatabase(context, (db) => pendingApprovals(db, Date.now()));
    if (context.json) context.out(JSON.stringify(pending));
    else if (pending.length === 0) context.out('Nothing waits for approval.');
    else context.out(pending.map((one) => pendingInWords(one).join('\n')).join('\n\n'));
    return 0;
  },
};

const dryRun: Command = {
  summary: 'Compute a job and show in plain what would leave, and its hash. Nothing leaves, nothing is kept.',
  usage: `JOB   ${personUsage}`,
  options: personFlags,
  async run(context) {
    const job = needArg(context, 0, 'JOB');
    const done = await withNode(context, async (node) => {
      const by = await actingPerson(context, node.db, 'look');
      return runDry(node, job, by);
    });
    const { cohorts, ...document } = done;
    const lines = [
      `Job ${job} would send, under policy version ${done.policy} and with no figure under ${done.answer.minimumCell} persons:`,
      ...answerInWords(done.answer, cohorts),
      '',
      `release hash ${done.hash}`,
    ];
    answer(context, document, lines.join('\n'));
    return 0;
  },
};

const approve: Command = {
  summary:
    'Approve a job: that it runs, or with --release that the figures of this hash leave. It holds for this data, this policy, this version of the study.',
  usage: `JOB [--release HASH] [--expires DATE] [--runs N]   ${personUsage}`,
  options: {
    release: { type: 'string' },
    expires: { type: 'string' },
    runs: { type: 'string' },
    ...personFlags,
  },
  async run(context) {
    const job = needArg(context, 0, 'JOB');
    const release = textFlag(context, 'release');
    if (release !== undefined && !/^[0-9a-f]{64}$/.test(release))
      throw new MoimError('usage', '--release takes the 64 letters and digits that dry-run prints');
    const runs = numberFlag(context, 'runs', 1, defaultRuns);
    if (runs > mostRuns) throw new MoimError('usage', `--runs takes at most ${mostRuns}`);
    const { person, done } = await withNode(context, async ({ db, now, execution }) => {
      const by = await actingPerson(context, db, 'approve');
      const expiresAt = endOfDay(textFlag(context, 'expires'), now());
      const { dataVersion } = execution;
      return {
        person: by,
        done: await approveJob({ db, now, dataVersion }, { job, person: by, release, expiresAt, runs }),
      };
    });
    const { standing, need } = done;
    const granted = standing.kind === 'granted';
    const have = granted ? standing.by : standing.have;
    answer(
      context,
      { job, approval: done.id, person, have, need, granted, expires: done.expiresAt, runs },
      granted
        ? `approved by ${person}, until ${done.expiresAt.slice(0, 10)}; the job runs`
        : `approved by ${person}, until ${done.expiresAt.slice(0, 10)}; ${holdWords[standing.code]} (${have.length} of ${need})`,
    );
    return 0;
  },
};

/** Enough for a run that is cut off and taken up again. */
const defaultRuns = 3;
const mostRuns = 1000;

/** A calendar date means to its end (UTC). */
function endOfDay(date: string | undefined, now: number): number | undefined {
  if (date === undefined) return undefined;
  const start = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  const valid = !Number.isNaN(start) && new Date(start).toISOString().startsWith(date);
  if (!valid) throw new MoimError('usage', '--expires takes a date YYYY-MM-DD');
  if (start + 86_400_000 <= now) throw new MoimError('usage', '--expires takes a date that is not past');
  return start + 86_400_000;
}

const unapprove: Command = {
  summary: 'Take back what you approved, as long as nothing has left.',
  usage: `JOB   ${personUsage}`,
  options: personFlags,
  async run(context) {
    const job = needArg(context, 0, 'JOB');
    const person = await withDatabase(context, async (db) => {
      const by = await actingPerson(context, db, 'approve');
      await unapproveJob(db, job, by, Date.now());
      return by;
    });
    answer(context, { job, person, state: 'withdrawn' }, `what ${person} approved is taken back`);
    return 0;
  },
};

const refuse: Command = {
  summary:
    'Refuse a job for good. The lead hears the reason, a code of a closed list; the note stays at this hospital.',
  usage: `JOB --reason ${refusalReasons.join('|')} [--note T]   ${personUsage}`,
  options: { reason: { type: 'string' }, note: { type: 'string' }, ...personFlags },
  async run(context) {
    const job = needArg(context, 0, 'JOB');
    const said = needFlag(context, 'reason');
    const reason = refusalReasons.find((one): one is RefusalReason => one === said);
    if (!reason) throw new MoimError('usage', `--reason takes one of ${refusalReasons.join(', ')}`);
    const note = textFlag(context, 'note');
    const person = await withDatabase(context, async (db) => {
      const by = await actingPerson(context, db, 'approve');
      await refuseJob(db, { job, person: by, reason, note }, Date.now());
      return by;
    });
    answer(context, { job, person, reason, state: 'refused' }, `job ${job} refused by ${person}: ${reason}`);
    return 0;
  },
};

export const approvalCommands: Commands = { approvals, 'dry-run': dryRun, approve, unapprove, refuse };
