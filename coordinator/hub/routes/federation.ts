/** Routes that nodes call: enrolment, and the link. */

import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { webSocketChannel } from '#host/channel.ts';
import { SiteSlug } from '#protocol/ids.ts';
import { PublicKey } from '#protocol/keys.ts';
import { oneOf } from '#protocol/schema.ts';
import type { Links } from '../link/server.ts';
import type { Site } from '../sites/site.ts';
import type { Bearer } from '../sites/token.ts';
import { bearer, perMinute } from './route.ts';

const Enrolment = Type.Object(
  { key: PublicKey, proof: Type.String({ maxLength: 4096 }) },
  { additionalProperties: false },
);

const Enrolled = Type.Object(
  { site: SiteSlug, state: oneOf(['pending', 'approved', 'revoked']), hub: PublicKey },
  { additionalProperties: false },
);

export interface FederationDeps {
  readonly links: Links;
  readonly hubKey: PublicKey;
  /** Checks the proof of possession and enrols. */
  readonly enrol: (bearer: Bearer, enrolment: Static<typeof Enrolment>) => Promise<Site>;
}

export function federationRoutes(app: FastifyInstance, deps: FederationDeps): void {
  app.post<{ Body: Static<typeof Enrolment> }>(
    '/api/v1/enrolment',
    {
      schema: { body: Enrolment },
      bodyLimit: 16_384,
      config: {
        role: 'site',
        rateLimit: perMinute(120),
        says: 'Enrol a node’s key under the site name that the token carries; asked again, gives the state.',
        answer: Enrolled,
      },
    },
    async (request) => {
      const site = await deps.enrol(bearer(request), request.body);
      return { site: site.site, state: site.state, hub: deps.hubKey };
    },
  );
  app.get(
    '/federation/v1/link',
    {
      websocket: true,
      schema: {},
      bodyLimit: 1024,
      config: {
        role: 'anyone',
        rateLimit: perMinute(6000),
        says: 'The link of a node: a WebSocket, on which both sides prove their keys.',
      },
    },
    (socket, request) => deps.links.accept(webSocketChannel(socket), request.ip),
  );
}
