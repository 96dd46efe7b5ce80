/**
 * The hub as this node's witness: heads of the audit log that leave with an answer, receipts that come back, and what a receipt says about a
 * log that does not hold its entry any more.
 */

import { isBeyond } from '#host/epoch.ts';
import type { Log } from '#host/log.ts';
import { position } from '#host/mailbox.ts';
import { appendWitness, readWitnessFile, witnessFile } from '#host/witness-file.ts';
import { MoimError } from '#protocol/errors.ts';
import type { LedgerHead } from '#protocol/ledger.ts';
import { claimedPayload } from '#protocol/sign.ts';
import { openHead, openReceipt, type Receipt, signHead } from '#protocol/witness.ts';
import type { NodeDb } from '../database.ts';
import { hubKeys, hubPeer, type NodeIdentity, ownKeyOf, type PinnedHub } from '../identity.ts';
import { halt, holdsHead, metAfterRestore, readStanding, type SeenHead } from './standing.ts';

export interface WitnessDeps {
  readonly db: NodeDb;
  readonly home: string;
  readonly identity: Pick<NodeIdentity, 'key' | 'public' | 'formerly'>;
  readonly hub: PinnedHub;
  readonly log: Log;
  readonly now: () => number;
}

/** The log's head, signed, for the answer that leaves. Call it in the transaction that recorded the entry. */
export async function headOf(
  transaction: Pick<NodeDb, 'selectFrom'>,
  { identity, hub }: Pick<WitnessDeps, 'identity' | 'hub'>,
  head: LedgerHead,
  at: string,
): Promise<string> {
  const { epoch } = await readStanding(transaction);
  return signHead({ site: hub.site, epoch: Number(epoch), ...head, at }, identity.key);
}

/** What the hub says when the two meet: what it holds of this node, with the receipts for it. */
export interface HubWelcome {
  readonly epoch: number;
  readonly seq: number;
  readonly head?: SeenHead;
  readonly receipts?: readonly string[];
}

/**
 * What the hub's welcome says about this node's past. Throws MoimError `set-back` where the hub holds more than this node remembers, or where it
 * was restored and nobody has confirmed it: then, and for as long as the node stands still, nothing is sent. Of a head that is lost only a receipt
 * with this site's own signature halts the node over restarts; on the hub's bare word it goes on as soon as the hub says otherwise.
 */
export async function meetHub(deps: WitnessDeps, welcome: HubWelcome): Promise<void> {
  const { db, hub } = deps;
  const standing = await readStanding(db);
  const there = { epoch: BigInt(welcome.epoch), seq: BigInt(welcome.seq) };
  const { head } = welcome;
  const headLost =
    head !== undefined &&
    (BigInt(head.epoch) > standing.epoch ||
      (BigInt(head.epoch) === standing.epoch && !(await holdsHead(db, head))));
  const ahead = isBeyond(there, await position(db, hubPeer(hub), 'out'));
  const restored = standing.code === 'restored';
  const proven = headLost && (await isOwn(deps, head, welcome.receipts));
  if (proven || ahead || (standing.haltedAt !== null && !restored)) {
    const seen = { position: { epoch: welcome.epoch, seq: welcome.seq }, ...(proven ? { head } : {}) };
    await halt(deps, seen, standing.epoch);
    throw new MoimError('set-back');
  }
  if (headLost)
    throw new MoimError(
      'set-back',
      'the hub names a head of this log that is not in it, and does not prove it',
      {
        remedy:
          'Ask the hub operator: the hub lies, or what it holds is not whole. Nothing is sent until it says otherwise.',
      },
    );
  if (!restored) return;
  // That no answer is missing says nothing of what was taken back without one: an approval, a lead, a rule. A person has to confirm it.
  await metAfterRestore(deps);
  throw new MoimError('set-back', 'restored from a backup: a person has to confirm what is in force', {
    remedy: 'Confirm it with `moim node epoch open --reason TEXT`.',
  });
}

/**
 * Keeps a receipt, in the database and in a file beside it. One that does not verify, or is of another site or of a head this node did not
 * sign, is passed over: a witness that lies proves nothing. One of a head that this node signed and does not hold any more halts it.
 */
