/**
 * Replies made durable, many in one transaction: those that arrive while one batch is written form the next. Signatures are verified
 * before, outside the transaction. What is checked and kept is what a single reply would need: its position is the next one of its site, it
 * belongs to a job of its sender, it is kept once, and the audit head that came with it is countersigned.
 */

import { sql } from 'kysely';
import { type AuditFact, recordAll } from '#host/audit-log.ts';
import { gather, type Outcome } from '#host/gather.ts';
import { type Position, placeOf } from '#host/mailbox.ts';
import { lockPositions, movePositions } from '#host/mailbox-batch.ts';
import type { Envelope, ReplyBody } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import type { PublicKey } from '#protocol/keys.ts';
import { type ReplyHeader, verifyReply } from '#protocol/reply.ts';
import type { HubDb } from '../database.ts';
import type { HubIdentity } from '../identity.ts';
import { signerOf } from '../sites/key.ts';
import type { Site } from '../sites/site.ts';
import { countersignAll, type ShownHead, showHead } from './witness.ts';

export interface TakenReply {
  /** The study where the reply was new. */
  readonly study?: string | undefined;
  /** The countersigned audit head that came with it. */
  readonly receipt?: string | undefined;
}

export interface ReplyStore {
  /**
   * Stores a reply, the audit head that came with it, and the position of its delivery. Throws MoimError `bad-signature`, `misaddressed`
   * (the position is not taken then) or `out-of-order`.
   */
  store(site: Site, at: Position, envelope: Envelope & { body: ReplyBody }, now: string): Promise<TakenReply>;
}

interface Arrived {
  readonly site: string;
  readonly at: Position;
  readonly message: string;
  readonly body: ReplyBody;
  readonly header: ReplyHeader;
  readonly head: ShownHead | undefined;
  readonly now: string;
}

/** Replies a transaction at most: a batch is short enough that the next one does not wait long. */
const most = 256;

export function createReplyStore(deps: {
  readonly db: HubDb;
  readonly identity: Pick<HubIdentity, 'key'>;
}): ReplyStore {
  const store = gather<Arrived, TakenReply>(most, (batch) =>
    deps.db.transaction().execute((transaction) => storeBatch(transaction, batch)),
  );
  return {
    async store(site, at, envelope, now) {
      const { body } = envelope;
      const shown = body.head;
      // A reply that is sent again has its old header and a head of today. (Both keys first: a promise that fails while another is awaited
      // fails for nobody, and takes the process with it.)
      const key = await signerOf(deps.db, site, body.header, 'sealedAt');
      const headKey = shown === undefined ? site.key : await headSigner(deps.db, site, shown);
      const [header, head] = await Promise.all([
        verifyReply(body.header, body.sealed, key),
        shown === undefined
          ? undefined
          : showHead(shown, { site: site.site, key: headKey }, now, deps.identity.key),
      ]);
      return store({ site: site.site, at, message: envelope.id, body, header, head, now });
    },
  };
}

/** A head that names no key is nobody's: it gets no receipt, and the answer it came with is taken all the same. */
async function headSigner(db: HubDb, site: Site, head: string): Promise<PublicKey> {
  try {
    return await signerOf(db, site, head, 'at');
  } catch (cause) {
    if (cause instanceof MoimError) return site.key;
    throw cause;
  }
}

