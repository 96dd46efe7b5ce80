/**
 * A signed study arrives at the hub: its form and signature are checked (by the key it names: the hub confers no trust, hospitals
 * do), its jobs are noted, and one envelope a site goes into the outbox, all in one transaction.
 */

import { sql } from 'kysely';
import { record } from '#host/audit-log.ts';
import { enqueueAll } from '#host/mailbox-batch.ts';
import { sealEnvelope } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { fingerprint } from '#protocol/keys.ts';
import { openOrder } from '#protocol/order.ts';
import { claimedLead, openStudy, type SignedStudy } from '#protocol/study.ts';
import { assembleCopies, copyLength } from '#protocol/study-copy.ts';
import type { HubDb } from '../database.ts';
import type { HubIdentity } from '../identity.ts';
import { checkProof, leadFor } from './lead.ts';
import { keepOrder, lockStudy } from './order.ts';
import { overtake } from './overtake.ts';

export interface AcceptDeps {
  readonly db: HubDb;
  readonly identity: HubIdentity;
  readonly now: () => number;
  readonly expiryDays: number;
}

export interface SentStudy {
  /** The signed study, compact JWS. */
  readonly study: string;
  /** The lead's withdrawal of the version before, for the sites that an amended one leaves out. */
  readonly order?: string;
  /** The lead's signatures over each site's own copy. */
  readonly copies?: readonly string[];
  /** How the lead's key came from the one that signed the version before. */
  readonly rotations?: readonly string[];
  /** That the lead's key and the sender's token are one person's: a study that is here already is the sender's from now on. */
  readonly proof?: string;
}

/** Whose token sends it. */
export interface Sender {
  readonly id: string;
  readonly sha256: string;
}

/** Rows of one INSERT: PostgreSQL takes 65,535 parameters a statement. */
const mostRows = 2_000;

/** Bytes of envelopes that one study may make the hub hold. */
const mostBytes = 512 * 1024 * 1024;

/**
 * Takes a version of a study once: sent again unchanged it gives the same answer. A later version must follow the newest one that is here,
 * signed by the same lead; what is open of the older ones is given up. `order`: the lead's withdrawal of the older versions, for the sites that
 * the new one leaves out. Throws `bad-signature`, `bad-input`, `study-exists`, `study-ended`, `expired`, `too-large`, `unknown-site`.
 */
