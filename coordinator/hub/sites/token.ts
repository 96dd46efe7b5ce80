/** Tokens: opaque bearer secrets of 256 bits, shown once, kept as SHA-256. A site's token serves one enrolment. */

import { randomBytes } from 'node:crypto';
import { record } from '#host/audit-log.ts';
import { toBase64url } from '#protocol/bytes.ts';
import { hash } from '#protocol/canonical.ts';
import { MoimError } from '#protocol/errors.ts';
import { uuidv7 } from '#protocol/ids.ts';
import type { HubDb } from '../database.ts';

export const tokenRoles = ['site', 'operator', 'lead', 'vendor', 'viewer'] as const;
export type TokenRole = (typeof tokenRoles)[number];

export interface Bearer {
  readonly id: string;
  readonly role: TokenRole;
  readonly site: string | null;
  /** Of the secret: a proof of possession names it, so that it serves this token alone. */
  readonly sha256: string;
}

/** Makes a token that ends `ttlMs` after `now`. Gives its id and the secret, which is not kept. */
export async function createToken(
  db: HubDb,
  now: number,
  needs: { role: TokenRole; site?: string; ttlMs: number },
) {
  const id = uuidv7(now);
  const secret = `moim_${needs.role}_${toBase64url(randomBytes(32))}`;
  const at = new Date(now).toISOString();
  const expiresAt = new Date(now + needs.ttlMs).toISOString();
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
    });
  });
  return { id, secret, expiresAt };
}

/** Whom a secret stands for. Throws MoimError `token-refused`: unknown, expired or revoked; it does not say which. */
export async function bearerOf(db: HubDb, now: number, secret: string): Promise<Bearer> {
  const row = await db
    .selectFrom('token')
    .select(['id', 'role', 'site', 'sha256'])
    .where('sha256', '=', hash(secret))
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', new Date(now).toISOString())
    .executeTakeFirst();
  if (!row) throw new MoimError('token-refused');
  return row;
}

export async function revokeToken(db: HubDb, now: number, id: string): Promise<void> {
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
    await record(transaction, at, 'token-revoked', { token: id });
  });
}
