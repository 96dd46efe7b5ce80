/** The demo's story, in order: a hub, three hospitals, a lead; enrolment, a signed study, the pooled answer. */

import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readText } from '#host/home.ts';
import { aborted } from '#host/serve.ts';
import { MoimError } from '#protocol/errors.ts';
import { read } from '#sql/circe/read.ts';
import { dealCdm } from './deal.ts';
import { approveHospitals, enrolHospital, openHospital } from './hospital.ts';
import { pssMb } from './memory.ts';
import { type DemoOptions, readDemoOptions } from './options.ts';
import { type Party, party } from './party.ts';
import { studyFile } from './study.ts';

const hospitals = [
  { site: 'hanbit', mix: 'general' },
  { site: 'saerom', mix: 'cardiac' },
  { site: 'dasom', mix: 'elderly' },
] as const;

/** Gives the exit code: 0 only where the pool is complete. */
export async function runDemo(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const started = performance.now();
  const parties: Party[] = [];
  const home = resolve(process.env.MOIM_HOME ?? '.moim', `demo-${randomBytes(4).toString('hex')}`);
  let keep = false;
  try {
    const options = readDemoOptions(argv, process.stdout.isTTY === true);
    checkCohorts(options);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const work = tell(options, home, parties, started, signal);
    return await Promise.race([work, aborted(signal).then(() => 130)]);
  } catch (cause) {
    if (signal.aborted) return 130;
    if (!(cause instanceof MoimError)) throw cause;
    keep = cause.code === 'demo-failed';
    process.stderr.write(
      `demo: ${cause.message}\n  ${cause.remedy}${keep ? `\n  The homes are kept in ${home}.` : ''}\n`,
    );
    return cause.exit;
  } finally {
    await Promise.all(parties.map((each) => each.stop()));
    if (!keep) rmSync(home, { recursive: true, force: true });
  }
}

/** A definition that cannot be run is named before anything is started. */
function checkCohorts({ cohorts }: DemoOptions): void {
  for (const { name, file } of cohorts) {
    const result = read(readText(file, 'cohort definition'));
    if (result.ok) continue;
    throw new MoimError(
      'definition-refused',
      result.findings.map(({ path, message }) => `${name} ${path}: ${message}`).join('\n'),
    );
  }
}

