/**
 * A person admits that this node was set back, or confirms what a backup put back, and opens a new epoch: what was lost and what is in force stand
 * in the log, and the node answers again.
 */

import { record } from '#host/audit-log.ts';
import { beginEpoch, expectEpoch } from '#host/epoch.ts';
import { position } from '#host/mailbox.ts';
import { MoimError } from '#protocol/errors.ts';
import type { LedgerHead } from '#protocol/ledger.ts';
import { hubPeer } from '../identity.ts';
import { readStanding, type SeenHead } from './standing.ts';
import { inBrief, toConfirm } from './to-confirm.ts';
import { lostHead, type WitnessDeps } from './witness.ts';

interface Opening {
  readonly reason: string;
  readonly person: string;
  /** Opens it though a restored node has not met its hub: what was lost may then stand nowhere. */
  readonly withoutHub: boolean;
}

export interface OpenedEpoch {
  readonly epoch: number;
  /** The newest head the witness holds and this log does not. */
  readonly lost: SeenHead | null;
  /** Deliveries that had not arrived and are sent in the new epoch. */
  readonly renumbered: number;
  readonly head: LedgerHead;
}

/**
 * Opens an epoch beyond everything this node or its hub has seen. Jobs that are open wait until the hub sends them again: one that it does not
 * send has its answer already, given by the node that was lost, and must not be computed anew. Call it while no link is up. Throws MoimError
 * `set-back` where the node was restored and has not met its hub since, unless that is said.
 */
export async function openEpoch(
  deps: Omit<WitnessDeps, 'log'>,
  { reason, person, withoutHub }: Opening,
): Promise<OpenedEpoch> {
  const { db, hub, now } = deps;
  const at = new Date(now()).toISOString();
  const peer = hubPeer(hub);
  const onFile = await lostHead(deps);
  return db.transaction().execute(async (transaction) => {
    const before = await readStanding(transaction);
    const unmet = before.code === 'restored' && before.haltedAt === null;
    if (unmet && !withoutHub)
      throw new MoimError('set-back', 'the node was restored and has not met its hub since', {
        remedy:
          'Start the node with `moim node run` and let it reach its hub (or `moim node carry-in`): the hub knows what was lost. Where there is no hub any more, add --without-hub, which goes on record.',
      });
    const [out, incoming] = [
      await position(transaction, peer, 'out'),
      await position(transaction, peer, 'in'),
    ];
    const { head: told, position: there } = before.seen;
    const lost = newer(told, onFile) ?? null;
    const seen = [lost?.epoch, there?.epoch, told?.epoch].map((each) => BigInt(each ?? 0));
    const epoch = [before.epoch, out.epoch, incoming.epoch, ...seen].reduce((a, b) => (a > b ? a : b)) + 1n;
    const renumbered = await beginEpoch(transaction, peer, epoch);
    await expectEpoch(transaction, peer, epoch);
    await transaction
      .updateTable('job')
      .set({ unconfirmed: true })
      .where('state', 'in', ['waiting', 'running', 'awaiting-approval'])
      .execute();
    await transaction.updateTable('job').set({ state: 'waiting' }).where('state', '=', 'running').execute();
    const facts = { epoch, halted_at: null, code: null, seen: null };
    await transaction
      .insertInto('standing')
      .values(facts)
      .onConflict((conflict) => conflict.column('one').doUpdateSet(facts))
      .execute();
    const body = {
      epoch: Number(epoch),
      reason,
      person,
      lost: lost && { ...lost },
      renumbered,
      confirmed: inBrief(await toConfirm(transaction)),
      ...(unmet ? { withoutHub: true } : {}),
    };
    const head = await record(transaction, at, 'epoch-opened', body);
    return { epoch: Number(epoch), lost, renumbered, head };
  });
}

function newer(a: SeenHead | undefined, b: SeenHead | undefined): SeenHead | undefined {
  if (!a || !b) return a ?? b;
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.n > b.n) ? a : b;
}
