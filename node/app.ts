/** The node's own HTTP surface: health and metrics, on loopback unless its settings say otherwise. The federation needs no inbound port. */

import Fastify, { type FastifyInstance } from 'fastify';
import type { Monitor } from './monitor.ts';

export function createNodeApp({ metrics, ready }: Pick<Monitor, 'metrics' | 'ready'>): FastifyInstance {
  const app = Fastify({ logger: false, bodyLimit: 1024 });
  app.get('/healthz', { schema: {} }, async () => ({ ok: true }));
  app.get('/readyz', { schema: {} }, async (_request, reply) => {
    const state = await ready();
    return reply.code(state.ok ? 200 : 503).send(state);
  });
  app.get('/metrics', { schema: {} }, async (_request, reply) => {
    const { text, type } = await metrics.page();
    return reply.header('content-type', type).send(text);
  });
  return app;
}
