/** The network that is tormented: a hub, five hospitals and a lead, opened by the commands of the quick start, each a process of its own. */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { send } from '#host/postgres/postmaster.ts';
import { type GivenServer, homeAddress, openGivenServer } from './given-server.ts';
import { type Cable, openNamespace } from './namespace.ts';
import { ages, type PartyName, type ServerName, type SiteName, serverOf, siteNames } from './plan.ts';
import { openRelay, type Relay } from './relay.ts';
import { Served } from './served.ts';
import { fillHospital, type Truth, truthAt } from './truth.ts';

const moim = fileURLToPath(new URL('../../bin/moim.mjs', import.meta.url));

export interface Site {
  readonly site: SiteName;
  readonly fingerprint: string;
  readonly relay: Relay;
  /** What its cohorts count, by age. */
  readonly truth: ReadonlyMap<number, Truth>;
}

export interface Network {
  readonly folder: string;
  readonly hubUrl: string;
  readonly parties: ReadonlyMap<PartyName, Served>;
  readonly sites: ReadonlyMap<SiteName, Site>;
  readonly given: GivenServer;
  readonly lead: { readonly home: string; readonly key: string; readonly tokenFile: string };
  homeOf(party: PartyName | ServerName): string;
  logOf(party: PartyName): string;
  /** The address of a party's database now. */
  address(party: PartyName): string | undefined;
  /** Runs `moim …` in a party's home; gives exit code and output. */
  command(party: PartyName, how: CommandLife, ...words: readonly string[]): Promise<Answer>;
  /** The process that holds the last site's namespace open. */
  readonly namespace: number | undefined;
  /** Pulls a cable of the last site, or puts it back. */
  unplug(cable: Cable, out: boolean): void;
  /** SIGTERM to all, hub last; then the given server. */
  stop(): Promise<void>;
}

export interface CommandLife {
  /** SIGKILL to it and all it started, unless it ends before. */
  readonly killAfterMs?: number;
}

export interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export async function openNetwork(
  folder: string,
  fault: (text: string) => void,
  say: (text: string) => void,
): Promise<Network> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MOIM_')));
  const homeOf = (party: string) => join(folder, 'homes', party);
  for (const name of ['hub', 'lead', ...siteNames]) mkdirSync(homeOf(name), { recursive: true, mode: 0o700 });
  mkdirSync(join(folder, 'logs'), { recursive: true });
  const logOf = (party: PartyName) => join(folder, 'logs', `${party}.jsonl`);
  const given = await openGivenServer(homeOf('given'), ['delta', 'epsilon']);
  const namespace = await openNamespace(folder);
  const apart = typeof namespace === 'string' ? undefined : namespace;
  say(
    apart
      ? 'epsilon lives in a network namespace'
      : `no network namespace (${namespace}): cables are cut by relays`,
  );
  const databaseWay = await openRelay(given.port, apart?.address('database'));
  const envOf = (party: string): NodeJS.ProcessEnv => {
    if (party === 'delta') return { ...env, MOIM_DATABASE_URL: given.url(party) };
    if (party !== 'epsilon') return env;
    // Its way to the hub is a cable between two namespaces of one machine.
    return { ...env, MOIM_ALLOW_HTTP: 'true', MOIM_DATABASE_URL: given.url(party, databaseWay) };
  };
  const command = (party: string, how: CommandLife, ...words: readonly string[]) =>
    runToEnd(
      process.execPath,
      [moim, ...words, '--home', homeOf(party)],
      envOf(party),
      how.killAfterMs ?? 120_000,
    );
  const succeed = async (party: string, ...words: readonly string[]) => {
    const { code, out, err } = await command(party, {}, ...words);
    if (code === 0) return out;
    throw new Error(`${party}: moim ${words.slice(0, 3).join(' ')} ended with ${code}\n${err.slice(-1_000)}`);
  };
  const served = (name: PartyName, noun: 'hub' | 'node') =>
    new Served({
      name,
      noun,
      home: homeOf(name),
      env: envOf(name),
      log: logOf(name),
      fault,
      ...(apart && name === 'epsilon' ? { around: apart.inside } : {}),
    });
  const parties = new Map<PartyName, Served>([
    ['hub', served('hub', 'hub')],
    ...siteNames.map((site) => [site, served(site, 'node')] as const),
  ]);
  const address = (party: PartyName) =>
    serverOf(party) === 'given' ? given.url(party) : homeAddress(homeOf(party));

  say('opening a hub and five hospitals');
  const leadKey = join(homeOf('lead'), 'lead-key.json');
  const [hubMade, leadMade] = await Promise.all([
    succeed('hub', 'hub', 'init', '--json'),
    succeed('lead', 'key', 'create', '--role', 'lead', '--out', leadKey),
    ...siteNames.map((site) => succeed(site, 'node', 'init')),
  ]);
  const { port } = JSON.parse(hubMade as string) as { port: number };
  const { fingerprint: leadPrint } = JSON.parse(leadMade as string) as { fingerprint: string };
  const leadFile = join(homeOf('lead'), 'lead-public.json');
  writeFileSync(leadFile, leadMade as string);
  await parties.get('hub')?.start();
  const tokens = await succeed(
    'hub',
    'hub',
    'token',
    'create',
    '--role',
    'site',
    ...siteNames.flatMap((site) => ['--site', site]),
  );
  const tokenFile = join(homeOf('lead'), 'hub-token');
  writeFileSync(tokenFile, await succeed('hub', 'hub', 'token', 'create', '--role', 'lead', '--ttl', '7d'), {
    mode: 0o600,
  });

  const opened = await Promise.all(
    siteNames.map(async (site, i) => {
      const relay = await openRelay(port, site === 'epsilon' ? apart?.address('hub') : undefined);
      const token = tokens.trim().split('\n')[i] as string;
      const enrolled = await succeed(site, 'node', 'enroll', '--hub', relay.url, '--token', token, '--json');
      const { fingerprints } = JSON.parse(enrolled) as { fingerprints: { site: string } };
      return { site, relay, fingerprint: fingerprints.site };
    }),
  );
  await succeed('hub', 'hub', 'approve', ...opened.map(({ fingerprint }) => fingerprint));
  say('enrolled and approved');
  const policy = join(folder, 'policy.toml');
  writeFileSync(policy, 'minimumCell = 1\nshowZero = true\nanalyses = ["count"]\n');
  const sites = new Map<SiteName, Site>();
  await Promise.all(
    opened.map(async (each, i) => {
      await parties.get(each.site)?.start();
      await succeed(each.site, 'node', 'policy', 'apply', policy);
      await succeed(
        each.site,
        'node',
        'trust',
        'lead',
        leadFile,
        '--fingerprint',
        leadPrint,
        '--entity',
        'The soak’s lead',
      );
      const client = new pg.Pool({ connectionString: address(each.site) as string, max: 1 });
      await fillHospital(client, { persons: 60 + 10 * i, salt: i + 1 });
      const truth = new Map<number, Truth>();
      for (const age of ages) truth.set(age, await truthAt(client, age));
      await client.end();
      sites.set(each.site, { ...each, truth });
    }),
  );
  say('filled; every hospital trusts the lead');
  return {
    folder,
    hubUrl: `http://127.0.0.1:${port}`,
    parties,
    sites,
    given,
    lead: { home: homeOf('lead'), key: leadKey, tokenFile },
    homeOf,
    logOf,
    address,
    command,
    namespace: apart?.pid,
    unplug(cable, out) {
      const way = cable === 'hub' ? sites.get('epsilon')?.relay : databaseWay;
      if (apart) apart.plug(cable, !out);
      else way?.set(out ? (cable === 'hub' ? 'cut' : 'stall') : 'open');
    },
    async stop() {
      const codes = await Promise.all(siteNames.map((site) => parties.get(site)?.stop()));
      codes.push(await parties.get('hub')?.stop());
      for (const { relay } of sites.values()) relay.close();
      databaseWay.close();
      if (existsSync(homeOf('given'))) await given.stop();
      for (const [i, code] of codes.entries())
        if (code !== undefined && code !== 0)
          fault(`${[...siteNames, 'hub'][i]} ended with ${code} on SIGTERM`);
    },
  };
}

function runToEnd(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  lifeMs: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    const life = setTimeout(() => child.pid !== undefined && send(-child.pid, 'SIGKILL'), lifeMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(life);
      resolve({ code, out: out.join(''), err: err.join('') });
    });
  });
}
