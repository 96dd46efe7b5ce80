/** What every route of the hub declares: who may call it, how large a body, how often. A route without that does not start. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { MoimError } from '#protocol/errors.ts';
import type { Bearer, TokenRole } from '../sites/token.ts';

/** `anyone`: no token (health, the hub's public key). */
export type RouteRole = TokenRole | 'anyone';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** One role, or any of several. */
    role?: RouteRole | readonly TokenRole[];
    /** For the API's document: one sentence, the form of the answer, and its status where it is not 200. */
    says?: string;
    answer?: TSchema;
    status?: number;
  }
  interface FastifyRequest {
    bearer?: Bearer;
  }
}

/** Refuses to register a route that lacks role, schema, body limit or rate limit (foundations, HTTP). */
export function insistOnRouteFacts(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.method === 'HEAD') return;
    const facts = {
      role: route.config?.role,
      schema: route.schema,
      bodyLimit: route.bodyLimit,
      rateLimit: route.config?.rateLimit,
    };
    const missing = Object.entries(facts)
      .filter(([, value]) => value === undefined)
      .map(([name]) => name);
    if (missing.length > 0)
      throw new Error(`route ${String(route.method)} ${route.url} lacks ${missing.join(', ')}`);
  });
}

/**
 * Checks the bearer token against the route's role, before the body is read and after the rate limit has counted the call: who guesses
 * tokens is slowed down.
 */
export function checkBearer(app: FastifyInstance, bearerOf: (secret: string) => Promise<Bearer>): void {
  app.addHook('preParsing', async (request) => {
    const roles = rolesOf(request.routeOptions.config.role ?? 'anyone');
    if (roles === undefined) return;
    const secret = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (secret === undefined) throw new MoimError('token-refused', 'a bearer token is needed');
    const bearer = await bearerOf(secret);
    if (!roles.includes(bearer.role))
      throw new MoimError('token-refused', `the token is for another role than ${roles.join(' or ')}`);
    request.bearer = bearer;
  });
}

/** The roles that may call a route; undefined where anyone may. */
export function rolesOf(role: RouteRole | readonly TokenRole[]): readonly TokenRole[] | undefined {
  if (role === 'anyone') return undefined;
  return typeof role === 'string' ? [role] : role;
}

export function bearer(request: FastifyRequest): Bearer {
  if (!request.bearer) throw new MoimError('token-refused');
  return request.bearer;
}

export const perMinute = (max: number) => ({ max, timeWindow: 60_000 });
