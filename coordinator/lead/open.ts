/** RelayedReply → OpenedReply → SiteResult: every signature verified, every reply opened with the study's sealing key. */

import { pool } from '#protocol/disclosure/pool.ts';
import { MoimError } from '#protocol/errors.ts';
import type { SealingPair } from '#protocol/keys.ts';
import { openReply, type SiteAnswer, verifyReply } from '#protocol/reply.ts';
import { recipientsHash, type SignedStudy } from '#protocol/study.ts';
import { copyHash } from '#protocol/study-copy.ts';
import type { HubReplies } from './hub-api.ts';
import { checkHead, checkTime, type LeadRoster, siteRow } from './roster.ts';

/** One site's verified answer. */
export interface SiteResult {
  readonly site: string;
  readonly answer: SiteAnswer;
  /** True where the study pinned the site's fingerprint; otherwise the key is the hub's word. */
  readonly pinned: boolean;
  /** When the site sealed it, as it signed. */
  readonly sealedAt: string;
  /** When it came, as the hub says. */
  readonly receivedAt: string;
}

/**
 * Opens what the hub relayed. A reply that fails any check is left out and named: it never becomes a figure.
 */
export async function openReplies(
  signed: SignedStudy,
  relayed: HubReplies,
  sealing: SealingPair,
  roster: LeadRoster,
) {
  const results: SiteResult[] = [];
  const refused: { site: string; code: string }[] = [];
  for (const site of signed.study.sites) {
    const replies = relayed.replies.filter(({ job }) => job === site.job);
    const [reply] = replies;
    if (!reply) continue;
    try {
      const row = await siteRow(roster, site, reply.header);
      const { key } = row;
      const header = await verifyReply(reply.header, reply.sealed, key);
      checkTime(roster, row, header.sealedAt);
      const { context } = header;
      if (
        context.job !== site.job ||
        context.site !== site.site ||
        context.study !== signed.study.id ||
        (context.studyHash !== signed.hash && context.studyHash !== copyHash(signed, site)) ||
        context.recipients !== recipientsHash(signed.study)
      ) {
        throw new MoimError('bad-signature', 'a reply of another study');
      }
      const answer = await openReply(header, reply.sealed, sealing, key);
      checkHead(roster, answer.roster);
      const told = new Set(answer.cohorts.map(({ cohort }) => cohort));
      if (
        told.size !== answer.cohorts.length ||
        signed.study.cohorts.some((_, i) => !told.has(i)) ||
        told.size !== signed.study.cohorts.length
      )
        throw new MoimError('bad-input', 'an answer without all cohorts');
      if (answer.minimumCell < signed.study.minimumCell)
        throw new MoimError('bad-input', 'an answer under the study’s own minimum cell');
      for (const { cells } of answer.cohorts) checkCells(site.site, cells);
      results.push({
        site: site.site,
        answer,
        pinned: site.fingerprint !== undefined,
        sealedAt: header.sealedAt,
        receivedAt: reply.receivedAt,
      });
    } catch (cause) {
      refused.push({ site: site.site, code: cause instanceof MoimError ? cause.code : 'internal' });
    }
  }
  return { results, refused };
}

/** One site's odd cells must not spoil the pool of all: whatever could not be pooled with others is refused here, and the site named. */
function checkCells(site: string, cells: SiteAnswer['cohorts'][number]['cells']): void {
  pool([{ site, cells }], { of: 1 });
  const odd = cells.some(({ id, kind }) => (kind === 'rows') !== /^(rows([:/]|$)|by-event\/)/.test(id));
  if (odd) throw new MoimError('bad-input', 'a cell counts something else than its name says');
}
