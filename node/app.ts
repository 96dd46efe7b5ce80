/** The node's own HTTP surface: a health page on loopback. The federation needs no inbound port. */

import Fastify, { type FastifyInstance } from 'fastify';

export function createNodeApp(deps: { healthy: () => Promise<boolean> }): FastifyInstance {
  const app = Fastify({ logger: false, bodyLimit: 1024 });
  app.get('/healthz', { schema: {} }, async (_request, reply) => {
    const ok = await deps.healthy();
    return reply.code(ok ? 200 : 503).send({ ok });
  });
  return app;
}
