/** Routes for who looks after the network: which studies are out and how they stand, and the hub's audit log. No definition, no figure. */

import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { Fingerprint, Instant, SiteSlug, Uuid } from '#protocol/ids.ts';
import { LedgerEntry } from '#protocol/ledger.ts';
import type { StudyOverview } from '../study/overview.ts';
import { perMinute } from './route.ts';

const closed = { additionalProperties: false } as const;
const Word = Type.String({ pattern: '^[a-z][a-z-]{1,39}$' });
const StudyPage = Type.Object(
  { after: Type.Optional(Uuid), limit: Type.Optional(Type.String({ pattern: '^([1-9]\\d?|100)$' })) },
  closed,
);
const AuditPage = Type.Object(
  {
    after: Type.Optional(Type.String({ pattern: '^\\d{1,15}$' })),
    limit: Type.Optional(Type.String({ pattern: '^([1-9]\\d{0,2}|1000)$' })),
  },
  closed,
);
const StudyRow = Type.Object(
  {
    study: Uuid,
    version: Type.Integer(),
    title: Type.String(),
    lead: Fingerprint,
    state: Word,
    receivedAt: Instant,
    sites: Type.Array(
      Type.Object({ site: SiteSlug, state: Word, code: Type.Union([Word, Type.Null()]) }, closed),
    ),
  },
  closed,
);

export interface OverviewDeps {
  readonly studies: (after: string | undefined, limit: number) => Promise<StudyOverview[]>;
  readonly audit: (after: bigint, limit: number) => Promise<LedgerEntry[]>;
}

export function overviewRoutes(app: FastifyInstance, deps: OverviewDeps): void {
  app.get<{ Querystring: Static<typeof StudyPage> }>(
    '/api/v1/studies',
    {
      schema: { querystring: StudyPage },
      bodyLimit: 1024,
      config: {
        role: ['viewer', 'operator'],
        rateLimit: perMinute(120),
        says: 'The studies that came through this hub, oldest first, with the state of each site. Pass the last id as `after` for the next page.',
        answer: Type.Object({ studies: Type.Array(StudyRow) }, closed),
      },
    },
    async ({ query }) => ({ studies: await deps.studies(query.after, Number(query.limit ?? 50)) }),
  );
  app.get<{ Querystring: Static<typeof AuditPage> }>(
    '/api/v1/audit',
    {
      schema: { querystring: AuditPage },
      bodyLimit: 1024,
      config: {
        role: 'operator',
        rateLimit: perMinute(120),
        says: 'The hub’s audit log in order, each entry chained to the one before. Pass the last number as `after` for the next page.',
        answer: Type.Object({ entries: Type.Array(LedgerEntry) }, closed),
      },
    },
    async ({ query }) => ({
      entries: await deps.audit(BigInt(query.after ?? 0), Number(query.limit ?? 100)),
    }),
  );
}
