/** Routes of the link by long-poll, for nodes whose network lets no WebSocket through: the same frames under the same limits. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import type { Channel } from '#host/channel.ts';
import { MoimError } from '#protocol/errors.ts';
import { frameLimit } from '#protocol/frame.ts';
import { type PollSession, type PollTimes, pollSession } from '../link/poll-channel.ts';
import { perMinute } from './route.ts';

/** A number as a query carries it: text, since nothing is coerced. */
const Ordinal = Type.String({ pattern: '^\\d{1,15}$' });
const closed = { additionalProperties: false } as const;
const Up = Type.Object({ n: Ordinal }, closed);
const Down = Type.Object({ after: Ordinal }, closed);
const Empty = Type.Object({}, closed);
const Frames = Type.String();

const usual: PollTimes = { waitMs: 25_000, patienceMs: 30_000, cutMs: 6_000 };

export interface PollDeps {
  /** `address`: where the channel comes from. */
  readonly accept: (channel: Channel, address: string) => void;
  readonly times?: PollTimes;
}

export function pollRoutes(app: FastifyInstance, deps: PollDeps): void {
  const sessions = new Map<string, PollSession>();
  /** The id is a secret of the node's, so it stands where tokens stand and in no URL. */
  const claimed = (request: FastifyRequest) =>
    sessions.get(/^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
  const found = (request: FastifyRequest): PollSession => {
    const session = claimed(request);
    if (!session) throw new MoimError('not-found', 'no such session');
    return session;
  };
  // A session is counted by itself: a hospital's sites may share an address, and so does everybody behind a proxy before the hub.
  const rateLimit = {
    ...perMinute(6000),
    keyGenerator: (request: FastifyRequest) => claimed(request)?.id ?? request.ip,
  };
  const role = 'anyone' as const;

  app.post(
    '/federation/v1/poll',
    {
      schema: { body: Empty },
      bodyLimit: 1024,
      config: {
        role,
        rateLimit: perMinute(6000),
        says: 'Open a link by long-poll, for networks that let no WebSocket through.',
      },
    },
    async (request) => {
      const session = pollSession(deps.times ?? usual, () => void sessions.delete(session.id));
      sessions.set(session.id, session);
      deps.accept(session.channel, request.ip);
      if (!session.channel.open) throw new MoimError('too-many-requests');
      return { session: session.id };
    },
  );
  app.post<{ Querystring: Static<typeof Up>; Body: string }>(
    '/federation/v1/poll/up',
    {
      schema: { querystring: Up, body: Frames },
      bodyLimit: frameLimit,
      config: { role, rateLimit, says: 'Frames of the node, a line each.' },
      // Before the body is read: who has not proved a key sends little, and says how much.
      preParsing: async (request) => {
        const size = Number(request.headers['content-length'] ?? Number.NaN);
        found(request).expect(Number(request.query.n), size, () => request.raw.destroy());
      },
    },
    async (request) => found(request).up(Number(request.query.n), request.body.split('\n')),
  );
  app.post<{ Querystring: Static<typeof Down> }>(
    '/federation/v1/poll/down',
    {
      schema: { querystring: Down },
      bodyLimit: 1024,
      config: { role, rateLimit, says: 'Frames of the hub after number `after`; waits for one.' },
    },
    async (request, reply) => {
      const cut = new AbortController();
      reply.raw.once('close', () => cut.abort());
      const { frames, ...head } = await found(request).down(Number(request.query.after), cut.signal);
      return reply.type('text/plain; charset=utf-8').send([JSON.stringify(head), ...frames].join('\n'));
    },
  );
  app.post(
    '/federation/v1/poll/end',
    { schema: {}, bodyLimit: 1024, config: { role, rateLimit, says: 'End the link.' } },
    async (request) => {
      found(request).end();
      return {};
    },
  );
  // Whoever still asks is answered before the server waits for its connections to end.
  app.addHook('preClose', async () => {
    for (const session of [...sessions.values()]) session.end();
  });
}
