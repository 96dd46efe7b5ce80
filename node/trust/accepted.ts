/**
 * Whom this hospital accepts, leads and peer sites alike: its own lists, each entry made by a person who compared a fingerprint out of band and
 * wrote down the legal entity behind it.
 */

import { record } from '#host/audit-log.ts';
import type { PublicKeyFile } from '#host/key-file.ts';
import { MoimError } from '#protocol/errors.ts';
import { fingerprint, type PublicKey } from '#protocol/keys.ts';
import { openChain } from '#protocol/rotation.ts';
import type { NodeDb } from '../database.ts';
import { nobodyNamed } from '../person/person.ts';
import { judgeAgain } from '../policy/rejudge.ts';

export type AcceptedKind = 'lead' | 'site';

const tables = { lead: 'lead', site: 'peer_site' } as const;

export interface Accepted {
  readonly fingerprint: string;
  readonly entity: string;
  readonly acceptedAt: string;
}

export interface Acceptance {
  readonly kind: AcceptedKind;
  readonly file: PublicKeyFile;
  /** What the person compared; may be left out where the key follows one that is accepted. */
  readonly compared?: string;
  /** The legal entity; taken over from the key before where it is left out. */
  readonly entity?: string;
}

/**
 * Accepts a key. One that follows an accepted key, which signed so, takes its place: entity taken over, the old one removed, in one
 * transaction. Throws MoimError `fingerprint-differs`, `bad-key-file` (a key of another role), `bad-signature` (a chain that does not hold),
 * `usage` (nothing vouches for the key).
 */
export async function accept(
  db: NodeDb,
  { kind, file, compared, entity }: Acceptance,
  at: string,
  by: string = nobodyNamed,
): Promise<Accepted & { readonly replaces?: string }> {
  const print = fingerprint(file.key);
  if (file.role !== undefined && file.role !== kind)
    throw new MoimError('bad-key-file', `KEYFILE holds the key of a ${file.role}, not of a ${kind}`, {
      remedy: `Ask for the public key of the ${kind}.`,
    });
  if (compared !== undefined && print !== compared)
    throw new MoimError('fingerprint-differs', `the key's fingerprint is ${print}`);
  const before = await formerPrints(kind, file);
  return db.transaction().execute(async (transaction) => {
    const old = (await listAccepted(transaction, kind)).find(({ fingerprint: each }) =>
      before.includes(each),
    );
    if (!old && compared === undefined)
      throw new MoimError('usage', '--fingerprint is missing: no accepted key vouches for this one');
    const named = entity ?? old?.entity;
    if (named === undefined) throw new MoimError('usage', '--entity is missing');
    const row = { entity: named, accepted_at: at, removed_at: null };
    const values = { fingerprint: print, key: JSON.stringify(file.key), ...row };
    if (kind === 'lead') {
      const line = await joinLines(transaction, [...before, print]);
      await transaction
        .insertInto('lead')
        .values({ ...values, line })
        .onConflict((conflict) => conflict.column('fingerprint').doUpdateSet({ ...row, line }))
        .execute();
    } else
      await transaction
        .insertInto('peer_site')
        .values(values)
        .onConflict((conflict) => conflict.column('fingerprint').doUpdateSet(row))
        .execute();
    const replaces = old && { replaces: old.fingerprint };
    await record(transaction, at, `${kind}-accepted`, {
      [kind]: print,
      entity: named,
      person: by,
      ...replaces,
    });
    if (old) await remove(transaction, kind, old.fingerprint, at, by);
    return { fingerprint: print, entity: named, acceptedAt: at, ...replaces };
  });
}

export async function removeAccepted(
  db: NodeDb,
  kind: AcceptedKind,
  print: string,
  at: string,
  by: string = nobodyNamed,
): Promise<void> {
  await db.transaction().execute((transaction) => remove(transaction, kind, print, at, by));
}

export async function listAccepted(db: Pick<NodeDb, 'selectFrom'>, kind: AcceptedKind): Promise<Accepted[]> {
  const rows = await db
    .selectFrom(tables[kind])
    .select(['fingerprint', 'entity', 'accepted_at'])
    .where('removed_at', 'is', null)
    .orderBy('accepted_at')
    .execute();
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    entity: row.entity,
    acceptedAt: row.accepted_at,
  }));
}

async function remove(
  transaction: NodeDb,
  kind: AcceptedKind,
  print: string,
  at: string,
  by: string,
): Promise<void> {
  const row = await transaction
    .updateTable(tables[kind])
    .set({ removed_at: at })
    .where('fingerprint', '=', print)
    .where('removed_at', 'is', null)
    .returning('fingerprint')
    .executeTakeFirst();
  if (!row) throw new MoimError('not-found', `no accepted ${kind} has this fingerprint`);
  if (kind === 'lead') await judgeAgain(transaction, print, at);
  await record(transaction, at, `${kind}-removed`, { [kind]: print, person: by });
}

/**
 * The line that a lead's keys have in common: what was given to one was given to all, also to those removed since. A chain may show that
 * two keys accepted apart from one another are one lead's.
 */
async function joinLines(transaction: NodeDb, prints: readonly string[]): Promise<string> {
  const rows = await transaction
    .selectFrom('lead')
    .select('line')
    .where('fingerprint', 'in', prints)
    .orderBy('accepted_at')
    .execute();
  const lines = rows.map(({ line }) => line);
  const [line = prints[0] ?? ''] = lines;
  if (lines.length > 1)
    await transaction.updateTable('lead').set({ line }).where('line', 'in', lines).execute();
  return line;
}

/** The fingerprints of the keys that this one followed, each of which signed so; none where the file tells of no rotation. */
async function formerPrints(kind: AcceptedKind, { key, rotations }: PublicKeyFile): Promise<string[]> {
  const chain: readonly { from: PublicKey; to: PublicKey }[] = await openChain(rotations, kind);
  const last = chain.at(-1);
  if (last && last.to.x !== key.x)
    throw new MoimError('bad-signature', 'the rotations in KEYFILE do not end at its key');
  return chain.map(({ from }) => fingerprint(from));
}
