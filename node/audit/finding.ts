/** The audit log as `doctor` sees it: the chain, held against the receipts that this home keeps. */

import { auditEntries } from '#host/audit-log.ts';
import { verifyWitnessed } from '#host/audit-witness.ts';
import type { Finding } from '#host/diagnosis.ts';
import { openWitness, witnessFile } from '#host/witness-file.ts';
import type { NodeDb } from '../database.ts';
import { hubKeys, type PinnedHub } from '../identity.ts';

export async function auditFinding(
  db: NodeDb,
  home: string,
  hub: PinnedHub | undefined,
): Promise<string | Finding> {
  const all = hub ? await openWitness(witnessFile(home), hubKeys(hub), true) : [];
  const receipts = all.filter(({ site }) => site === hub?.site);
  const verdict = verifyWitnessed(await auditEntries(db), receipts);
  if (!verdict.ok)
    return {
      check: 'audit',
      state: 'failed',
      says: `entry ${verdict.entry}: ${verdict.fault}`,
      remedy: 'Restore the database from a backup and tell the hub operator.',
    };
  const lost = verdict.lost?.length ?? 0;
  return [
    `${verdict.entries} entries, the chain is whole`,
    receipts.length > 0 ? `${receipts.length} receipts of the hub` : 'no witness yet',
    ...(lost > 0 ? [`${lost} entries lost and admitted (\`moim audit verify\`)`] : []),
  ].join(', ');
}
