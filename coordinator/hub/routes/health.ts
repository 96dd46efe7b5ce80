/** Health and the hub's public key: what anyone may ask. */

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Readiness } from '#host/health.ts';
import { protocolVersions } from '#protocol/frame.ts';
import { Fingerprint } from '#protocol/ids.ts';
import { fingerprint, PublicKey } from '#protocol/keys.ts';
import { perMinute } from './route.ts';

const Shown = Type.Object(
  {
    key: PublicKey,
    fingerprint: Fingerprint,
    protocol: Type.Array(Type.Integer()),
    rotations: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
);

const Health = Type.Object(
  { ok: Type.Boolean(), code: Type.Optional(Type.String()) },
  { additionalProperties: false },
);

export function healthRoutes(
  app: FastifyInstance,
  deps: { hubKey: PublicKey; rotations?: readonly string[]; ready: () => Promise<Readiness> },
): void {
  const facts = {
    schema: {},
    bodyLimit: 1024,
    config: { role: 'anyone' as const, rateLimit: perMinute(600) },
  };
  const health = (says: string) => ({ ...facts, config: { ...facts.config, says, answer: Health } });
  app.get('/healthz', health('Whether the process is alive.'), async () => ({ ok: true }));
  const ready = 'Whether the hub can do its work; 503 with a code where it cannot.';
  app.get('/readyz', health(ready), async (_request, reply) => {
    const state = await deps.ready();
    return reply.code(state.ok ? 200 : 503).send(state);
  });
  const shown = {
    key: deps.hubKey,
    fingerprint: fingerprint(deps.hubKey),
    protocol: protocolVersions,
    // Who trusted an older key finds the way to this one.
    ...(deps.rotations === undefined ? {} : { rotations: deps.rotations }),
  };
  const says = 'The hub’s public key. Compare its fingerprint with the operator by telephone.';
  app.get('/api/v1/hub', { ...facts, config: { ...facts.config, says, answer: Shown } }, async () => shown);
}
