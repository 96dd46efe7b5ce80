/** The node's schema `moim`, for Kysely. JSON columns are written as text and read as values. */

import type { ColumnType, Generated } from 'kysely';
import type { MailboxTables } from './mailbox.ts';

type JsonColumn = ColumnType<unknown, string, string>;

export interface MoimTables extends MailboxTables {
  inbox: {
    message: string;
    peer: string;
    epoch: bigint;
    seq: bigint;
    envelope: string;
    received_at: string;
    handled_at: string | null;
    outcome: string | null;
  };
  lead: {
    fingerprint: string;
    key: JsonColumn;
    entity: string;
    accepted_at: string;
    removed_at: string | null;
    line: string;
  };
  policy: {
    version: number;
    body: JsonColumn;
    sha256: string;
    applied_at: string;
    body_text: string | null;
    applied_by: string | null;
    applied_hand: string | null;
  };
  person: {
    name: string;
    role: 'engineer' | 'approver' | 'dpo' | 'reader';
    credential: string;
    second_credential: Generated<string | null>;
    added_by: string;
    confirmed_by: Generated<string | null>;
    hand: string;
    created_at: string;
    removed_at: string | null;
  };
  approval: {
    id: string;
    job: string;
    person: string;
    hand: string;
    study_hash: string;
    data_version: string;
    policy: number;
    mode: 'run' | 'release';
    release_hash: string | null;
    approved_at: string;
    expires_at: string;
    runs: number;
    used: Generated<number>;
    withdrawn_at: string | null;
  };
  refusal: { job: string; person: string; reason: string; note: string | null; refused_at: string };
  witness: { epoch: bigint; n: bigint; hash: string; receipt: string; received_at: string };
  standing: {
    one: Generated<boolean>;
    epoch: Generated<bigint>;
    halted_at: string | null;
    code: string | null;
    seen: ColumnType<unknown, string | null, string | null>;
  };
  study_order: {
    study: string;
    lead: string;
    n: number;
    version: number;
    kind: 'pause' | 'resume' | 'withdraw';
    jws: string;
    received_at: string;
  };
  peer_site: {
    fingerprint: string;
    key: JsonColumn;
    entity: string;
    accepted_at: string;
    removed_at: string | null;
  };
  roster_head: { version: bigint; hash: string; jws: string; received_at: string };
  person_key: { key: Buffer; person_id: bigint };
  job: {
    job: string;
    study: string;
    version: number;
    study_hash: string;
    lead: string;
    envelope: string;
    state: 'waiting' | 'awaiting-approval' | 'running' | 'answered' | 'refused' | 'failed' | 'expired';
    code: string | null;
    received_at: string;
    changed_at: string;
    reason: string | null;
    held_until: string | null;
    started_at: string | null;
    untold: Generated<boolean>;
    unconfirmed: Generated<boolean>;
  };
  released_table: {
    lead: string;
    cells: string;
    data_version: string;
    policy: number;
    minimum_cell: number;
    show_zero: boolean;
    job: string;
    keyed: boolean;
  };
  released: {
    job: string;
    released_at: string;
    plaintext_sha256: string;
    ciphertext_sha256: string;
    header: string;
    sealed: JsonColumn;
    message: string | null;
    resent: Generated<number>;
  };
}
