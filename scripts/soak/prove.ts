/**
 * The proof that the soak sees: with every process held still, one thing after another is spoilt in the real databases and on the machine,
 * and each must be called by its name. What is spoilt stays so: this comes last.
 */

import { spawn } from 'node:child_process';
import pg from 'pg';
import { breachOf } from './check.ts';
import type { Judge } from './judge.ts';
import type { Network } from './network.ts';
import type { PartyName } from './plan.ts';
import type { Breach } from './seen.ts';

interface Plant {
  readonly name: string;
  readonly party: PartyName;
  readonly sql: string;
  /** Which check must speak, and of what. */
  readonly check: string;
  readonly says: RegExp;
}

const newest = `(select job from moim.released order by released_at desc limit 1)`;

const plants: readonly Plant[] = [
  {
    name: 'a released row is deleted',
    party: 'alpha',
    sql: `delete from moim.released where job = ${newest}`,
    check: 'answer',
    says: /of alpha: the hub has a reply that was never released/,
  },
  {
    name: 'a reply is deleted at the hub',
    party: 'hub',
    sql: `delete from hub.reply where job = (select job from hub.job where site = 'beta' and state = 'answered' limit 1)`,
    check: 'answer',
    says: /of beta: the reply is lost/,
  },
  {
    name: 'a reply is stored under another job',
    party: 'hub',
    sql: `update hub.reply set header = (select header from hub.reply r join hub.job j using (job) where j.site = 'epsilon' limit 1)
      where job = (select job from hub.job where site = 'gamma' and state = 'answered' limit 1)`,
    check: 'answer',
    says: /of gamma: 2 different ciphertexts/,
  },
  {
    name: 'a job is set back to running',
    party: 'gamma',
    sql: `update moim.job set state = 'running' where job = ${newest}`,
    check: 'state',
    says: /of gamma did not come to its end: running/,
  },
  {
    name: 'a reply is put into the outbox again',
    party: 'delta',
    sql: `insert into moim.outbox (peer, epoch, seq, message, envelope, expires_at, created_at, acked_at)
      select peer, epoch, seq + 1000000, gen_random_uuid(), envelope, expires_at, created_at, now() from moim.outbox limit 1`,
    check: 'answer',
    says: /of delta: 1 released, 2 replies in the outbox/,
  },
  {
    name: 'an audit entry is rewritten',
    party: 'epsilon',
    sql: `update moim.audit set at = at + interval '1 second' where n = 2`,
    check: 'chain',
    says: /epsilon: audit entry 2: changed/,
  },
  {
    name: 'the last audit entry of the hub is cut off',
    party: 'hub',
    sql: `delete from hub.audit where n = (select max(n) from hub.audit)`,
    check: 'chain',
    says: /hub: the audit log held entry \d+ before/,
  },
  {
    name: 'a countersigned head is of another log',
    party: 'hub',
    sql: `update hub.witness set hash = repeat('f', 64) where site = 'delta' and n = (select max(n) from hub.witness where site = 'delta')`,
    check: 'witness',
    says: /countersigned entry \d+ of delta/,
  },
  {
    name: 'an envelope is left unacknowledged',
    party: 'hub',
    sql: `update hub.outbox set acked_at = null where message = (select message from hub.outbox where peer = 'alpha' limit 1)`,
    check: 'queue',
    says: /alpha has not acknowledged/,
  },
];

/** Gives what the soak did not see. */
export async function prove(
  network: Network,
  judge: Judge,
  say: (text: string) => void,
): Promise<readonly Breach[]> {
  const missed: Breach[] = [];
  const look = async ({ name, check, says }: Pick<Plant, 'name' | 'check' | 'says'>) => {
    const { breaches } = await judge.judge(() => new Set(), 1);
    const seen = breaches.some((breach) => breach.check === check && says.test(breach.says));
    say(`planted: ${name}: ${seen ? 'seen' : 'NOT SEEN'}`);
    if (!seen) missed.push(breachOf('proof')(`planted and not seen: ${name}`));
  };
  for (const party of network.parties.values()) party.freeze(true);
  try {
    for (const plant of plants) {
      const client = new pg.Client({ connectionString: network.address(plant.party) as string });
      await client.connect();
      await client.query(plant.sql).finally(() => client.end());
      await look(plant);
    }
    const orphan = spawn('sleep', ['600'], { cwd: network.folder, stdio: 'ignore', detached: true });
    await look({
      name: 'a process that nobody answers for',
      check: 'process',
      says: new RegExp(`^process ${orphan.pid} `),
    });
    orphan.kill('SIGKILL');
  } finally {
    for (const party of network.parties.values()) party.freeze(false);
  }
  return missed;
}
