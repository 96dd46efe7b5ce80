/** `moim study result`: the answers opened, every signature verified, and pooled. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, type CommandContext, needArg, numberFlag, textFlag } from '#host/command.ts';
import { writeWhole } from '#host/home.ts';
import { completionInWords } from '#protocol/completion.ts';
import { MoimError } from '#protocol/errors.ts';
import type { SignedStudy } from '#protocol/study.ts';
import { openReplies } from '../../open.ts';
import { type PooledResult, poolResults, type SiteLine } from '../../pool.ts';
import { csv, siteWords, table } from '../../report.ts';
import { fetchRoster } from '../../roster.ts';
import { apiOf, keptBack, lastOrder } from '../../sent.ts';
import { type LeadKey, leadKey, openOwn, passphrase } from '../../signing-key.ts';
import { readStudyKey, readStudyRecord, type StudyRecord, signedVersion } from '../../study-record.ts';
import { explain } from './explain.ts';

export const result: Command = {
  summary:
    'Open the answers, verify every signature, pool them. --out writes result.json and result.csv; --late pools late answers too.',
  usage: 'ID --key K [--out DIR] [--partial] [--late] [--version N]',
  options: {
    key: { type: 'string' },
    out: { type: 'string' },
    partial: { type: 'boolean' },
    late: { type: 'boolean' },
    version: { type: 'string' },
  },
  async run(context) {
    const record = readStudyRecord(context.home, needArg(context, 0, 'ID'));
    const lead = leadKey(context);
    const signed = await versionOf(context, record, lead);
    const sealing = readStudyKey(context.home, signed, passphrase(context));
    const api = apiOf(record, context);
    const { version } = signed.study;
    const { study: standing, jobs } = await api.jobs(record.study, '0', 0, version);
    const roster = await fetchRoster(context.home, record.hub ?? '', api, context.note);
    const opened = await openReplies(signed, await api.replies(record.study, version), sealing, roster);
    const order = await lastOrder(record, standing, lead.own);
    const pooled = poolResults({
      signed,
      standing,
      jobs,
      opened,
      order,
      late: context.flags.late === true,
      now: Date.now(),
    });
    for (const line of await keptBack(record, standing, lead.own)) context.note(line);
    for (const site of pooled.sites) sayOf(context, site);
    if (!pooled.complete && context.flags.partial !== true) return incomplete(context, pooled, signed);
    const out = textFlag(context, 'out');
    if (out !== undefined) {
      mkdirSync(out, { recursive: true });
      writeWhole(join(out, 'result.json'), `${JSON.stringify(pooled, null, 2)}\n`, 0o600);
      writeWhole(join(out, 'result.csv'), csv(pooled), 0o600);
      context.note(`wrote ${join(out, 'result.json')} and result.csv`);
    }
    context.out(context.json ? JSON.stringify(pooled) : table(pooled));
    return pooled.complete ? 0 : 1;
  },
};

function incomplete(context: CommandContext, pooled: PooledResult, { study }: SignedStudy): number {
  if (context.json) context.out(JSON.stringify({ ...pooled, cohorts: [] }));
  const states = pooled.sites.map((site) => `${site.site} ${siteWords(site)}`);
  const late = pooled.sites.some((site) => site.late) ? ' A late answer does not complete it.' : '';
  context.note(
    `not complete (${completionInWords(study.completion)}), ${pooled.standsOn} answered: ${states.join(', ')}.${late} --partial pools what is there.`,
  );
  return 1;
}

/** The newest version this home signed, or `--version N`. Throws MoimError `study-unknown`. */
async function versionOf(context: CommandContext, record: StudyRecord, lead: LeadKey): Promise<SignedStudy> {
  const newest = await openOwn(record.jws, lead);
  const version = numberFlag(context, 'version', 1, newest.study.version);
  if (version === newest.study.version) return newest;
  const older = signedVersion(record, version);
  if (older === undefined)
    throw new MoimError('study-unknown', `this home did not sign a version ${version} of the study`);
  return openOwn(older, lead);
}

/** What a person should know of a site beside its figures. */
function sayOf(context: CommandContext, site: SiteLine): void {
  explain(context, site.site, site.code);
  if (site.pinned === false)
    context.note(`${site.site}: its key is the hub's word; pin its fingerprint in the study to be sure`);
  if (site.despite !== undefined)
    context.note(
      `${site.site}: it answered after your order (${site.despite}): the hub had not brought it there`,
    );
  if (site.receivedAt !== undefined)
    context.note(
      `${site.site}: sealed at ${site.answeredAt} as it signed, came at ${site.receivedAt} as the hub says; the first one counts`,
    );
}