/** A link hands on one delivery at a time, so a site stands in a batch once; where it does not, the later one is sent again. */
async function storeBatch(
  transaction: HubDb,
  batch: readonly Arrived[],
): Promise<readonly Outcome<TakenReply>[]> {
  const held = await lockPositions(
    transaction,
    batch.map(({ site }) => site),
    'in',
  );
  const jobs = await jobsOf(
    transaction,
    batch.map(({ body }) => body.job),
  );
  const seen = new Set<string>();
  const judged = batch.map((reply) => judge(reply, held, jobs, seen));
  const good = judged.flatMap((each) => (each.kind === 'good' ? each : []));
  const stored = await insertReplies(transaction, good);
  const { receipts, facts } = await countersignAll(
    transaction,
    good.flatMap(({ reply }) => (reply.head ? [reply.head] : [])),
  );
  const kept: AuditFact[] = good.flatMap(({ reply: { body, site, header }, study }) =>
    stored.has(body.job)
      ? [
          {
            kind: 'reply-stored',
            body: { job: body.job, site, study, ciphertext: header.ciphertext },
          },
        ]
      : [],
  );
  await movePositions(transaction, 'in', new Map(good.map(({ reply }) => [reply.site, reply.at])));
  const [first] = batch;
  if (first && kept.length + facts.length > 0) await recordAll(transaction, first.now, [...facts, ...kept]);
  return judged.map((each): Outcome<TakenReply> => {
    if (each.kind === 'refused') return { ok: false, error: each.error };
    if (each.kind === 'repeated') return { ok: true, value: {} };
    const { body, head } = each.reply;
    return {
      ok: true,
      value: {
        receipt: head && receipts.get(head.jws),
        study: stored.has(body.job) ? each.study : undefined,
      },
    };
  });
}

type Judged =
  | { readonly kind: 'good'; readonly reply: Arrived; readonly study: string }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'refused'; readonly error: MoimError };

function judge(
  reply: Arrived,
  held: Map<string, Position>,
  jobs: ReadonlyMap<string, { site: string; study: string; hash: string }>,
  judged: Set<string>,
): Judged {
  const last = held.get(reply.site) ?? { epoch: 1n, seq: 0n };
  // Told from the batch itself: a link that was cut and came back within one batch may bring the site a second time.
  if (judged.has(reply.site)) return { kind: 'refused', error: new MoimError('out-of-order') };
  judged.add(reply.site);
  const place = placeOf(last, reply.at);
  if (place === 'taken') return { kind: 'repeated' };
  if (place === 'gap') return { kind: 'refused', error: new MoimError('out-of-order') };
  const { context } = reply.header;
  const job = jobs.get(reply.body.job);
  const fits =
    job &&
    job.site === reply.site &&
    context.site === reply.site &&
    context.job === reply.body.job &&
    context.study === job.study &&
    context.studyHash === job.hash;
  if (!fits)
    return {
      kind: 'refused',
      error: new MoimError('misaddressed', 'a reply does not belong to a job of its sender'),
    };
  held.set(reply.site, reply.at);
  return { kind: 'good', reply, study: job.study };
}

async function jobsOf(transaction: HubDb, jobs: readonly string[]) {
  const rows = await transaction
    .selectFrom('job')
    .innerJoin('study', (join) =>
      join.onRef('study.study', '=', 'job.study').onRef('study.version', '=', 'job.version'),
    )
    .select(['job.job', 'job.site', 'job.study', 'job.copy_hash', 'study.study_hash'])
    .where('job.job', '=', sql<string>`any(${jobs}::uuid[])`)
    .execute();
  return new Map(
    rows.map((row) => [row.job, { site: row.site, study: row.study, hash: row.copy_hash ?? row.study_hash }]),
  );
}

/** Gives the jobs whose reply was new. */
async function insertReplies(
  transaction: HubDb,
  good: readonly { readonly reply: Arrived }[],
): Promise<ReadonlySet<string>> {
  if (good.length === 0) return new Set();
  const rows = await transaction
    .insertInto('reply')
    .values(
      good.map(({ reply: { body, message, now } }) => ({
        job: body.job,
        message,
        header: body.header,
        sealed: JSON.stringify(body.sealed),
        received_at: now,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning('job')
    .execute();
  const stored = rows.map(({ job }) => job);
  if (stored.length > 0) {
    await transaction
      .updateTable('job')
      .set({
        state: 'answered',
        code: null,
        changed_at: good[0]?.reply.now ?? '',
        change: sql<bigint>`nextval('hub.job_change')`,
      })
      .where('job', '=', sql<string>`any(${stored}::uuid[])`)
      .execute();
  }
  return new Set(stored);
}
