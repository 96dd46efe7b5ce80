/** What running a job needs, with or without the serving process: a dry run computes beside it exactly as it would. */

import { fingerprint } from '#protocol/keys.ts';
import { attachedVersion } from '../cdm/attached-version.ts';
import { withSteadyData } from '../cdm/hold.ts';
import { answerVersion, dataVersion } from '../cdm/version.ts';
import { countCohort } from '../cohort/generate.ts';
import { withSession } from '../cohort/session.ts';
import { vocabularyHere } from '../cohort/unresolved.ts';
import type { NodeConfig } from '../config.ts';
import type { NodeDatabase, NodeDb } from '../database.ts';
import { withholdingApart } from '../disclosure/withhold.ts';
import { hubKeyOf, type NodeIdentity, type PinnedHub } from '../identity.ts';
import type { ExecuteDeps } from './execute.ts';
import { acceptedLead } from './lead.ts';
import { type VerifiedJob, verifyJob } from './verify.ts';

/** How cohorts are counted on this hospital's CDM, owned or attached. */
export function executionOf(
  database: NodeDatabase,
  config: NodeConfig,
  identity: NodeIdentity,
  signal: AbortSignal,
): ExecuteDeps {
  const { cdm, attached } = database;
  const { cdmSchema } = config;
  const timeoutMs = config.queryTimeoutSeconds * 1000;
  return {
    signal,
    count: (expression, cancel, asked) =>
      countCohort(cdm, expression, { cdmSchema, timeoutMs, signal: cancel, asked }),
    // May read whole tables: it is bounded and stopped as the cohorts are.
    dataVersion: (cancel = signal) =>
      withSession(cdm, { timeoutMs, signal: cancel, readOnly: true }, async (client) => {
        const version = await (attached ? attachedVersion : dataVersion)(client, cdmSchema);
        return answerVersion(version, identity.archive.secret);
      }),
    vocabulary: (expressions, cancel) =>
      withSession(cdm, { timeoutMs, signal: cancel, readOnly: true }, (client) =>
        vocabularyHere(client, expressions, cdmSchema),
      ),
    withhold: withholdingApart(config.disclosureTimeoutSeconds * 1000),
    steady: (work, cancel) => (attached ? work() : withSteadyData(cdm, cdmSchema, cancel, work)),
  };
}

/** Verifies an envelope that was sent to this node; one that is kept, with the instant it came. */
export type Verify = (envelope: string, received?: string) => Promise<VerifiedJob>;

export function verifierOf(deps: {
  readonly db: NodeDb;
  readonly identity: NodeIdentity;
  readonly hub: PinnedHub;
  readonly now: () => number;
}): Verify {
  return (envelope, received) =>
    verifyJob(
      {
        site: deps.hub.site,
        fingerprint: deps.identity.fingerprint,
        hubKey: hubKeyOf(deps.hub, envelope),
        ...(deps.identity.formerly ? { formerly: deps.identity.formerly.map(fingerprint) } : {}),
        now: deps.now(),
        ...(received === undefined ? {} : { received: Date.parse(received) }),
        acceptedLead: (print) => acceptedLead(deps.db, print),
      },
      envelope,
    );
}
