/** `moim study …`: a study lead signs a question, sends it, watches it, and opens the one pooled answer. */

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type Command,
  type CommandContext,
  type Commands,
  needArg,
  needFlag,
  numberFlag,
  textFlag,
} from '#host/command.ts';
import { readSetting } from '#host/config.ts';
import { makeHome, readText, writeWhole } from '#host/home.ts';
import { hubUrl } from '#host/hub-url.ts';
import { readSigningKey } from '#host/key-file.ts';
import { type ErrorCode, errors, MoimError } from '#protocol/errors.ts';
import { type PrivateKey, publicOf } from '#protocol/keys.ts';
import { claimedLead, openStudy } from '#protocol/study.ts';
import { type HubApi, hubApi } from '../hub-api.ts';
import { openReplies } from '../open.ts';
import { poolResults } from '../pool.ts';
import { csv, table } from '../report.ts';
import { signStudyFile } from '../sign.ts';
import {
  readStudyKey,
  readStudyRecord,
  type StudyRecord,
  writeStudyKey,
  writeStudyRecord,
} from '../study-record.ts';
import { watchStudy } from '../watch.ts';

const sign: Command = {
  summary:
    'Sign a study. A fresh sealing key is made for it and kept in this home: only this home opens the answers.',
  usage: 'FILE --key K [--out F]',
  options: { key: { type: 'string' }, out: { type: 'string' } },
  async run(context) {
    const file = needArg(context, 0, 'FILE');
    const out = textFlag(context, 'out') ?? `${file.replace(/\.json$/, '')}.signed.json`;
    const { signed, sealing } = await signStudyFile(file, leadKey(context), Date.now());
    const { study, jws, hash } = signed;
    makeHome(context.home);
    writeStudyRecord(context.home, { study: study.id, jws });
    writeStudyKey(context.home, study.id, sealing, readSetting(context.env, 'MOIM_KEY_PASSPHRASE'));
    writeWhole(out, `${JSON.stringify({ study: study.id, version: study.version, hash, jws })}\n`, 0o644);
    return answer(context, { study: study.id, version: study.version, hash }, `wrote ${out}`);
  },
};

const send: Command = {
  summary: 'Send a signed study to a hub.',
  usage: 'F --hub URL --token-file T',
  options: { hub: { type: 'string' }, 'token-file': { type: 'string' } },
  async run(context) {
    const file = needArg(context, 0, 'F');
    const hub = hubUrl(needFlag(context, 'hub'), context.env);
    const tokenFile = resolve(needFlag(context, 'token-file'));
    const { jws } = readSigned(file);
    const { study, hash } = await openStudy(jws, claimedLead(jws));
    const record = readStudyRecord(context.home, study.id);
    await hubApi(hub, readToken(tokenFile), context.signal).send(jws);
    writeStudyRecord(context.home, { ...record, hub, tokenFile });
    return answer(context, { study: study.id, version: study.version, hash }, `sent to ${hub}`);
  },
};

const watch: Command = {
  summary: 'Print a line whenever a site changes state, until every site has ended.',
  usage: 'ID [--once] [--timeout S]',
  options: { once: { type: 'boolean' }, timeout: { type: 'string' } },
  async run(context) {
    const record = readStudyRecord(context.home, needArg(context, 0, 'ID'));
    const ended = await watchStudy({
      api: apiOf(record, context),
      study: record.study,
      once: context.flags.once === true,
      timeoutMs: numberFlag(context, 'timeout', 1, 86_400) * 1000,
      signal: context.signal,
      say: ({ site, state, code }) => {
        explain(context, site, code ?? undefined);
        const line = { site, state, ...(code === null ? {} : { code }) };
        context.out(
          context.json
            ? JSON.stringify(line)
            : `${site.padEnd(32)} ${state}${code === null ? '' : ` (${code})`}`,
        );
      },
    });
    if (context.flags.once === true || ended) return 0;
    throw new MoimError(context.signal.aborted ? 'interrupted' : 'watch-timeout');
  },
};

const result: Command = {
  summary: 'Open the answers, verify every signature, pool them. --out writes result.json and result.csv.',
  usage: 'ID --key K [--out DIR] [--partial]',
  options: { key: { type: 'string' }, out: { type: 'string' }, partial: { type: 'boolean' } },
  async run(context) {
    const record = readStudyRecord(context.home, needArg(context, 0, 'ID'));
    const signed = await openStudy(record.jws, publicOf(leadKey(context)));
    const sealing = readStudyKey(context.home, record.study, readSetting(context.env, 'MOIM_KEY_PASSPHRASE'));
    const api = apiOf(record, context);
    const [jobs, replies] = [await api.jobs(record.study, '0', 0), await api.replies(record.study)];
    const pooled = poolResults(signed, jobs, await openReplies(signed, replies, sealing));
    for (const { site, code } of pooled.sites) explain(context, site, code);
    for (const { site, pinned } of pooled.sites) {
      if (pinned === false)
        context.note(`${site}: its key is the hub's word; pin its fingerprint in the study to be sure`);
    }
    if (!pooled.complete && context.flags.partial !== true) {
      const states = pooled.sites.map(
        ({ site, state, code }) => `${site} ${state}${code ? ` (${code})` : ''}`,
      );
      if (context.json) context.out(JSON.stringify({ ...pooled, cohorts: [] }));
      context.note(
        `not complete, ${pooled.standsOn} answered: ${states.join(', ')}. --partial pools what is there.`,
      );
      return 1;
    }
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

export const commands: Commands = { sign, send, watch, result };

function leadKey(context: CommandContext): PrivateKey {
  const { role, key } = readSigningKey(
    needFlag(context, 'key'),
    readSetting(context.env, 'MOIM_KEY_PASSPHRASE'),
  );
  if (role !== 'lead')
    throw new MoimError('bad-key-file', `--key is the key of a ${role}: a study is signed by a lead`, {
      remedy: 'Use the key that `moim key create --role lead` made.',
    });
  return key;
}

function apiOf(record: StudyRecord, context: CommandContext): HubApi {
  if (record.hub === undefined || record.tokenFile === undefined) {
    throw new MoimError('study-unknown', 'this study was signed but not sent', {
      remedy: 'Run `moim study send`.',
    });
  }
  return hubApi(record.hub, readToken(record.tokenFile), context.signal);
}

const readToken = (file: string): string => readText(file, '--token-file').trim();

function readSigned(file: string): { jws: string } {
  let value: unknown;
  try {
    value = JSON.parse(readText(file, 'signed study'));
  } catch (cause) {
    if (cause instanceof MoimError) throw cause;
    throw new MoimError('bad-input', `${file} is not a signed study`);
  }
  if (typeof value === 'object' && value !== null && 'jws' in value && typeof value.jws === 'string')
    return { jws: value.jws };
  throw new MoimError('bad-input', `${file} is not a signed study`, {
    remedy: 'Sign it with `moim study sign` first.',
  });
}

function answer(
  context: CommandContext,
  value: { study: string; version: number; hash: string },
  place: string,
): number {
  context.out(
    context.json ? JSON.stringify(value) : `study ${value.study} version ${value.version} hash ${value.hash}`,
  );
  context.note(place);
  return 0;
}

/** What a site's coarse code means, and what the lead can do about it. */
function explain(context: CommandContext, site: string, code: string | undefined): void {
  if (code === undefined || !Object.hasOwn(errors, code)) return;
  const { text, remedy } = errors[code as ErrorCode];
  context.note(`${site}: ${text} ${remedy}`);
}
