/** Persons of a hospital under test, each with a credential, and what they do by commands. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DryRun } from '#node/approval/dry-run.ts';
import type { PendingApproval } from '#node/approval/list.ts';
import type { Role } from '#node/person/person.ts';
import { json, rowsOf, type Site } from './network.ts';
import { type Answer, command, until } from './party.ts';

export interface Persons {
  /** Runs `moim node …` as a person, or as nobody. */
  by(person: string | undefined, ...words: string[]): Promise<Answer>;
  /** The same, which must succeed. */
  done(person: string | undefined, ...words: string[]): Promise<Answer>;
  add(by: string | undefined, name: string, role: Role): Promise<void>;
  /** Another hand confirms who was added: they count as a person of their own. */
  confirm(by: string, name: string): Promise<void>;
  /** Puts a policy in force: the three keys it must have, and these lines. Gives the file. */
  apply(by: string | undefined, lines: string): Promise<string>;
  credential(name: string): string;
  dryRun(by: string | undefined, job: string): Promise<DryRun>;
  /** Waits until the job awaits approval for this reason. */
  held(job: string, code: string): Promise<PendingApproval>;
  /** Bodies of the audit entries of one kind about a job. */
  entries(kind: string, job: string): Promise<Record<string, unknown>[]>;
}

export function personsOf(site: Site): Persons {
  const credentials = new Map<string, string>();
  const persons: Persons = {
    by(person, ...words) {
      if (person === undefined) return command(site.home, site.env, 'node', ...words);
      const env = { ...site.env, MOIM_USER_CREDENTIAL: persons.credential(person) };
      return command(site.home, env, 'node', ...words, '--as', person);
    },
    async done(person, ...words) {
      const answer = await persons.by(person, ...words);
      assert.equal(answer.code, 0, `${words.join(' ')}: ${answer.err}`);
      return answer;
    },
    async add(by, name, role) {
      credentials.set(name, (await persons.done(by, 'user', 'add', name, '--role', role)).out);
    },
    async confirm(by, name) {
      const half = (await persons.done(by, 'user', 'confirm', name)).out;
      credentials.set(name, `${persons.credential(name)}.${half}`);
    },
    async apply(by, lines) {
      const file = join(site.home, `policy-${Math.random().toString(36).slice(2)}.toml`);
      writeFileSync(file, policyText(lines));
      await persons.done(by, 'policy', 'apply', file);
      return file;
    },
    credential: (name) => credentials.get(name) ?? '',
    dryRun: async (by, job) => json<DryRun>(await persons.done(by, 'dry-run', job, '--json')),
    held: (job, code) =>
      until(`the job to be held: ${code}`, async () => {
        const pending = json<PendingApproval[]>(await persons.done(undefined, 'approvals', '--json'));
        return pending.find((one) => one.job === job && one.code === code);
      }),
    async entries(kind, job) {
      const rows = await rowsOf<{ body: Record<string, unknown> }>(
        site.pool,
        `select body from moim.audit where kind = $1 and body->>'job' = $2 order by n`,
        [kind, job],
      );
      return rows.map(({ body }) => body);
    },
  };
  return persons;
}

export const policyText = (lines: string): string =>
  `minimumCell = 5\nshowZero = true\nanalyses = ["count"]\n${lines}\n`;
