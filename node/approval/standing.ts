/**
 * How a job stands with the persons who must approve it. An approval holds for one version of the study, one version of the data, the
 * policy it was given under, until it expires, for so many runs, and as long as its person is registered and may approve; one with a
 * release hash holds for those figures alone.
 */

import type { NodeDb } from '../database.ts';
import { consoleHand } from '../person/hand.ts';
import { listPersons, mayDo, nobodyNamed } from '../person/person.ts';
import { type PolicyVersion, personsNeeded } from '../policy/policy.ts';

/** Why a job waits for persons. These stay at the hospital: the hub hears that approval is awaited, not why. */
export type HoldCode =
  | 'approval-needed'
  | 'second-person-needed'
  | 'approval-expired'
  | 'approval-used-up'
  | 'data-changed'
  | 'policy-changed'
  | 'release-differs';

export const holdWords: Readonly<Record<HoldCode, string>> = {
  'approval-needed': 'nobody has approved it yet',
  'second-person-needed': 'another person, added by another hand, has to approve it too',
  'approval-expired': 'the approval has expired',
  'approval-used-up': 'the approval has been used for as many runs as it allows',
  'data-changed': 'the data changed since it was approved',
  'policy-changed': 'the policy changed since it was approved',
  'release-differs': 'what would leave is not what was approved',
};

/** What an approval must be bound to, to count. */
export interface Asked {
  readonly job: string;
  readonly studyHash: string;
  readonly policy: PolicyVersion;
  /** The node's clock, ms since the epoch. */
  readonly now: number;
  /** Undefined where it is not known yet: then every approval counts as given for it. */
  readonly dataVersion?: string;
  /** Hash of what would leave, once it is computed. */
  readonly release?: string;
  /** True once this run is counted in `used`. */
  readonly counted?: boolean;
}

export type Standing =
  | { readonly kind: 'granted'; readonly by: readonly string[]; readonly approvals: readonly string[] }
  | {
      readonly kind: 'held';
      readonly code: HoldCode;
      readonly have: readonly string[];
      readonly need: number;
    };

interface Approval {
  readonly id: string;
  readonly person: string;
  readonly hand: string;
  readonly release: string | null;
}

/** Takes the approvals that count; granted with nobody's name where the policy asks for none. */
export async function standingOf(db: NodeDb, asked: Asked): Promise<Standing> {
  const { policy } = asked;
  const need = personsNeeded(policy.policy);
  if (need === 0) return { kind: 'granted', by: [], approvals: [] };
  const { counting, codes } = await sortApprovals(db, asked);
  // Two persons who approved different figures have not approved the same thing.
  const releases = new Set(counting.map(({ release }) => release));
  let best: Approval[] = [];
  for (const release of [null, ...releases]) {
    const together = counting.filter((one) => one.release === null || one.release === release);
    if (together.length > best.length) best = together;
    if (suffices(together, policy, need)) {
      return {
        kind: 'granted',
        by: together.map(({ person }) => person),
        approvals: together.map(({ id }) => id),
      };
    }
  }
  const code = codes[0] ?? (best.length > 0 ? 'second-person-needed' : 'approval-needed');
  return { kind: 'held', code, have: best.map(({ person }) => person), need };
}

/**
 * Persons count by their hands (node/person/hand.ts), as these were when they decided: whoever put the policy in force does not open the door
 * it made alone, be it under another name. What was put in force while nobody was registered is the installer's, who has named the persons that
 * approve under it since; the console beside registered persons may be any of them.
 */
function suffices(approvals: readonly Approval[], { appliedHand }: PolicyVersion, need: number): boolean {
  const hands = new Set(approvals.map(({ hand }) => hand));
  if (hands.size === 0 || hands.size < need) return false;
  if (appliedHand === null) return true;
  if (appliedHand === undefined || appliedHand === consoleHand) return hands.size > 1;
  return [...hands].some((hand) => hand !== appliedHand);
}

const order: readonly HoldCode[] = [
  'data-changed',
  'policy-changed',
  'release-differs',
  'approval-expired',
  'approval-used-up',
];

/** The newest approval of each person: those that count, and why the others do not, the most telling reason first. */
async function sortApprovals(db: NodeDb, asked: Asked) {
  const rows = await db
    .selectFrom('approval')
    .selectAll()
    .where('job', '=', asked.job)
    .where('withdrawn_at', 'is', null)
    .orderBy('approved_at', 'desc')
    .execute();
  const persons = await listPersons(db);
  const may = new Set(persons.filter(({ role }) => mayDo(role, 'approve')).map(({ name }) => name));
  if (persons.length === 0) may.add(nobodyNamed);
  const seen = new Set<string>();
  const counting: Approval[] = [];
  const codes = new Set<HoldCode>();
  for (const row of rows) {
    if (!may.has(row.person) || seen.has(row.person)) continue;
    seen.add(row.person);
    // Of another study version nothing is to be told: it was never an approval of this one.
    if (row.study_hash !== asked.studyHash) continue;
    const code = whyNot(row, asked);
    if (code) codes.add(code);
    else counting.push({ id: row.id, person: row.person, hand: row.hand, release: row.release_hash });
  }
  return { counting, codes: order.filter((code) => codes.has(code)) };
}

function whyNot(
  row: {
    readonly data_version: string;
    readonly policy: number;
    readonly mode: 'run' | 'release';
    readonly release_hash: string | null;
    readonly expires_at: string;
    readonly used: number;
    readonly runs: number;
  },
  { dataVersion, policy, release, now, counted }: Asked,
): HoldCode | undefined {
  if (dataVersion !== undefined && row.data_version !== dataVersion) return 'data-changed';
  if (row.policy !== policy.version) return 'policy-changed';
  if (row.mode === 'release') {
    if (release !== undefined && row.release_hash !== release) return 'release-differs';
  } else if (policy.policy.release === 'reviewed') return 'release-differs';
  // Written so that an instant that is none (NaN) counts as past.
  if (!(Date.parse(row.expires_at) > now)) return 'approval-expired';
  if (row.used >= row.runs + (counted === true ? 1 : 0)) return 'approval-used-up';
  return undefined;
}
