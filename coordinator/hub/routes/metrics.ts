/** The hub's metrics page: for an operator's or viewer's token or, where `metricsOpen` says so, for a scraper on this machine. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Metrics } from '#host/metrics.ts';
import { MoimError } from '#protocol/errors.ts';
import { perMinute } from './route.ts';

export function metricsRoutes(app: FastifyInstance, deps: { metrics: Metrics; open: boolean }): void {
  const role = deps.open ? ('anyone' as const) : (['operator', 'viewer'] as const);
  const says = 'Counts, ages and states of the hub in Prometheus’ text form. No study, no lead, no figure.';
  app.get(
    '/metrics',
    { schema: {}, bodyLimit: 1024, config: { role, rateLimit: perMinute(120), says } },
    async (request, reply) => {
      if (deps.open && !isLocalScraper(request))
        throw new MoimError('token-refused', 'the metrics are open to programs on this machine only');
      const { text, type } = await deps.metrics.page();
      return reply.header('content-type', type).send(text);
    },
  );
}

/** How long requests take, by route template: what stands in a path or a query is not looked at. */
export function timeRequests(app: FastifyInstance, metrics: Metrics): void {
  const took = metrics.timer(
    {
      name: 'moim_hub_request_seconds',
      help: 'Seconds a request took, a waiting one its waiting included.',
      labels: ['route', 'status'],
    },
    [0.005, 0.02, 0.1, 0.5, 2, 10, 30],
  );
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    took(reply.elapsedTime / 1000, { route, status: `${Math.floor(reply.statusCode / 100)}xx` });
  });
}

/**
 * Whether a call comes from a program on this machine and not through a proxy on it: a proxy names whom it speaks for, and what it
 * passes on from outside must not count as local.
 */
function isLocalScraper(request: FastifyRequest): boolean {
  const passedOn = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'].some(
    (name) => request.headers[name] !== undefined,
  );
  return !passedOn && ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(request.socket.remoteAddress ?? '');
}
