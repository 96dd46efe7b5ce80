/** Routes that study leads call: send a study, watch its jobs, fetch the sealed replies and the keys to check them with. */

import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { Uuid } from '#protocol/ids.ts';
import type { PublicKey } from '#protocol/keys.ts';
import type { SignedStudy } from '#protocol/study.ts';
import type { StoredReply } from '../relay/reply.ts';
import type { JobRow } from '../study/job.ts';
import { bearer, perMinute } from './route.ts';

/** Characters of a signed study: its envelope stays within a frame. */
const studyLimit = 12 * 1024 * 1024;

const closed = { additionalProperties: false } as const;
const Params = Type.Object({ id: Uuid }, closed);
const SendBody = Type.Object({ study: Type.String({ maxLength: studyLimit }) }, closed);
const WatchQuery = Type.Object(
  {
    after: Type.Optional(Type.String({ pattern: '^\\d{1,18}$' })),
    wait: Type.Optional(Type.String({ pattern: '^([0-9]|1[0-9]|2[0-5])$' })),
  },
  closed,
);

export interface StudyDeps {
  readonly accept: (jws: string, sender: string) => Promise<SignedStudy>;
  /** Jobs changed after `after`; waits up to `waitMs` for one. A site without a live link shows as offline. */
  readonly jobs: (study: string, sender: string, after: bigint, waitMs: number) => Promise<JobRow[]>;
  readonly replies: (
    study: string,
    sender: string,
  ) => Promise<{ replies: StoredReply[]; roster: { site: string; key: PublicKey }[] }>;
}

export function studyRoutes(app: FastifyInstance, deps: StudyDeps): void {
  app.post<{ Body: Static<typeof SendBody> }>(
    '/api/v1/studies',
    {
      schema: { body: SendBody },
      bodyLimit: studyLimit + 1024,
      config: { role: 'lead', rateLimit: perMinute(60) },
    },
    async (request, reply) => {
      const { study, hash } = await deps.accept(request.body.study, bearer(request).id);
      return reply.code(201).send({ study: study.id, version: study.version, hash });
    },
  );
  app.get<{ Params: Static<typeof Params>; Querystring: Static<typeof WatchQuery> }>(
    '/api/v1/studies/:id/jobs',
    {
      schema: { params: Params, querystring: WatchQuery },
      bodyLimit: 1024,
      config: { role: 'lead', rateLimit: perMinute(600) },
    },
    async (request) => {
      const { after = '0', wait = '0' } = request.query;
      return {
        jobs: await deps.jobs(request.params.id, bearer(request).id, BigInt(after), Number(wait) * 1000),
      };
    },
  );
  app.get<{ Params: Static<typeof Params> }>(
    '/api/v1/studies/:id/replies',
    { schema: { params: Params }, bodyLimit: 1024, config: { role: 'lead', rateLimit: perMinute(120) } },
    async (request) => deps.replies(request.params.id, bearer(request).id),
  );
}
