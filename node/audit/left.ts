/** What left this hospital, opened again with its archive key and compared with the hashes on record. */

import type { LeftAnswer } from '#host/audit-command.ts';
import { auditEntries } from '#host/audit-log.ts';
import { fromUtf8 } from '#protocol/bytes.ts';
import { hash } from '#protocol/canonical.ts';
import { openReply, type SiteAnswer, verifyReply } from '#protocol/reply.ts';
import { open, type Sealed } from '#protocol/seal.ts';
import type { NodeDb } from '../database.ts';
import { type NodeIdentity, ownKeyOf } from '../identity.ts';

export async function whatLeft(db: NodeDb, identity: NodeIdentity): Promise<LeftAnswer[]> {
  const recorded = new Map<string, { plaintext: unknown; ciphertext: unknown }>();
  for (const { kind, body } of await auditEntries(db))
    if (kind === 'job-answered')
      recorded.set(String(body.job), { plaintext: body.plaintext, ciphertext: body.ciphertext });
  const rows = await db.selectFrom('released').selectAll().orderBy('released_at').execute();
  const left: LeftAnswer[] = [];
  for (const row of rows) {
    const opened = await openLeft(row.header, row.sealed as Sealed, identity).catch(() => undefined);
    const entry = recorded.get(row.job);
    const intact =
      opened !== undefined &&
      opened.ciphertext === entry?.ciphertext &&
      opened.ciphertext === row.ciphertext_sha256 &&
      opened.plaintext === entry.plaintext &&
      opened.plaintext === row.plaintext_sha256;
    left.push({ job: row.job, releasedAt: row.released_at, intact, answer: opened?.answer ?? null });
  }
  return left;
}

async function openLeft(
  jws: string,
  sealed: Sealed,
  identity: NodeIdentity,
): Promise<{ answer: SiteAnswer; plaintext: string; ciphertext: string }> {
  const signer = ownKeyOf(identity, jws);
  const header = await verifyReply(jws, sealed, signer);
  const answer = await openReply(header, sealed, identity.archive, signer);
  const inner = fromUtf8(await open(sealed, identity.archive, header.context)).replace(/\n+$/, '');
  return { answer, plaintext: hash(inner), ciphertext: header.ciphertext };
}
