/**
 * Bearer tokens: JWTs (RFC 7519) signed by the hub's key, shown once, kept as SHA-256 beside their id so that each can be revoked. A site's
 * token serves one enrolment.
 */

import { decodeProtectedHeader, importJWK, jwtVerify, SignJWT } from 'jose';
import Type from 'typebox';
import { record } from '#host/audit-log.ts';
import { hash } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { SiteSlug, Uuid, uuidv7 } from '#protocol/ids.ts';
import { fingerprint, type PublicKey, thumbprint } from '#protocol/keys.ts';
import { oneOf, parser } from '#protocol/schema.ts';
import type { HubDb } from '../database.ts';
import type { HubIdentity } from '../identity.ts';
import { asked } from './asked.ts';

export const tokenRoles = ['site', 'operator', 'lead', 'vendor', 'viewer'] as const;
export type TokenRole = (typeof tokenRoles)[number];

export interface Bearer {
  readonly id: string;
  readonly role: TokenRole;
  readonly site: string | null;
  /** Of the token: a proof of possession names it, so that it serves this token alone. */
  readonly sha256: string;
  readonly expiresAt: string;
}

/** `typ` keeps a token from serving as any other signature of the hub, and any other from serving as a token. */
const typ = 'moim-token+jwt';
const audience = 'moim-hub';

const claims = parser(
  Type.Object(
    {
      iss: Type.String(),
      aud: Type.Literal(audience),
      jti: Uuid,
      role: oneOf(tokenRoles),
      site: Type.Optional(SiteSlug),
      iat: Type.Integer(),
      exp: Type.Integer(),
    },
    { additionalProperties: false },
  ),
);

/** Makes a token that ends `ttlMs` after `now`. Gives its id and the token itself, which is not kept. */
export async function createToken(
  db: HubDb,
  identity: HubIdentity,
  now: number,
  needs: { role: TokenRole; site?: string; ttlMs: number },
  by?: string,
) {
  const id = uuidv7(now);
  const at = new Date(now).toISOString();
  const expiresAt = new Date(now + needs.ttlMs).toISOString();
  const secret = await new SignJWT({
    role: needs.role,
    ...(needs.site === undefined ? {} : { site: needs.site }),
  })
    .setProtectedHeader({ alg: 'EdDSA', kid: thumbprint(identity.public), typ })
    .setIssuer(identity.fingerprint)
    .setAudience(audience)
    .setJti(id)
    .setIssuedAt(Math.floor(now / 1000))
    // Whole seconds, rounded up: the table's own instant is the exact end.
    .setExpirationTime(Math.ceil((now + needs.ttlMs) / 1000))
    .sign(await importJWK({ ...identity.key, alg: 'EdDSA' }, 'EdDSA'));
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('token')
      .values({
        id,
        role: needs.role,
        site: needs.site ?? null,
        sha256: hash(secret),
        created_at: at,
        expires_at: expiresAt,
        used_at: null,
        revoked_at: null,
      })
      .execute();
    await record(transaction, at, 'token-created', {
      token: id,
      role: needs.role,
      site: needs.site ?? null,
      expiresAt,
      ...asked(by),
    });
  });
  return { id, secret, expiresAt };
}

/**
 * Whom a token stands for: the hub's own signature (of its key, or of one that it followed), its claims, and its row. Throws MoimError
 * `token-refused`: forged, unknown, expired or revoked; it does not say which.
 */
export async function bearerOf(
  db: HubDb,
  identity: HubIdentity,
  now: number,
  secret: string,
): Promise<Bearer> {
  const { jti, role, site } = await verified(identity, now, secret);
  const row = await db
    .selectFrom('token')
    .select(['id', 'role', 'site', 'sha256', 'expires_at'])
    .where('id', '=', jti)
    .where('sha256', '=', hash(secret))
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', new Date(now).toISOString())
    .executeTakeFirst();
  if (!row || row.role !== role || row.site !== (site ?? null)) throw new MoimError('token-refused');
  const { expires_at: expiresAt, ...bearer } = row;
  return { ...bearer, expiresAt };
}

/** Whether a token that was accepted still stands: a call that waits asks again. */
export async function stillStands(db: HubDb, now: number, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('token')
    .select('id')
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', new Date(now).toISOString())
    .executeTakeFirst();
  return row !== undefined;
}

export async function revokeToken(db: HubDb, now: number, id: string, by?: string): Promise<void> {
  const at = new Date(now).toISOString();
  await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .updateTable('token')
      .set({ revoked_at: at })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new MoimError('not-found', 'no live token has this id');
    await record(transaction, at, 'token-revoked', { token: id, ...asked(by) });
  });
}

async function verified(identity: HubIdentity, now: number, secret: string) {
  try {
    const { kid } = decodeProtectedHeader(secret);
    const key = [identity.public, ...(identity.formerly ?? [])].find((each) => thumbprint(each) === kid);
    if (!key) throw new MoimError('token-refused');
    return claims.parse(await payloadOf(secret, key, now), 'token');
  } catch {
    // Whatever is wrong with it, whoever guesses learns nothing.
    throw new MoimError('token-refused');
  }
}

async function payloadOf(secret: string, key: PublicKey, now: number): Promise<unknown> {
  const { payload } = await jwtVerify(secret, await importJWK({ ...key, alg: 'EdDSA' }, 'EdDSA'), {
    algorithms: ['EdDSA'],
    audience,
    issuer: fingerprint(key),
    typ,
    currentDate: new Date(now),
  });
  return payload;
}
