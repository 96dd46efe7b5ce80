/** Assembles the hub: routes over the rooms. `server.ts` listens; tests inject. */

import rateLimit from '@fastify/rate-limit';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import type { Log } from '#host/log.ts';
import { canonical, type Json } from '#protocol/canonical.ts';
import { allowedSkewMs } from '#protocol/envelope.ts';
import { type ErrorCode, errors, MoimError } from '#protocol/errors.ts';
import { frameLimit } from '#protocol/frame.ts';
import { verifySignature } from '#protocol/sign.ts';
import type { HubDb } from './database.ts';
import type { HubIdentity } from './identity.ts';
import { createLinks, type Links } from './link/server.ts';
import { repliesOf } from './relay/reply.ts';
import { federationRoutes } from './routes/federation.ts';
import { healthRoutes } from './routes/health.ts';
import { checkBearer, insistOnRouteFacts } from './routes/route.ts';
import { studyRoutes } from './routes/study.ts';
import { enrol, listSites } from './sites/site.ts';
import { bearerOf } from './sites/token.ts';
import { acceptStudy } from './study/accept.ts';
import { jobsOf, newestVersion } from './study/job.ts';
import { createWatchers } from './study/watch.ts';

export interface HubDeps {
  readonly db: HubDb;
  readonly identity: HubIdentity;
  readonly log: Log;
  readonly now: () => number;
  readonly expiryDays: number;
}

export interface HubApp {
  readonly app: FastifyInstance;
  readonly links: Links;
}

export async function createHubApp(deps: HubDeps): Promise<HubApp> {
  const { db, identity, log, now } = deps;
  const app = Fastify({
    logger: false,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });
  const watchers = createWatchers();
  const links = createLinks({ db, identity, log, now, changed: watchers.wake });

  insistOnRouteFacts(app);
  await app.register(rateLimit, { global: false });
  await app.register(websocket, { options: { maxPayload: frameLimit, perMessageDeflate: false } });
  checkBearer(app, (secret) => bearerOf(db, now(), secret));
  app.setErrorHandler((error, _request, reply) => {
    const known = publicError(error);
    if (known.http >= 500) log.error('request-failed', { code: known.code, status: known.http });
    return reply
      .code(known.http)
      .send({ error: { code: known.code, message: known.message, remedy: known.remedy } });
  });

  healthRoutes(app, {
    hubKey: identity.public,
    healthy: () =>
      sql`select 1`.execute(db).then(
        () => true,
        () => false,
      ),
  });
  federationRoutes(app, {
    links,
    hubKey: identity.public,
    async enrol(bearer, { key, proof }) {
      const proven = await verifySignature(proof, 'moim-enrol', key);
      if (canonical(proven as Json) !== canonical({ token: bearer.sha256 }))
        throw new MoimError('bad-signature', 'the proof is for another token');
      const site = await enrol(db, now(), bearer, key);
      // A node that waits asks again and again: only its first call is news.
      const facts = { site: site.site, state: site.state, fingerprint: site.fingerprint };
      if (site.isNew) log.info('site-enrolled', facts);
      else log.debug('site-asked', facts);
      return site;
    },
  });
  studyRoutes(app, {
    async accept(jws, sender) {
      const signed = await acceptStudy({ db, identity, now, expiryDays: deps.expiryDays }, jws, sender);
      log.info('study-received', { study: signed.study.id, version: signed.study.version });
      links.kick(signed.study.sites.map(({ site }) => site));
      return signed;
    },
    async jobs(study, sender, after, waitMs) {
      const read = async () => {
        const rows = await jobsOf(db, study, sender, after);
        // A node takes an envelope a little past its time; after that the job will never run, whether or not the site is here.
        const past = new Date(now() - allowedSkewMs).toISOString();
        return rows.map((row) => {
          if (row.state !== 'waiting') return row;
          if (row.expiresAt < past) return { ...row, state: 'expired' };
          return links.connected(row.site) ? row : { ...row, state: 'offline' };
        });
      };
      const rows = await read();
      if (rows.length > 0 || waitMs === 0) return rows;
      await watchers.wait(study, waitMs);
      return read();
    },
    async replies(study, sender) {
      await newestVersion(db, study, sender);
      const roster = (await listSites(db)).map(({ site, key }) => ({ site, key }));
      return { replies: await repliesOf(db, study), roster };
    },
  });
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
  return status >= 400 && status < 500 ? of('bad-input', 400) : of('internal');
}

interface PublicError {
  readonly code: ErrorCode;
  readonly http: number;
  readonly message: string;
  readonly remedy: string;
}
