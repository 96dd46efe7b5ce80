/** Routes about the network's sites: who is in it, the operator's approval and revocation, the signed roster. */

import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { Fingerprint, SiteSlug } from '#protocol/ids.ts';
import { PublicKey } from '#protocol/keys.ts';
import { oneOf } from '#protocol/schema.ts';
import type { Site } from '../sites/site.ts';
import { bearer, perMinute } from './route.ts';

const closed = { additionalProperties: false } as const;
const SiteAnswer = Type.Object(
  {
    site: SiteSlug,
    fingerprint: Fingerprint,
    state: oneOf(['pending', 'approved', 'revoked']),
    key: PublicKey,
    linked: Type.Boolean({ description: 'Whether the site’s link is up now.' }),
  },
  closed,
);
const ByFingerprint = Type.Object({ fingerprint: Fingerprint }, closed);
const BySite = Type.Object({ site: SiteSlug }, closed);

export interface SiteDeps {
  readonly list: () => Promise<Site[]>;
  readonly linked: (site: string) => boolean;
  /** `by`: the id of the token that asked. */
  readonly approve: (fingerprint: string, by: string) => Promise<Site>;
  readonly revoke: (site: string, by: string) => Promise<Site>;
  readonly roster: () => Promise<{ roster: string | null; heads: string[] }>;
}

export function siteRoutes(app: FastifyInstance, deps: SiteDeps): void {
  const shown = ({ site, fingerprint, state, key }: Site) => ({
    site,
    fingerprint,
    state,
    key,
    linked: deps.linked(site),
  });
  app.get(
    '/api/v1/sites',
    {
      schema: {},
      bodyLimit: 1024,
      config: {
        role: ['operator', 'lead', 'viewer'],
        rateLimit: perMinute(120),
        says: 'The sites of the network. Compare a fingerprint with the hospital before you rely on it.',
        answer: Type.Object({ sites: Type.Array(SiteAnswer) }, closed),
      },
    },
    async () => ({ sites: (await deps.list()).map(shown) }),
  );
  app.post<{ Params: Static<typeof ByFingerprint> }>(
    '/api/v1/sites/:fingerprint/approve',
    {
      schema: { params: ByFingerprint },
      bodyLimit: 1024,
      config: {
        role: 'operator',
        rateLimit: perMinute(120),
        says: 'Approve the enrolled site with this fingerprint, after comparing it with the hospital by telephone.',
        answer: SiteAnswer,
      },
    },
    async (request) => shown(await deps.approve(request.params.fingerprint, bearer(request).id)),
  );
  app.post<{ Params: Static<typeof BySite> }>(
    '/api/v1/sites/:site/revoke',
    {
      schema: { params: BySite },
      bodyLimit: 1024,
      config: {
        role: 'operator',
        rateLimit: perMinute(120),
        says: 'Revoke a site: its link is closed within a second, and its key is not taken again.',
        answer: SiteAnswer,
      },
    },
    async (request) => shown(await deps.revoke(request.params.site, bearer(request).id)),
  );
  app.get(
    '/api/v1/roster',
    {
      schema: {},
      bodyLimit: 1024,
      config: {
        role: ['lead', 'operator', 'viewer'],
        rateLimit: perMinute(120),
        says: 'The newest roster and the heads of all versions, each a JWS of the hub: every key a site ever had, with its time.',
        answer: Type.Object(
          { roster: Type.Union([Type.String(), Type.Null()]), heads: Type.Array(Type.String()) },
          closed,
        ),
      },
    },
    () => deps.roster(),
  );
}
