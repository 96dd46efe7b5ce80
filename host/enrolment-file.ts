/** Enrolment without a network: the node's request and the hub's answer as files. */

import Type, { type Static } from 'typebox';
import { SiteSlug } from '#protocol/ids.ts';
import { PublicKey } from '#protocol/keys.ts';
import { oneOf, parseJson, parser } from '#protocol/schema.ts';
import { readText, writeWhole } from './home.ts';

const closed = { additionalProperties: false } as const;
const Request = Type.Object(
  {
    moim: Type.Literal('enrolment-request'),
    key: PublicKey,
    proof: Type.String({ maxLength: 4096 }),
    token: Type.String({ maxLength: 4096 }),
  },
  closed,
);
const Answer = Type.Object(
  {
    moim: Type.Literal('enrolment-answer'),
    site: SiteSlug,
    state: oneOf(['pending', 'approved', 'revoked']),
    hub: PublicKey,
  },
  closed,
);
const [requests, answers] = [parser(Request), parser(Answer)];

export const readRequest = (file: string): Static<typeof Request> =>
  requests.parse(parseJson(readText(file, 'request'), 'request'), 'request');

export const readAnswer = (file: string): Static<typeof Answer> =>
  answers.parse(parseJson(readText(file, 'answer'), 'answer'), 'answer');

/** The request holds the token, which serves once: readable by its owner alone. */
export const writeRequest = (file: string, request: Omit<Static<typeof Request>, 'moim'>): void =>
  writeWhole(file, `${JSON.stringify({ moim: 'enrolment-request', ...request }, null, 2)}\n`, 0o600);

export const writeAnswer = (file: string, answer: Omit<Static<typeof Answer>, 'moim'>): void =>
  writeWhole(file, `${JSON.stringify({ moim: 'enrolment-answer', ...answer }, null, 2)}\n`, 0o644);
