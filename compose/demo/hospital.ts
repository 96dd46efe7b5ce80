/** Opening one hospital of the demo, exactly as its data engineer would: the commands of the quick start, in their order. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoimError } from '#protocol/errors.ts';
import type { DemoOptions } from './options.ts';
import type { Party } from './party.ts';

export interface HospitalNeeds {
  readonly site: string;
  readonly node: Party;
  readonly hub: Party;
  readonly hubUrl: string;
  readonly leadFile: string;
  readonly leadPrint: string;
  readonly options: DemoOptions;
  /** A folder of CDM tables, or which synthetic hospital. */
  readonly data: string | { readonly mix: string; readonly seed: number };
  readonly say: (text: string) => void;
}

/** Gives the site with its fingerprint, which the lead pins in the study. */
export async function openHospital(needs: HospitalNeeds): Promise<{ site: string; fingerprint: string }> {
  const { site, node, hub, hubUrl, leadFile, leadPrint, options, data, say } = needs;
  const [, token] = await Promise.all([node.command(['node', 'init']), hub.command(['hub', 'token', 'create', '--role', 'site', '--site', site])]);
  const tokenFile = join(node.home, 'enrolment-token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const enrolled = JSON.parse(await node.command(['node', 'enroll', '--hub', hubUrl, '--token-file', tokenFile, '--json'])) as {
    fingerprints: { site: string };
  };
  const { fingerprints } = enrolled;
  // The operator and the engineer read the fingerprint to each other; here both ends are ours, so we compare them.
  const seen = JSON.parse(await hub.command(['hub', 'sites', '--json'])) as { site: string; fingerprint: string }[];
  if (seen.find((each) => each.site === site)?.fingerprint !== fingerprints.site) throw new MoimError('demo-failed', `${site}: the fingerprints differ`);
  await hub.command(['hub', 'approve', fingerprints.site]);
  say(`${site} enrolled and approved, ${fingerprints.site}`);
  await node.serve(['node', 'run']);
  if (options.minCell !== undefined) {
    const policy = join(node.home, 'policy.toml');
    writeFileSync(policy, `# Set by the demo's --min-cell.\nminimumCell = ${options.minCell}\nshowZero = true\nanalyses = ["count"]\n`);
    await node.command(['node', 'policy', 'apply', policy]);
  }
  await node.command(['node', 'trust', 'lead', leadFile, '--fingerprint', leadPrint, '--entity', 'The demo’s own study lead']);
  if (typeof data === 'string') await node.command(['cdm', 'load', data, '--json']);
  else await node.command(['cdm', 'synth', '--persons', String(options.persons), '--seed', String(data.seed), '--mix', data.mix, '--json']);
  say(`${site} has its data${typeof data === 'string' ? '' : ` (synthetic, case mix ${data.mix})`} and accepts the lead`);
  return { site, fingerprint: fingerprints.site };
}
