/** The hub as a study lead sees it. Everything that comes from it is checked: the hub is a relay, not a witness. */

import Type, { type Static } from 'typebox';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import { SiteSlug, Uuid } from '#protocol/ids.ts';
import { PublicKey } from '#protocol/keys.ts';
import { parser } from '#protocol/schema.ts';
import { Sealed } from '#protocol/seal.ts';

const open = { additionalProperties: true } as const;
/** What the hub says is shown on a terminal: words of a closed form. */
const Word = Type.String({ pattern: '^[a-z][a-z-]{1,39}$' });
const Jobs = Type.Object(
  {
    jobs: Type.Array(
      Type.Object(
        {
          site: SiteSlug,
          job: Uuid,
          state: Word,
          code: Type.Union([Word, Type.Null()]),
          change: Type.String({ pattern: '^\\d+$' }),
        },
        open,
      ),
    ),
  },
  open,
);
const Replies = Type.Object(
  {
    replies: Type.Array(
      Type.Object({ job: Uuid, site: SiteSlug, header: Type.String(), sealed: Sealed }, open),
    ),
    roster: Type.Array(Type.Object({ site: SiteSlug, key: PublicKey }, open)),
  },
  open,
);
const Sent = Type.Object({ study: Uuid, version: Type.Integer(), hash: Type.String() }, open);

export type HubJob = Static<typeof Jobs>['jobs'][number];
export type HubReplies = Static<typeof Replies>;

export interface HubApi {
  send(jws: string): Promise<Static<typeof Sent>>;
  /** Jobs changed after `after`; waits up to `waitSeconds` for one. */
  jobs(study: string, after: string, waitSeconds: number): Promise<HubJob[]>;
  replies(study: string): Promise<HubReplies>;
}

export function hubApi(url: string, token: string, signal?: AbortSignal): HubApi {
  const call = async (path: string, body?: unknown): Promise<unknown> => {
    const timeout = AbortSignal.timeout(60_000);
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
    } catch (cause) {
      if (signal?.aborted) throw new MoimError('interrupted');
      throw new MoimError('hub-unreachable', `no answer from ${url}`, { cause });
    }
    const answer = (await response.json().catch(() => undefined)) as
      | { error?: { message?: string; remedy?: string } }
      | undefined;
    if (response.ok) return answer;
    const message = printable(answer?.error?.message) ?? `the hub answered ${response.status}`;
    const remedy = printable(answer?.error?.remedy);
    throw new MoimError(codeOf(response.status), message, remedy === undefined ? {} : { remedy });
  };
  return {
    send: async (study) => parser(Sent).parse(await call('/api/v1/studies', { study }), 'hub answer'),
    jobs: async (study, after, wait) =>
      parser(Jobs).parse(
        await call(`/api/v1/studies/${study}/jobs?after=${after}&wait=${wait}`),
        'hub answer',
      ).jobs,
    replies: async (study) =>
      parser(Replies).parse(await call(`/api/v1/studies/${study}/replies`), 'hub answer'),
  };
}

/** What a hub's refusal means for the lead's command. */
function codeOf(status: number): ErrorCode {
  if (status === 401) return 'token-refused';
  if (status === 404) return 'not-found';
  if (status === 429) return 'too-many-requests';
  if (status >= 500) return 'hub-unreachable';
  return status === 400 || status === 413 ? 'bad-input' : 'hub-refused';
}

/** A hub's own words, without anything that a terminal would act on. */
function printable(text: unknown): string | undefined {
  return typeof text === 'string' ? text.replace(/[^\x20-\x7e]/g, '?').slice(0, 500) : undefined;
}