export async function acceptStudy(
  deps: AcceptDeps,
  { study: jws, order, copies: signatures, rotations, proof }: SentStudy,
  { id: sender, sha256 }: Sender,
): Promise<SignedStudy> {
  const signed = await openStudy(jws, claimedLead(jws));
  const { study } = signed;
  const now = deps.now();
  const at = new Date(now).toISOString();
  const lead = fingerprint(study.lead.key);
  const expiresAt = new Date(
    Math.min(now + deps.expiryDays * 86_400_000, Date.parse(`${study.end}T23:59:59.999Z`)),
  ).toISOString();
  if (expiresAt < at) throw new MoimError('expired', 'the study ended before it was sent');
  const left = order === undefined ? undefined : await openOrder(order, study.lead.key);
  if (left && (left.study !== study.id || left.order !== 'withdraw' || left.version !== study.version - 1))
    throw new MoimError('bad-input', 'the order beside the study does not withdraw the version before');
  // What costs the sender nothing to write comes before what costs the hub: sites that are not there, and more than it will carry.
  await refuseUnknownSites(
    deps.db,
    study.sites.map(({ site }) => site),
  );
  const [place] = study.sites;
  const longest = signatures && place ? copyLength(signed, place) : jws.length;
  if (longest * study.sites.length > mostBytes)
    throw new MoimError('too-large', 'the study times its sites is more than the hub will carry');
  const copies = signatures && (await openCopies(signed, signatures));
  const documents = copies?.map((copy) => copy.jws) ?? study.sites.map(() => jws);
  const seal = () =>
    Promise.all(
      study.sites.map(async ({ site, job }, i) => {
        const message = uuidv7(now);
        const body = { kind: 'job' as const, job, study: documents[i] ?? jws };
        const envelope = await sealEnvelope(
          { v: 1, id: message, from: 'hub', to: site, sentAt: at, expiresAt, body },
          deps.identity.key,
        );
        return { peer: site, message, envelope, expiresAt, now: at };
      }),
    );
  const messages = await seal();
  await deps.db.transaction().execute(async (transaction) => {
    // Sent twice at the same time (a lead's retry), the second waits and finds the first.
    await lockStudy(transaction, study.id);
    const known = await transaction
      .selectFrom('study')
      .select('study_hash')
      .where('study', '=', study.id)
      .where('version', '=', study.version)
      .executeTakeFirst();
    if (known?.study_hash === signed.hash) {
      if (proof === undefined) return;
      await checkProof(jws, proof, sha256, rotations);
      await transaction.updateTable('study').set({ sender }).where('study', '=', study.id).execute();
      await record(transaction, at, 'study-sender-changed', { study: study.id, lead, token: sender });
      return;
    }
    if (known) throw new MoimError('study-exists');
    await checkFollows(transaction, signed, sender, rotations);
    const jobs = study.sites.map(({ job }) => job);
    const taken = await transaction
      .selectFrom('job')
      .select('job')
      .where('job', '=', sql<string>`any(${jobs}::uuid[])`)
      .limit(1)
      .executeTakeFirst();
    if (taken || new Set(jobs).size !== jobs.length)
      throw new MoimError('study-exists', 'a job id of this study was used before');
    await transaction
      .insertInto('study')
      .values({
        study: study.id,
        version: study.version,
        study_hash: signed.hash,
        lead,
        sender,
        jws,
        received_at: at,
        completion: JSON.stringify(study.completion),
        ends: study.end,
      })
      .execute();
    if (study.amends !== undefined) {
      // The new jobs once more, in envelopes of their own: these take the places of old ones that still wait.
      await overtake(transaction, { study: study.id, version: study.version - 1 }, await seal(), false, at);
    }
    const rows = study.sites.map((place, i) => ({
      job: place.job,
      message: messages[i]?.message ?? null,
      study: study.id,
      version: study.version,
      site: place.site,
      copy: copies?.[i]?.jws ?? null,
      copy_hash: copies?.[i]?.hash ?? null,
      state: 'waiting',
      code: null,
      changed_at: at,
      expires_at: expiresAt,
    }));
    for (let from = 0; from < rows.length; from += mostRows)
      await transaction
        .insertInto('job')
        .values(rows.slice(from, from + mostRows))
        .execute();
    await enqueueAll(transaction, messages);
    if (left && order !== undefined) {
      const before = await transaction
        .selectFrom('job')
        .select('site')
        .distinct()
        .where('study', '=', study.id)
        .execute();
      const staying = new Set(study.sites.map(({ site }) => site));
      const gone = new Set(before.flatMap(({ site }) => (staying.has(site) ? [] : [site])));
      await keepOrder(deps, transaction, left, order, gone);
    }
    await record(transaction, at, 'study-received', {
      study: study.id,
      version: study.version,
      hash: signed.hash,
      lead,
    });
  });
  return signed;
}

/** Whether a version that is not here yet may come after what is here. */
async function checkFollows(
  transaction: HubDb,
  { study, jws }: SignedStudy,
  sender: string,
  rotations: readonly string[] | undefined,
): Promise<void> {
  const newest = await transaction
    .selectFrom('study')
    .select(['version', 'study_hash', 'jws', 'sender', 'state'])
    .where('study', '=', study.id)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!newest) return;
  if (newest.sender !== sender)
    throw new MoimError('study-exists', 'a study of this id is here, sent by somebody else');
  // Its own signature was verified above; here, that its signer may speak for the study that is here.
  await leadFor(newest.jws, jws, rotations);
  if (study.version !== newest.version + 1 || study.amends !== newest.study_hash)
    throw new MoimError(
      'study-exists',
      `version ${newest.version} is here; the one sent does not follow it`,
      {
        remedy: 'Amend the newest version again with `moim study amend`.',
      },
    );
  if (newest.state === 'withdrawn') throw new MoimError('study-ended', 'the study was withdrawn');
}

/** Assembles and verifies the copies, a few at a time: the first bad one ends it, and the hub goes on serving meanwhile. */
async function openCopies(signed: SignedStudy, signatures: readonly string[]): Promise<SignedStudy[]> {
  const opened: SignedStudy[] = [];
  for (const copies of assembleCopies(signed, signatures))
    opened.push(...(await Promise.all(copies.map((copy) => openStudy(copy, signed.study.lead.key)))));
  return opened;
}

/** A study names enrolled sites: a lead's slip shows at once, and nobody fills the outbox with invented ones. */
async function refuseUnknownSites(db: HubDb, sites: readonly string[]): Promise<void> {
  const rows = await db.selectFrom('site').select('site').where('state', '!=', 'revoked').execute();
  const known = new Set(rows.map(({ site }) => site));
  const unknown = sites.filter((site) => !known.has(site));
  if (unknown.length > 0)
    throw new MoimError('unknown-site', `not enrolled at this hub: ${unknown.slice(0, 10).join(', ')}`, {
      remedy: 'Check the site names with the hub operator (`moim hub sites`).',
    });
}
