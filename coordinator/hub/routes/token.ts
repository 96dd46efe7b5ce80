/** Routes about tokens: the operator makes and revokes them, and whoever holds one may ask what it is. */

import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { Instant, SiteSlug, Uuid } from '#protocol/ids.ts';
import { oneOf } from '#protocol/schema.ts';
import { type TokenRole, tokenRoles } from '../sites/token.ts';
import { bearer, perMinute } from './route.ts';

const closed = { additionalProperties: false } as const;
const Role = oneOf(tokenRoles);
const NewToken = Type.Object(
  {
    role: Role,
    site: Type.Optional({
      ...SiteSlug,
      description: 'The name that a site’s token enrols; for role site alone.',
    }),
    ttlSeconds: Type.Integer({ minimum: 60, maximum: 31_622_400 }),
  },
  closed,
);
const Params = Type.Object({ id: Uuid }, closed);

export interface TokenDeps {
  readonly create: (
    needs: { role: TokenRole; site?: string; ttlMs: number },
    by: string,
  ) => Promise<{ id: string; secret: string; expiresAt: string }>;
  readonly revoke: (id: string, by: string) => Promise<void>;
}

export function tokenRoutes(app: FastifyInstance, deps: TokenDeps): void {
  app.post<{ Body: Static<typeof NewToken> }>(
    '/api/v1/tokens',
    {
      schema: { body: NewToken },
      bodyLimit: 4096,
      config: {
        role: 'operator',
        rateLimit: perMinute(60),
        says: 'Make a token. It is shown in this answer and never again.',
        status: 201,
        answer: Type.Object({ id: Uuid, token: Type.String(), role: Role, expiresAt: Instant }, closed),
      },
    },
    async (request, reply) => {
      const { role, site, ttlSeconds } = request.body;
      const needs = { role, ttlMs: ttlSeconds * 1000, ...(site === undefined ? {} : { site }) };
      const { id, secret, expiresAt } = await deps.create(needs, bearer(request).id);
      return reply.code(201).send({ id, token: secret, role, expiresAt });
    },
  );
  app.delete<{ Params: Static<typeof Params> }>(
    '/api/v1/tokens/:id',
    {
      schema: { params: Params },
      bodyLimit: 1024,
      config: {
        role: 'operator',
        rateLimit: perMinute(60),
        says: 'Revoke a token. Calls that wait under it end within a second.',
        answer: Type.Object({ id: Uuid, state: Type.Literal('revoked') }, closed),
      },
    },
    async (request) => {
      await deps.revoke(request.params.id, bearer(request).id);
      return { id: request.params.id, state: 'revoked' };
    },
  );
  app.get(
    '/api/v1/me',
    {
      schema: {},
      bodyLimit: 1024,
      config: {
        role: tokenRoles,
        rateLimit: perMinute(120),
        says: 'What the token of this call is.',
        answer: Type.Object(
          {
            id: Uuid,
            role: Role,
            site: Type.Union([SiteSlug, Type.Null()]),
            expiresAt: Instant,
          },
          closed,
        ),
      },
    },
    async (request) => {
      const { id, role, site, expiresAt } = bearer(request);
      return { id, role, site, expiresAt };
    },
  );
}
