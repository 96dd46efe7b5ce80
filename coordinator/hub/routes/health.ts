/** Health and the hub's public key: the two things anyone may ask. */

import type { FastifyInstance } from 'fastify';
import { protocolVersions } from '#protocol/frame.ts';
import { fingerprint, type PublicKey } from '#protocol/keys.ts';
import { perMinute } from './route.ts';

export function healthRoutes(
  app: FastifyInstance,
  deps: { hubKey: PublicKey; healthy: () => Promise<boolean> },
): void {
  const facts = {
    schema: {},
    bodyLimit: 1024,
    config: { role: 'anyone' as const, rateLimit: perMinute(600) },
  };
  app.get('/healthz', facts, async (_request, reply) => {
    const ok = await deps.healthy();
    return reply.code(ok ? 200 : 503).send({ ok });
  });
  app.get('/api/v1/hub', facts, async () => ({
    key: deps.hubKey,
    fingerprint: fingerprint(deps.hubKey),
    protocol: protocolVersions,
  }));
}
