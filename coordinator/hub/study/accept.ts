/**
 * A signed study arrives at the hub: its form and signature are checked (by the key it names: the hub confers no trust, hospitals
 * do), its jobs are noted, and one envelope a site goes into the outbox, all in one transaction.
 */

import { sql } from 'kysely';
import { record } from '#host/audit-log.ts';
import { enqueue } from '#host/mailbox.ts';
import { sealEnvelope } from '#protocol/envelope.ts';
import { MoimError } from '#protocol/errors.ts';
import { uuidv7 } from '#protocol/ids.ts';
import { fingerprint } from '#protocol/keys.ts';
import { claimedLead, openStudy, type SignedStudy } from '#protocol/study.ts';
import type { HubDb } from '../database.ts';
import type { HubIdentity } from '../identity.ts';

export interface AcceptDeps {
  readonly db: HubDb;
  readonly identity: HubIdentity;
  readonly now: () => number;
  readonly expiryDays: number;
}

/** Bytes of envelopes that one study may make the hub hold. */
const mostBytes = 512 * 1024 * 1024;

/** Takes the study once: sent again unchanged it gives the same answer. Throws `bad-signature`, `bad-input`, `study-exists`. */
export async function acceptStudy(deps: AcceptDeps, jws: string, sender: string): Promise<SignedStudy> {
  const signed = await openStudy(jws, claimedLead(jws));
  const { study } = signed;
  const now = deps.now();
  const at = new Date(now).toISOString();
  const lead = fingerprint(study.lead.key);
  const expiresAt = new Date(
    Math.min(now + deps.expiryDays * 86_400_000, Date.parse(`${study.end}T23:59:59.999Z`)),
  ).toISOString();
  if (expiresAt < at) throw new MoimError('expired', 'the study ended before it was sent');
  if (study.version !== 1)
    throw new MoimError('bad-input', 'a study is sent as version 1: amending is not built yet');
  if (jws.length * study.sites.length > mostBytes)
    throw new MoimError('too-large', 'the study times its sites is more than the hub will carry');
  await refuseUnknownSites(
    deps.db,
    study.sites.map(({ site }) => site),
  );
  await deps.db.transaction().execute(async (transaction) => {
    // Sent twice at the same time (a lead's retry), the second waits and finds the first.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`moim-study ${study.id}`}, 0))`.execute(
      transaction,
    );
    const known = await transaction
      .selectFrom('study')
      .select('study_hash')
      .where('study', '=', study.id)
      .where('version', '=', study.version)
      .executeTakeFirst();
    if (known?.study_hash === signed.hash) return;
    if (known) throw new MoimError('study-exists');
    const jobs = study.sites.map(({ job }) => job);
    const taken = await transaction
      .selectFrom('job')
      .select('job')
      .where('job', 'in', jobs)
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
      })
      .execute();
    await transaction
      .insertInto('job')
      .values(
        study.sites.map(({ site, job }) => ({
          job,
          study: study.id,
          version: study.version,
          site,
          state: 'waiting',
          code: null,
          changed_at: at,
          expires_at: expiresAt,
        })),
      )
      .execute();
    for (const { site, job } of study.sites) {
      const id = uuidv7(now);
      const body = { kind: 'job' as const, job, study: jws };
      const envelope = await sealEnvelope(
        { v: 1, id, from: 'hub', to: site, sentAt: at, expiresAt, body },
        deps.identity.key,
      );
      await enqueue(transaction, site, { message: id, envelope, expiresAt, now: at });
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
