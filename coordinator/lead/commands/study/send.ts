/** `moim study sign`, `moim study send`. */

import { resolve } from 'node:path';
import { answer, type Command, needArg, needFlag, textFlag } from '#host/command.ts';
import { makeHome } from '#host/home.ts';
import { hubUrl } from '#host/hub-url.ts';
import { hubWayOf } from '#host/hub-way.ts';
import { claimedLead, openStudy, type SignedStudy } from '#protocol/study.ts';
import { hubApi } from '../../hub-api.ts';
import { readToken, sendKept } from '../../sent.ts';
import { signStudyFile } from '../../sign.ts';
import { readSignedFile, writeSignedFile } from '../../signed-file.ts';
import { leadKey, passphrase, proveToken } from '../../signing-key.ts';
import { readStudyRecord, withSent, writeStudyKey, writeStudyRecord } from '../../study-record.ts';

export const sign: Command = {
  summary:
    'Sign a study. A fresh sealing key is made for it and kept in this home: only this home opens the answers.',
  usage: 'FILE --key K [--out F]',
  options: { key: { type: 'string' }, out: { type: 'string' } },
  async run(context) {
    const file = needArg(context, 0, 'FILE');
    const out = textFlag(context, 'out') ?? `${file.replace(/\.json$/, '')}.signed.json`;
    const { signed, sealing, copies } = await signStudyFile(file, leadKey(context).key, Date.now());
    makeHome(context.home);
    writeStudyKey(context.home, signed, sealing, passphrase(context));
    writeStudyRecord(context.home, { study: signed.study.id, jws: signed.jws });
    writeSignedFile(out, signed, { jws: signed.jws, copies });
    answer(context, namesOf(signed), inWords(signed));
    context.note(`wrote ${out}`);
    return 0;
  },
};

export const send: Command = {
  summary:
    'Send a signed study to a hub. With another token than before, --key proves that the study is yours, and the new token goes on with it.',
  usage: 'F --hub URL --token-file T [--key K]',
  options: { hub: { type: 'string' }, 'token-file': { type: 'string' }, key: { type: 'string' } },
  async run(context) {
    const file = needArg(context, 0, 'F');
    const hub = hubUrl(needFlag(context, 'hub'), context.env);
    const tokenFile = resolve(needFlag(context, 'token-file'));
    const sent = readSignedFile(file);
    const signed = await openStudy(sent.jws, claimedLead(sent.jws));
    const record = readStudyRecord(context.home, signed.study.id);
    const token = readToken(tokenFile);
    const api = hubApi(hub, token, context.signal, hubWayOf(context.env));
    const lead = textFlag(context, 'key') === undefined ? undefined : leadKey(context);
    const proof = lead && (await proveToken(token, lead));
    const sending = lead ? { ...sent, rotations: lead.rotations } : sent;
    await sendKept(context.home, record, signed, () => api.send(sending, proof));
    writeStudyRecord(context.home, { ...withSent(record, signed), hub, tokenFile });
    answer(context, namesOf(signed), inWords(signed));
    context.note(`sent to ${hub}`);
    return 0;
  },
};

export const namesOf = ({ study, hash }: SignedStudy) => ({ study: study.id, version: study.version, hash });

export const inWords = ({ study, hash }: SignedStudy): string =>
  `study ${study.id} version ${study.version} hash ${hash}`;
