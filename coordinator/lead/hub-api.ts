/** The hub as a study lead sees it. Everything that comes from it is checked: the hub is a relay, not a witness. */

import Type, { type Static } from 'typebox';
import { hubHttp } from '#host/hub-http.ts';
import type { HubWay } from '#host/hub-way.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import { Instant, Sha256, SiteSlug, Uuid } from '#protocol/ids.ts';
import { PublicKey } from '#protocol/keys.ts';
import { mostFollowed } from '#protocol/rotation.ts';
import { parser } from '#protocol/schema.ts';
import { Sealed } from '#protocol/seal.ts';
import type { SignedFile } from './signed-file.ts';

/** Bytes of an answer that are read at most, by what it may hold. One that is longer is the hub's fault, not this machine's. */
const mebibyte = 1024 * 1024;
const small = 65_536;

const open = { additionalProperties: true } as const;
/** What the hub says is shown on a terminal: words of a closed form. */
const Word = Type.String({ pattern: '^[a-z][a-z-]{1,39}$' });
const Change = Type.String({ pattern: '^\\d+$' });
const Standing = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    hash: Sha256,
    state: Word,
    versions: Type.Array(Type.Integer({ minimum: 1 })),
    order: Type.Union([Type.String(), Type.Null()]),
  },
  open,
);
const Jobs = Type.Object(
  {
    study: Standing,
    jobs: Type.Array(
      Type.Object(
        {
          site: SiteSlug,
          job: Uuid,
          state: Word,
          code: Type.Union([Word, Type.Null()]),
          reason: Type.Union([Word, Type.Null()]),
          left: Type.Boolean(),
          late: Type.Boolean(),
          change: Change,
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
      Type.Object(
        { job: Uuid, site: SiteSlug, header: Type.String(), sealed: Sealed, receivedAt: Instant },
        open,
      ),
    ),
  },
  open,
);
const Hub = Type.Object(
  {
    key: PublicKey,
    rotations: Type.Optional(Type.Array(Type.String({ maxLength: 4096 }), { maxItems: mostFollowed })),
  },
  open,
);
const Roster = Type.Object(
  {
    roster: Type.Union([Type.String(), Type.Null()]),
    heads: Type.Array(Type.String({ maxLength: 4096 }), { maxItems: 10_000 }),
  },
  open,
);
const Sent = Type.Object({ study: Uuid, version: Type.Integer(), hash: Type.String() }, open);

export type HubStudy = Static<typeof Standing>;
export type HubJobs = Static<typeof Jobs>;
export type HubJob = Static<typeof Jobs>['jobs'][number];
export type HubReplies = Static<typeof Replies>;

export interface HubApi {
  /** `proof`: that lead and token are one (`proveToken`). */
  send(file: SignedFile, proof?: string): Promise<Static<typeof Sent>>;
  order(study: string, jws: string, rotations?: readonly string[]): Promise<void>;
  /** How a version stands (the newest unless said otherwise), and its jobs changed after `after`; waits up to `waitSeconds` for a change. */
  jobs(study: string, after: string, waitSeconds: number, version?: number): Promise<HubJobs>;
  replies(study: string, version: number): Promise<HubReplies>;
  /** The key the hub shows, and the rotations that led to it. Nothing is verified here. */
  hub(): Promise<Static<typeof Hub>>;
  /** The roster and its heads, signed. Nothing is verified here. */
  roster(): Promise<Static<typeof Roster>>;
}

/** `way`: through which proxy, trusting which authority (host/hub-way.ts). */
export function hubApi(url: string, token: string, signal?: AbortSignal, way: HubWay = {}): HubApi {
  const http = hubHttp(url, way);
  const call = async (path: string, limit: number, body?: unknown): Promise<unknown> => {
    const response = await http.call(path, {
      limit,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    const answer = response.json() as { error?: { message?: string; remedy?: string } } | undefined;
    if (response.status >= 200 && response.status < 300) return answer;
    const message = printable(answer?.error?.message) ?? `the hub answered ${response.status}`;
    const remedy = printable(answer?.error?.remedy);
    throw new MoimError(codeOf(response.status), message, remedy === undefined ? {} : { remedy });
  };
  return {
    send: async ({ jws, order, copies, rotations }, proof) => {
      const beside = {
        ...(order === undefined ? {} : { order }),
        // A study of one site has no copies: it is its own.
        ...(copies === undefined || copies.length === 0 ? {} : { copies }),
        ...chain(rotations),
        ...(proof === undefined ? {} : { proof }),
      };
      const answer = await call('/api/v1/studies', small, { study: jws, ...beside });
      // Not the sender's fault, and no refusal: the study may be there.
      if (!parser(Sent).check(answer))
        throw new MoimError('hub-unreachable', 'something answered that is no hub');
      return answer;
    },
    order: async (study, order, rotations) =>
      void (await call(`/api/v1/studies/${study}/orders`, small, { order, ...chain(rotations) })),
    jobs: async (study, after, wait, version) =>
      parser(Jobs).parse(
        await call(
          `/api/v1/studies/${study}/jobs?after=${after}&wait=${wait}${version === undefined ? '' : `&version=${version}`}`,
          16 * mebibyte,
        ),
        'hub answer',
      ),
    hub: async () => parser(Hub).parse(await call('/api/v1/hub', 4 * small), 'hub answer'),
    roster: async () => parser(Roster).parse(await call('/api/v1/roster', 32 * mebibyte), 'hub answer'),
    replies: async (study, version) =>
      parser(Replies).parse(
        await call(`/api/v1/studies/${study}/replies?version=${version}`, 384 * mebibyte),
        'hub answer',
      ),
  };
}

const chain = (rotations: readonly string[] | undefined) =>
  rotations === undefined || rotations.length === 0 ? {} : { rotations };

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
