/** Opening one hospital of the demo, exactly as its data engineer would: the commands of the quick start, in their order. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoimError } from '#protocol/errors.ts';
import type { DemoOptions } from './options.ts';
import type { Party } from './party.ts';

export interface HospitalNeeds {
  readonly site: string;
  readonly node: Party;
  readonly hubUrl: string;
  /** The one-time token that the hub's operator made for this site. */
  readonly token: string;
  /** Ends when `moim node init` has. */
  readonly made: Promise<unknown>;
  readonly leadFile: string;
  readonly leadPrint: string;
  readonly options: DemoOptions;
  /** A folder of CDM tables, or which synthetic hospital. */
  readonly data: string | { readonly mix: string; readonly seed: number };
  readonly say: (text: string) => void;
}

/** Enrols the node. Gives the fingerprint that the engineer reads to the hub's operator, and to the lead. */
export async function enrolHospital(needs: HospitalNeeds): Promise<string> {
  const { node, hubUrl, token, made } = needs;
  await made;
  const tokenFile = join(node.home, 'enrolment-token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const enrolled = JSON.parse(
    await node.command(['node', 'enroll', '--hub', hubUrl, '--token-file', tokenFile, '--json']),
  ) as {
    fingerprints: { site: string };
  };
  return enrolled.fingerprints.site;
}

/** The operator compares what the hub saw with what the hospitals read out, and approves them. */
export async function approveHospitals(
  hub: Party,
  sites: readonly { site: string; fingerprint: string }[],
): Promise<void> {
  const seen = JSON.parse(await hub.command(['hub', 'sites', '--json'])) as {
    site: string;
    fingerprint: string;
  }[];
  for (const { site, fingerprint } of sites) {
    if (seen.find((each) => each.site === site)?.fingerprint !== fingerprint)
      throw new MoimError('demo-failed', `${site}: the fingerprints differ`);
  }
  await hub.command(['hub', 'approve', ...sites.map(({ fingerprint }) => fingerprint)]);
}

/** Starts the node, accepts the lead, fills the CDM. */
export async function openHospital(needs: HospitalNeeds): Promise<void> {
  const { site, node, leadFile, leadPrint, options, data, say } = needs;
  await node.serve(['node', 'run']);
  if (options.minCell !== undefined) {
    const policy = join(node.home, 'policy.toml');
    writeFileSync(
      policy,
      `# Set by the demo's --min-cell.\nminimumCell = ${options.minCell}\nshowZero = true\nanalyses = ["count"]\n`,
    );
    await node.command(['node', 'policy', 'apply', policy]);
  }
  await node.command([
    'node',
    'trust',
    'lead',
    leadFile,
    '--fingerprint',
    leadPrint,
    '--entity',
    'The demo’s own study lead',
  ]);
  if (typeof data === 'string') await node.command(['cdm', 'load', data, '--json']);
  else
    await node.command([
      'cdm',
      'synth',
      '--persons',
      String(options.persons),
      '--seed',
      String(data.seed),
      '--mix',
      data.mix,
      '--json',
    ]);
  say(
    `${site} has its data${typeof data === 'string' ? '' : ` (synthetic, case mix ${data.mix})`} and accepts the lead`,
  );
}
