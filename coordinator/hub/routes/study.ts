/** Routes that study leads call: send a study, watch its jobs, fetch the sealed replies and the keys to check them with. */

import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { Sha256, Uuid } from '#protocol/ids.ts';
import type { StudyOrder } from '#protocol/order.ts';
import { RotationChain } from '#protocol/rotation.ts';
import type { SignedStudy } from '#protocol/study.ts';
import type { StoredReply } from '../relay/reply.ts';
import type { Sender, SentStudy } from '../study/accept.ts';
import type { JobRow } from '../study/job.ts';
import type { SentOrder } from '../study/order.ts';
import type { StudyStanding } from '../study/study.ts';
import { bearer, perMinute } from './route.ts';

/** Characters of a signed study: its envelope stays within a frame. */
const studyLimit = 12 * 1024 * 1024;

const closed = { additionalProperties: false } as const;
const Params = Type.Object({ id: Uuid }, closed);
const SendBody = Type.Object(
  {
    study: Type.String({ maxLength: studyLimit }),
    /** Beside an amended version, the lead's withdrawal of the one before, for sites that it leaves out. */
    order: Type.Optional(Type.String({ maxLength: 4096 })),
    /** The lead's signatures over each site's own copy, in the order of the study's sites. */
    copies: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]{86}$' }), { minItems: 1, maxItems: 10_000 }),
    ),
    /** How the lead's key came from the one that signed the version before. */
    rotations: Type.Optional(RotationChain),
    /** Signed by the lead's key, it names this token: a study that is here already goes over to it. */
    proof: Type.Optional(Type.String({ maxLength: 4096 })),
  },
  closed,
);
/** What 10,000 signatures over copies take beside the study. */
const copiesLimit = 1024 * 1024;
const OrderBody = Type.Object(
  { order: Type.String({ maxLength: 4096 }), rotations: Type.Optional(RotationChain) },
  closed,
);
/** What the longest chain of rotations takes. */
const chainLimit = 512 * 1024;
const Version = Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,5}$' }));
const VersionQuery = Type.Object({ version: Version }, closed);
const WatchQuery = Type.Object(
  {
    after: Type.Optional(Type.String({ pattern: '^\\d{1,18}$' })),
    version: Version,
    wait: Type.Optional(Type.String({ pattern: '^([0-9]|1[0-9]|2[0-5])$' })),
  },
  closed,
);

const Sent = Type.Object({ study: Uuid, version: Type.Integer(), hash: Sha256 }, closed);

/** Of a study, its newest version unless `version` says otherwise. */
export interface StudyOf {
  readonly id: string;
  readonly sender: string;
  readonly version?: number;
}

export interface StudyDeps {
  readonly accept: (sent: SentStudy, sender: Sender) => Promise<SignedStudy>;
  readonly order: (id: string, sent: SentOrder, sender: string) => Promise<StudyOrder>;
  /** Jobs changed after `after`, and how the study stands; waits up to `waitMs` for a change. */
  readonly jobs: (
    of: StudyOf,
    after: bigint,
    waitMs: number,
  ) => Promise<{ study: StudyStanding; jobs: JobRow[] }>;
  readonly replies: (of: StudyOf) => Promise<{ replies: StoredReply[] }>;
}

export function studyRoutes(app: FastifyInstance, deps: StudyDeps): void {
  app.post<{ Body: Static<typeof SendBody> }>(
    '/api/v1/studies',
    {
      schema: { body: SendBody },
      bodyLimit: studyLimit + copiesLimit + chainLimit,
      config: {
        role: 'lead',
        rateLimit: perMinute(60),
        says: 'Send a signed study. Sent again unchanged it gives the same answer.',
        status: 201,
        answer: Sent,
      },
    },
    async (request, reply) => {
      const { study, hash } = await deps.accept(request.body, bearer(request));
      return reply.code(201).send({ study: study.id, version: study.version, hash });
    },
  );
  app.get<{ Params: Static<typeof Params>; Querystring: Static<typeof WatchQuery> }>(
    '/api/v1/studies/:id/jobs',
    {
      schema: { params: Params, querystring: WatchQuery },
      bodyLimit: 1024,
      config: {
        role: 'lead',
        rateLimit: perMinute(600),
        says: 'How a study stands, and its jobs that changed after `after`; waits up to `wait` seconds for a change.',
      },
    },
    async (request) => {
      const { after = '0', wait = '0', version } = request.query;
      const of = studyOf(request.params.id, bearer(request).id, version);
      return deps.jobs(of, BigInt(after), Number(wait) * 1000);
    },
  );
  app.post<{ Params: Static<typeof Params>; Body: Static<typeof OrderBody> }>(
    '/api/v1/studies/:id/orders',
    {
      schema: { params: Params, body: OrderBody },
      bodyLimit: chainLimit + 8192,
      config: {
        role: 'lead',
        rateLimit: perMinute(60),
        says: 'Pause, resume or withdraw a study by an order that the lead signed.',
        status: 201,
      },
    },
    async (request, reply) => {
      const { study, version, n, order } = await deps.order(
        request.params.id,
        request.body,
        bearer(request).id,
      );
      return reply.code(201).send({ study, version, n, order });
    },
  );
  app.get<{ Params: Static<typeof Params>; Querystring: Static<typeof VersionQuery> }>(
    '/api/v1/studies/:id/replies',
    {
      schema: { params: Params, querystring: VersionQuery },
      bodyLimit: 1024,
      config: {
        role: 'lead',
        rateLimit: perMinute(120),
        says: 'The sealed replies of a study, as the hospitals sent them: the hub cannot read them.',
      },
    },
    async (request) => deps.replies(studyOf(request.params.id, bearer(request).id, request.query.version)),
  );
}

const studyOf = (id: string, sender: string, version: string | undefined): StudyOf => ({
  id,
  sender,
  ...(version === undefined ? {} : { version: Number(version) }),
});
