/** The hub's API as an OpenAPI 3.1 document, made from the routes themselves: what is served is what is described. */

import type { FastifyInstance, RouteOptions } from 'fastify';
import Type, { type TSchema } from 'typebox';
import { perMinute, rolesOf } from './route.ts';

/** Call it before the first route is registered: it notes each, and gives the document once all are there. */
export function describeRoutes(app: FastifyInstance): () => OpenApi {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    if (route.method !== 'HEAD') routes.push(route);
  });
  return () => openApi(routes);
}

export function openApiRoutes(app: FastifyInstance, deps: { document: () => OpenApi }): void {
  app.get(
    '/api/v1/openapi.json',
    {
      schema: {},
      bodyLimit: 1024,
      config: { role: 'anyone', rateLimit: perMinute(60), says: 'This document.', answer: Type.Object({}) },
    },
    async () => deps.document(),
  );
}

type Member = Readonly<Record<string, unknown>>;

export interface OpenApi {
  readonly openapi: '3.1.0';
  readonly info: Member;
  readonly security: readonly Member[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Member>>>>;
  readonly components: Member;
}

function openApi(routes: readonly RouteOptions[]): OpenApi {
  const paths: Record<string, Record<string, Member>> = {};
  for (const route of [...routes].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1))) {
    const path = pathOf(route);
    paths[path] = { ...paths[path], [String(route.method).toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Moim hub',
      version: '1',
      description:
        'The relay of a federated research network. Tokens are made by the operator (`moim hub token create`), each for one role. The roles that may call an operation stand in its security requirement. Studies go in signed, answers come out sealed: the hub reads neither figures nor definitions to anybody.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Error: ErrorAnswer },
      responses: Object.fromEntries(
        Object.entries(refusals).map(([name, description]) => [
          name,
          {
            description,
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
          },
        ]),
      ),
    },
  };
}

const ErrorAnswer = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ pattern: '^[a-z][a-z-]{1,39}$', description: 'What went wrong, for a program.' }),
      message: Type.String({ description: 'What went wrong, for a person.' }),
      remedy: Type.String({ description: 'What to do about it.' }),
    }),
  },
  { additionalProperties: false },
);

const refusals = {
  BadInput: 'The request is not of the described form, or its content was refused.',
  TokenRefused: 'No token, or one that is unknown, expired, revoked, or for another role.',
  Refused: 'What was asked is refused: a signature, or a right that is missing.',
  NotFound: 'There is no such thing, or it is not the caller’s.',
  Conflict: 'It is there already, or stands otherwise.',
  TooLarge: 'The request is larger than this operation takes.',
  TooMany: 'Too many requests: wait a minute.',
  Unavailable: 'Something went wrong on the hub’s side; try again later.',
} as const;

function operation(route: RouteOptions): Member {
  const { body, params, querystring } = (route.schema ?? {}) as Record<string, TSchema | undefined>;
  const { says, answer, status } = route.config ?? {};
  const roles = rolesOf(route.config?.role ?? 'anyone');
  const refused = (name: keyof typeof refusals) => ({ $ref: `#/components/responses/${name}` });
  return {
    operationId: `${String(route.method).toLowerCase()}${pathOf(route).replace(/[^a-z0-9]+(\w?)/gi, (_, next: string) => next.toUpperCase())}`,
    ...(says === undefined ? {} : { summary: says }),
    // A role is named as a scope is: any one of them will do.
    security: roles === undefined ? [] : roles.map((role) => ({ token: [role] })),
    parameters: [...parameters('path', params), ...parameters('query', querystring)],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { [isText(body) ? 'text/plain' : 'application/json']: { schema: body } },
          },
        }),
    responses: {
      [status ?? 200]: {
        description: 'Done.',
        ...(answer === undefined ? {} : { content: { 'application/json': { schema: answer } } }),
      },
      ...(body || params || querystring ? { 400: refused('BadInput') } : {}),
      ...(roles === undefined ? {} : { 401: refused('TokenRefused') }),
      ...(body ? { 403: refused('Refused'), 409: refused('Conflict'), 413: refused('TooLarge') } : {}),
      ...(params ? { 404: refused('NotFound') } : {}),
      429: refused('TooMany'),
      500: refused('Unavailable'),
    },
  };
}

function parameters(place: 'path' | 'query', schema: TSchema | undefined): Member[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, TSchema>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, of]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: of,
  }));
}

const isText = (schema: TSchema): boolean => 'type' in schema && schema.type === 'string';

const pathOf = (route: RouteOptions): string => route.url.replace(/:(\w+)/g, '{$1}');
