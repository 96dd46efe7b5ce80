/** Assembles the hub: routes over the rooms. `server.ts` listens; tests inject. */

import rateLimit from '@fastify/rate-limit';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { auditPage } from '#host/audit-log.ts';
import type { Counters } from '#host/counters.ts';
import type { Log } from '#host/log.ts';
import { counted, createMetrics } from '#host/metrics.ts';
import { databaseError } from '#host/postgres/error.ts';
import { type ErrorCode, errors, MoimError } from '#protocol/errors.ts';
import { frameLimit } from '#protocol/frame.ts';
import type { HubDb } from './database.ts';
import type { HubIdentity } from './identity.ts';
import { createLinks, type Links } from './link/server.ts';
import { hubFacts, hubReadiness } from './metrics.ts';
import { showRoster } from './roster/roster.ts';
import { federationRoutes } from './routes/federation.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoutes, timeRequests } from './routes/metrics.ts';
import { describeRoutes, openApiRoutes } from './routes/openapi.ts';
import { overviewRoutes } from './routes/overview.ts';
import { pollRoutes } from './routes/poll.ts';
import { checkBearer, insistOnRouteFacts } from './routes/route.ts';
import { siteRoutes } from './routes/site.ts';
import { studyRoutes } from './routes/study.ts';
import { tokenRoutes } from './routes/token.ts';
import { enrolProven } from './sites/enrolment.ts';
import { approveSites, listSites, revokeSite } from './sites/site.ts';
import { bearerOf, createToken, revokeToken } from './sites/token.ts';
import { studyDesk } from './study/desk.ts';
import { listStudies } from './study/overview.ts';
import { createWatchers } from './study/watch.ts';

export interface HubDeps {
  readonly db: HubDb;
  readonly identity: HubIdentity;
  readonly log: Log;
  readonly now: () => number;
  readonly expiryDays: number;
  readonly counters: Counters;
  /** Whether programs on this machine read /metrics without a token. */
  readonly metricsOpen?: boolean;
  /** When the last backup of the home was made. */
  readonly lastBackup?: () => string | undefined;
  /** Whose X-Forwarded-For is believed: rate limits count callers by it. */
  readonly trustedProxy?: string;
}

export interface HubApp {
  readonly app: FastifyInstance;
  readonly links: Links;
}

export async function createHubApp(deps: HubDeps): Promise<HubApp> {
  const { db, identity, log, now, counters } = deps;
  const app = Fastify({
    logger: false,
    trustProxy: deps.trustedProxy ?? false,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
    // What is refused before any route is found (a URL that is none, a part of it too long) is told in our words too, not quoted.
    frameworkErrors: (error, _request, reply) => {
      const { code, http, message, remedy } = publicError(error);
      (reply as unknown as FastifyReply).code(http).send({ error: { code, message, remedy } });
    },
  });
  const watchers = createWatchers();
  const links = createLinks({
    db,
    identity,
    log,
    now,
    counters,
    expiryDays: deps.expiryDays,
    changed: watchers.wake,
  });

  insistOnRouteFacts(app);
  const document = describeRoutes(app);
  await app.register(rateLimit, { global: false });
  await app.register(websocket, { options: { maxPayload: frameLimit, perMessageDeflate: false } });
  checkBearer(app, (secret) => bearerOf(db, identity, now(), secret));
  app.setErrorHandler((error, _request, reply) => {
    const known = publicError(error);
    if (known.http >= 500) log.error('request-failed', { code: known.code, status: known.http });
    return reply
      .code(known.http)
      .send({ error: { code: known.code, message: known.message, remedy: known.remedy } });
  });
  // In our own words: the framework's would quote the path, and somebody may have put a secret there.
  app.setNotFoundHandler(() => {
    throw new MoimError('not-found');
  });

  const metrics = createMetrics(async () => [
    ...(await hubFacts({ db, links, now, lastBackup: deps.lastBackup ?? (() => undefined) })),
    ...counted('moim_hub_', counters.read()),
  ]);
  timeRequests(app, metrics);
  metricsRoutes(app, { metrics, open: deps.metricsOpen ?? false });
  healthRoutes(app, {
    hubKey: identity.public,
    ...(identity.rotations ? { rotations: identity.rotations } : {}),
    ready: () => hubReadiness(db),
  });
  pollRoutes(app, { accept: links.accept });
  federationRoutes(app, {
    links,
    hubKey: identity.public,
    async enrol(bearer, { key, proof }) {
      const site = await enrolProven(db, now(), bearer, { key, proof });
      // A node that waits asks again and again: only its first call is news.
      const facts = { site: site.site, state: site.state, fingerprint: site.fingerprint };
      if (site.isNew) log.info('site-enrolled', facts);
      else log.debug('site-asked', facts);
      return site;
    },
  });
  studyRoutes(app, studyDesk({ db, identity, now, expiryDays: deps.expiryDays, log, links, watchers }));
  siteRoutes(app, {
    list: () => listSites(db),
    linked: links.connected,
    async approve(print, by) {
      const [site] = await approveSites(db, identity, now(), [print], by);
      if (!site) throw new MoimError('not-found');
      return site;
    },
    revoke: (site, by) => revokeSite(db, identity, now(), site, by),
    roster: () => showRoster(db),
  });
  tokenRoutes(app, {
    create(needs, by) {
      if ((needs.role === 'site') !== (needs.site !== undefined) || needs.site === 'hub')
        throw new MoimError(
          'bad-input',
          '/site: a token of role site names one, no other does; and not "hub"',
        );
      return createToken(db, identity, now(), needs, by);
    },
    revoke: (id, by) => revokeToken(db, now(), id, by),
  });
  overviewRoutes(app, {
    studies: (after, limit) => listStudies(db, after, limit),
    audit: (after, limit) => auditPage(db, after, limit),
  });
  openApiRoutes(app, { document });
  app.addHook('preClose', async () => {
    watchers.close();
    await links.close();
  });
  return { app, links };
}

/** What a caller may read of an error: a code and the table's own text, or the detail of a fault in what the caller sent. */
function publicError(error: unknown): PublicError {
  const of = (code: ErrorCode, http: number = errors[code].http): PublicError => {
    const { text, remedy } = errors[code];
    return { code, http, message: text, remedy };
  };
  if (error instanceof MoimError) {
    const row = of(error.code);
    return row.http < 500 ? { ...row, message: error.message, remedy: error.remedy } : row;
  }
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status === 429) return of('too-many-requests');
  if (status === 413) return of('too-large');
  if (status >= 400 && status < 500) return of('bad-input', 400);
  // A database that is away is not a fault of ours: the caller may come again.
  const { code } = databaseError(error);
  return of(code === 'database-unavailable' ? code : 'internal');
}

interface PublicError {
  readonly code: ErrorCode;
  readonly http: number;
  readonly message: string;
  readonly remedy: string;
}
