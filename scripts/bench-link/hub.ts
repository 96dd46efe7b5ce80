/** The hub under test: a real home, a real process, a real embedded PostgreSQL; its sites are written into its database beforehand. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Database, openDatabase } from '#host/postgres/database.ts';
import { fingerprint, type PublicKey } from '#protocol/keys.ts';
import type { SeedSite } from './message.ts';

const moim = fileURLToPath(new URL('../../moim.ts', import.meta.url));

export interface BenchHub {
  readonly url: string;
  readonly pid: number;
  readonly key: PublicKey;
  readonly token: string;
  /** Writes approved sites that are not there yet. */
  seed(sites: readonly SeedSite[]): Promise<void>;
  end(): Promise<void>;
}

export async function startHub(): Promise<BenchHub> {
  const home = mkdtempSync(join(tmpdir(), 'moim-bench-'));
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [moim, ...args, '--home', home], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`moim ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  run('hub', 'init');
  const database = await openDatabase({ home });
  const child = spawn(process.execPath, [moim, 'hub', 'run', '--home', home], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  child.stderr.on('data', (data: Buffer) => log.push(data.toString('utf8')));
  const { url, pid } = await ready(child, log);
  const tokenText = run('hub', 'token', 'create', '--role', 'lead');
  const { key } = (await (await fetch(`${url}/api/v1/hub`)).json()) as { key: PublicKey };
  return {
    url,
    pid,
    key,
    token: tokenText.split('\n').at(-1) ?? '',
    seed: (sites) => seed(database, sites),
    async end() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      await database.close();
      writeFileSync(join(tmpdir(), 'moim-bench-link.log'), log.join(''));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function seed(database: Database, sites: readonly SeedSite[]): Promise<void> {
  const rows = JSON.stringify(sites.map(({ site, key }) => ({ site, key, fingerprint: fingerprint(key) })));
  await database.pool.query(
    `insert into hub.site (site, key, fingerprint, state, enrolled_at, changed_at)
     select site, key, fingerprint, 'approved', now(), now() from jsonb_to_recordset($1::jsonb) as r(site text, key jsonb, fingerprint text)
     on conflict do nothing`,
    [rows],
  );
  await database.pool.query('analyze hub.site');
}

function ready(child: ChildProcess, log: readonly string[]): Promise<{ url: string; pid: number }> {
  return new Promise((resolve, reject) => {
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('ready ')) resolve(JSON.parse(line.slice(6)) as { url: string; pid: number });
      });
    }
    child.once('exit', (code) => reject(new Error(`the hub ended with ${code}: ${log.join('')}`)));
  });
}
