/** The node's schema `moim`, for Kysely. JSON columns are written as text and read as values. */

import type { ColumnType } from 'kysely';
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
  };
  policy: { version: number; body: JsonColumn; sha256: string; applied_at: string };
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
  };
  released_table: {
    lead: string;
    cells: string;
    data_version: string;
    policy: number;
    minimum_cell: number;
    show_zero: boolean;
    job: string;
  };
  released: {
    job: string;
    released_at: string;
    plaintext_sha256: string;
    ciphertext_sha256: string;
    header: string;
    sealed: JsonColumn;
  };
}