async function tell(
  options: DemoOptions,
  home: string,
  parties: Party[],
  started: number,
  signal: AbortSignal,
): Promise<number> {
  const say = (text: string) =>
    process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
  const env = partyEnvironment();
  const add = (name: string): Party => {
    mkdirSync(join(home, name), { recursive: true, mode: 0o700 });
    const made = party(join(home, name), env);
    parties.push(made);
    return made;
  };
  say(`homes are in ${home}`);
  say('setting up a hub and three hospitals, each with its own PostgreSQL');
  if (options.minCell !== undefined)
    say(`minimum cell ${options.minCell} is set in the three hospitals' policies and in the study`);

  const hub = add('hub');
  const lead = add('lead');
  const keyFile = join(lead.home, 'lead-key.json');
  const tokenFile = join(lead.home, 'hub-token');
  // The hospitals set up while the hub does. A fault is met where it is awaited.
  const nodes = hospitals.map(({ site }) => add(site));
  const made = nodes.map((node) => node.command(['node', 'init']));
  for (const each of made) each.catch(() => {});
  const [{ url }, leadKey, data] = await Promise.all([
    hub.command(['hub', 'init', '--json']).then(() => hub.serve(['hub', 'run'])),
    lead.command(['key', 'create', '--role', 'lead', '--out', keyFile]),
    options.cdm === undefined
      ? undefined
      : dealCdm(
          options.cdm,
          hospitals.map(({ site }) => join(home, 'data', site)),
        ),
  ]);
  const names = hospitals.flatMap(({ site }) => ['--site', site]);
  const siteTokens = (await hub.command(['hub', 'token', 'create', '--role', 'site', ...names]))
    .trim()
    .split('\n');
  writeFileSync(tokenFile, await hub.command(['hub', 'token', 'create', '--role', 'lead']), { mode: 0o600 });
  const leadPrint = (JSON.parse(leadKey) as { fingerprint: string }).fingerprint;
  const leadFile = join(lead.home, 'lead-public.json');
  writeFileSync(leadFile, leadKey);
  say(`hub ready at ${url}; lead ${leadPrint}`);

  const needs = hospitals.map(({ site, mix }, i) => ({
    site,
    node: nodes[i] as Party,
    token: siteTokens[i] as string,
    made: made[i] as Promise<unknown>,
    hubUrl: url,
    leadFile,
    leadPrint,
    options,
    say,
    data: data?.[i] ?? { mix, seed: i + 1 },
  }));
  const sites = await Promise.all(
    needs.map(async (each) => ({ site: each.site, fingerprint: await enrolHospital(each) })),
  );
  await approveHospitals(hub, sites);
  for (const { site, fingerprint } of sites) say(`${site} enrolled and approved, ${fingerprint}`);
  await Promise.all(needs.map(openHospital));

  const draft = join(lead.home, 'study.json');
  writeFileSync(draft, JSON.stringify(studyFile(options, sites, new Date()), null, 2));
  const { study } = JSON.parse(await lead.command(['study', 'sign', draft, '--key', keyFile, '--json'])) as {
    study: string;
  };
  await lead.command([
    'study',
    'send',
    draft.replace(/\.json$/, '.signed.json'),
    '--hub',
    url,
    '--token-file',
    tokenFile,
  ]);
  say(`study ${study} signed and sent: ${options.cohorts.map(({ name }) => name).join(', ')}`);

  let firstAnswerMs: number | undefined;
  await lead.command(['study', 'watch', study, '--json', '--timeout', '600'], {
    accept: [0, 4],
    onLine(line) {
      const { site, state, code } = JSON.parse(line) as { site: string; state: string; code?: string };
      if (state === 'answered') firstAnswerMs ??= Math.round(performance.now() - started);
      say(`${site} ${state}${code === undefined ? '' : ` (${code})`}`);
    },
  });
  const out = join(lead.home, 'result');
  const text = await lead.command(
    [
      'study',
      'result',
      study,
      '--key',
      keyFile,
      '--out',
      out,
      '--partial',
      ...(options.json ? ['--json'] : []),
    ],
    { accept: [0, 1] },
  );
  const memory = pssMb([process.pid, ...parties.flatMap((each) => each.pids())]);
  const complete = await print(options, text, firstAnswerMs, memory, out);
  say(`first answer after ${((firstAnswerMs ?? 0) / 1000).toFixed(1)} s; ${memory ?? '?'} MB PSS in all`);
  if (!options.once) {
    process.stdout.write(whatNext(home, url));
    await aborted(signal);
  }
  return complete ? 0 : 1;
}

async function print(
  options: DemoOptions,
  text: string,
  firstAnswerMs: number | undefined,
  memory: number | undefined,
  out: string,
): Promise<boolean> {
  if (!options.json) {
    process.stdout.write(text);
    const { complete } = JSON.parse(await readResult(out)) as { complete: boolean };
    return complete;
  }
  const result = JSON.parse(text) as {
    complete: boolean;
    standsOn: string;
    sites: object[];
    minCell: number;
    cohorts: object[];
  };
  const { standsOn, sites, minCell, cohorts } = result;
  process.stdout.write(
    `${JSON.stringify({ standsOn, sites, minCell, cohorts, firstAnswerMs: firstAnswerMs ?? null, pssMb: memory ?? null })}\n`,
  );
  return result.complete;
}

async function readResult(out: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return readFile(join(out, 'result.json'), 'utf8');
}

/** The parties see nothing of our own settings: a MOIM_DATABASE_URL around us must not make them share a server. */
function partyEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MOIM_')));
}

function whatNext(home: string, url: string): string {
  const moim = './bin/moim.mjs';
  return `
The hub (${url}) and the three hospitals stay up until you press Ctrl-C. In another terminal, try:

  ${moim} hub sites --home ${join(home, 'hub')}                        the network, as the hub sees it
  ${moim} doctor --home ${join(home, 'hanbit')}                        one hospital, looked over
  ${moim} audit show --left --home ${join(home, 'hanbit')}             what left it, opened with its own archive key
  ${moim} audit verify --home ${join(home, 'hanbit')}                  its audit chain
  ${moim} cohort generate compose/demo/cohorts --home ${join(home, 'hanbit')}   the exact counts, which stay there
`;
}
