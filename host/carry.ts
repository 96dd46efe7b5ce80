/**
 * Delivery by hand: what the link would send, written to a file, and a file of the other side taken as the link would take it. Both ends use
 * the link's own mailbox, so that files and links mix: whatever arrives first is taken, once.
 */

import { sql } from 'kysely';
import { type Carry, type CarryExpectation, openCarry, signCarry } from '#protocol/carry.ts';
import { type ErrorCode, MoimError } from '#protocol/errors.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { type PrivateKey, type PublicKey, thumbprint } from '#protocol/keys.ts';
import { mostCarried } from '#protocol/rotation.ts';
import { type AuditDb, record } from './audit-log.ts';
import { acknowledge, type MailboxDb, type Position, pending, placeOf, position } from './mailbox.ts';

/** A database whose transactions have the mailbox and the audit log. */
export interface CarryDb extends MailboxDb, AuditDb {
  transaction(): { execute<T>(work: (transaction: AuditDb) => Promise<T>): Promise<T> };
}

/** Bytes of envelopes in one file; what is left over goes with the next. */
const mostBytes = 256 * 1024 * 1024;
const mostDeliveries = 10_000;

export interface CarryOut {
  readonly db: CarryDb;
  /** The name of the other side in the mailbox. */
  readonly peer: string;
  readonly from: string;
  readonly to: string;
  readonly hub: PublicKey;
  readonly key: PrivateKey;
  readonly now: number;
  readonly states?: Carry['states'];
  readonly head?: Carry['head'];
  readonly receipts?: Carry['receipts'];
  /** Where the sender's key followed others. */
  readonly rotation?: readonly string[];
}

export interface CarriedOut {
  readonly jws: string;
  readonly file: string;
  readonly deliveries: number;
  /** Waiting, and not in this file for its size. */
  readonly left: number;
  readonly states: number;
}

/** Nothing in the outbox changes: it stays until the other side's acknowledgement comes, by file or by link. */
export async function carryOut(deps: CarryOut): Promise<CarriedOut> {
  const { db, peer } = deps;
  const all = await pending(db, peer, { epoch: 0n, seq: 0n }, mostDeliveries + 1);
  let size = 0;
  const fits = all.slice(0, mostDeliveries).filter(({ envelope }, i) => {
    size += envelope.length;
    return i === 0 || size <= mostBytes;
  });
  const ack = await position(db, peer, 'in');
  const before = await lastCarried(db, peer, 'carried-out');
  // Files are told apart by their time: a clock that was set back makes no file older than the last one.
  const at = new Date(Math.max(deps.now, before ? Date.parse(before.madeAt) + 1 : 0)).toISOString();
  const states = deps.states ?? [];
  const carry: Carry = {
    v: 1,
    id: uuidv7(deps.now),
    from: deps.from,
    to: deps.to,
    hub: thumbprint(deps.hub),
    madeAt: at,
    ack: numbers(ack),
    deliveries: fits.map((row) => ({ ...numbers(row), envelope: row.envelope })),
    states: [...states],
    ...(deps.head ? { head: deps.head } : {}),
    ...(deps.receipts ? { receipts: deps.receipts } : {}),
    ...(deps.rotation ? { rotation: deps.rotation.slice(-mostCarried) } : {}),
  };
  const jws = await signCarry(carry, deps.key);
  const counts = { deliveries: fits.length, states: states.length };
  await db
    .transaction()
    .execute((transaction) =>
      record(transaction, at, 'carried-out', { peer, file: carry.id, madeAt: at, ...counts }),
    );
  return { jws, file: carry.id, left: all.length - fits.length, ...counts };
}

export interface CarryIn {
  readonly db: CarryDb;
  readonly peer: string;
  readonly expect: CarryExpectation;
  readonly now: () => number;
  /** Holds the file's acknowledgement against what this side remembers; throws `set-back`, as it would on a link. */
  readonly meet: (carry: Carry) => Promise<void>;
  /** The link's own: makes a delivery durable, or its refusal, and gives the code of that. */
  readonly store: (envelope: string, at: Position) => Promise<ErrorCode | undefined>;
  /** What else the file holds. */
  readonly rest: (carry: Carry) => Promise<void>;
}

export interface CarriedIn {
  readonly file: string;
  readonly taken: number;
  /** Here before, by an earlier file or by a link. */
  readonly known: number;
  readonly refused: Readonly<Record<string, number>>;
}

/**
 * Takes a file. All that can be wrong with it as a whole is looked at before anything is taken: throws MoimError `bad-signature`, `bad-input`,
 * `misaddressed`, `carry-old` (a newer one was taken), `carry-gap` (one before it is missing) or `set-back`. The same file again changes nothing.
 */
export async function carryIn(deps: CarryIn, jws: string): Promise<CarriedIn> {
  const { db, peer } = deps;
  const carry = await openCarry(jws, deps.expect);
  const last = await lastCarried(db, peer, 'carried-in');
  if (last?.file === carry.id)
    return { file: carry.id, taken: 0, known: carry.deliveries.length, refused: {} };
  if (last && carry.madeAt <= last.madeAt) throw new MoimError('carry-old');
  const places = placesOf(await position(db, peer, 'in'), carry);
  await deps.meet(carry);
  const at = new Date(deps.now()).toISOString();
  await acknowledge(db, peer, pair(carry.ack), at);
  const refused: Record<string, number> = {};
  for (const [i, { envelope, ...where }] of carry.deliveries.entries()) {
    if (places[i] === 'taken') continue;
    const code = await deps.store(envelope, pair(where));
    if (code !== undefined) refused[code] = (refused[code] ?? 0) + 1;
  }
  await deps.rest(carry);
  const taken = places.filter((place) => place === 'next').length;
  const counts = { taken, known: carry.deliveries.length - taken };
  // Last: a file that was broken off in its middle is taken up again from where it was.
  await db.transaction().execute((transaction) =>
    record(transaction, at, 'carried-in', {
      peer,
      file: carry.id,
      madeAt: carry.madeAt,
      ...counts,
      refused,
    }),
  );
  return { file: carry.id, ...counts, refused };
}

/** Of each delivery whether it is the next one or was taken before. */
function placesOf(from: Position, { deliveries }: Carry): ('next' | 'taken')[] {
  let last = from;
  return deliveries.map((delivery) => {
    const at = pair(delivery);
    const place = placeOf(last, at);
    if (place === 'gap') throw new MoimError('carry-gap');
    if (place === 'next') last = at;
    return place;
  });
}

async function lastCarried(
  db: CarryDb,
  peer: string,
  kind: 'carried-in' | 'carried-out',
): Promise<{ file: string; madeAt: string } | undefined> {
  const row = await db
    .selectFrom('audit')
    .select('body')
    .where('kind', '=', kind)
    .where(sql<boolean>`body->>'peer' = ${peer}`)
    .orderBy('n', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return undefined;
  return (typeof row.body === 'string' ? JSON.parse(row.body) : row.body) as { file: string; madeAt: string };
}

const pair = ({ epoch, seq }: { epoch: number; seq: number }): Position => ({
  epoch: BigInt(epoch),
  seq: BigInt(seq),
});
const numbers = ({ epoch, seq }: Position) => ({ epoch: Number(epoch), seq: Number(seq) });