export async function keepReceipt(deps: WitnessDeps, jws: string): Promise<void> {
  const { db, home, log } = deps;
  // The newest come again with every link.
  if (await isKept(db, jws)) return;
  const receipt = await ownReceipt(deps, jws).catch((cause: unknown) => {
    if (!(cause instanceof MoimError)) throw cause;
    log.warn('witness-refused', { code: cause.code });
    return undefined;
  });
  if (!receipt) return;
  const { epoch, n, hash, receivedAt } = receipt;
  const { epoch: now } = await readStanding(db);
  if (BigInt(epoch) >= now && !(await holdsHead(db, receipt))) {
    await halt(deps, { head: { epoch, n, hash } }, now);
    throw new MoimError('set-back');
  }
  await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .insertInto('witness')
      .values({ epoch: BigInt(epoch), n: BigInt(n), hash, receipt: jws, received_at: receivedAt })
      .onConflict((conflict) => conflict.doNothing())
      .returning('n')
      .executeTakeFirst();
    if (row) appendWitness(witnessFile(home), { epoch, n, hash, receivedAt, receipt: jws });
  });
}

/**
 * Holds the log against the file of receipts before anything is answered: it lies outside the database, so that a database put back without
 * a word shows before any link is up. A restored node stands still anyway, and is asked to meet its hub.
 */
export async function meetWitnessFile(deps: WitnessDeps): Promise<void> {
  const { code, epoch } = await readStanding(deps.db);
  if (code === 'restored') return;
  const lost = await lostHead(deps);
  if (lost) await halt(deps, { head: lost }, epoch);
}

/** The newest head on file that the log should hold and does not. */
export async function lostHead(
  deps: Pick<WitnessDeps, 'db' | 'home' | 'hub' | 'identity'>,
): Promise<SeenHead | undefined> {
  const { epoch } = await readStanding(deps.db);
  for (const head of await headsOnFile(deps)) {
    if (BigInt(head.epoch) < epoch) return undefined;
    if (await verified(deps, head.receipt)) {
      return (await holdsHead(deps.db, head)) && BigInt(head.epoch) === epoch
        ? undefined
        : { epoch: head.epoch, n: head.n, hash: head.hash };
    }
  }
  return undefined;
}

/** Whether a receipt says of this very head that the site signed it. */
async function isOwn(
  deps: Pick<WitnessDeps, 'hub' | 'identity'>,
  head: SeenHead,
  receipts: readonly string[] = [],
): Promise<boolean> {
  const receipt = receipts.find((each) => {
    const { epoch, n, hash } = claimed(each);
    return epoch === head.epoch && n === head.n && hash === head.hash;
  });
  return receipt !== undefined && verified(deps, receipt);
}

async function isKept(db: NodeDb, jws: string): Promise<boolean> {
  const { epoch, n } = claimed(jws);
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(n)) return false;
  const row = await db
    .selectFrom('witness')
    .select('receipt')
    .where('epoch', '=', BigInt(epoch))
    .where('n', '=', BigInt(n))
    .executeTakeFirst();
  return row?.receipt === jws;
}

/** The heads on file as they claim to be, the newest first. */
async function headsOnFile({ home }: Pick<WitnessDeps, 'home'>) {
  const heads = readWitnessFile(witnessFile(home), true).flatMap(({ receipt }) => {
    const { epoch, n, hash } = claimed(receipt);
    return Number.isSafeInteger(epoch) && Number.isSafeInteger(n) ? { epoch, n, hash, receipt } : [];
  });
  return heads.sort((a, b) => b.epoch - a.epoch || b.n - a.n);
}

function claimed(receipt: string): { epoch: number; n: number; hash: string } {
  try {
    const { epoch, n, hash } = Object(claimedPayload(receipt)) as Record<string, unknown>;
    return { epoch: Number(epoch), n: Number(n), hash: String(hash) };
  } catch {
    return { epoch: Number.NaN, n: Number.NaN, hash: '' };
  }
}

const verified = (deps: Pick<WitnessDeps, 'hub' | 'identity'>, jws: string): Promise<boolean> =>
  ownReceipt(deps, jws).then(
    () => true,
    () => false,
  );

async function ownReceipt(
  { hub, identity }: Pick<WitnessDeps, 'hub' | 'identity'>,
  jws: string,
): Promise<Receipt> {
  const receipt = await openReceipt(jws, hubKeys(hub));
  if (receipt.site !== hub.site) throw new MoimError('misaddressed', 'a receipt of another site');
  await openHead(receipt.head, ownKeyOf(identity, receipt.head));
  return receipt;
}
