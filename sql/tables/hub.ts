/** The hub's schema, for Kysely. JSON columns are written as text and read as values. */

import type { ColumnType, Generated } from 'kysely';
import type { MailboxTables } from './mailbox.ts';

type JsonColumn = ColumnType<unknown, string, string>;

export interface HubTables extends MailboxTables {
  token: {
    id: string;
    role: 'site' | 'operator' | 'lead' | 'vendor' | 'viewer';
    site: string | null;
    sha256: string;
    created_at: string;
    expires_at: string;
    used_at: string | null;
    revoked_at: string | null;
  };
  site: {
    site: string;
    key: JsonColumn;
    fingerprint: string;
    state: 'pending' | 'approved' | 'revoked';
    enrolled_at: string;
    changed_at: string;
  };
  study: {
    study: string;
    version: number;
    study_hash: string;
    lead: string;
    sender: string;
    jws: string;
    received_at: string;
    state: Generated<'open' | 'paused' | 'withdrawn'>;
    /** When it is complete, and its last day; null where it came before these were kept. */
    completion: ColumnType<unknown, string | null, string | null>;
    ends: string | null;
  };
  site_key: {
    site: string;
    fingerprint: string;
    key: JsonColumn;
    valid_from: string;
    valid_until: string | null;
    rotation: string | null;
  };
  roster: { version: bigint; hash: string; jws: string | null; head: string; issued_at: string };
  witness: {
    site: string;
    epoch: bigint;
    n: bigint;
    hash: string;
    head: string;
    receipt: string;
    received_at: string;
  };
  standing: {
    one: Generated<boolean>;
    epoch: Generated<bigint>;
    halted_at: string | null;
    code: string | null;
    seen: ColumnType<unknown, string | null, string | null>;
  };
  anew: { site: string };
  study_order: {
    study: string;
    n: number;
    version: number;
    kind: 'pause' | 'resume' | 'withdraw';
    jws: string;
    received_at: string;
  };
  job: {
    job: string;
    study: string;
    version: number;
    site: string;
    state: string;
    code: string | null;
    changed_at: string;
    /** After this an undelivered job is given up. */
    expires_at: string;
    change: Generated<bigint>;
    reason: string | null;
    /** The envelope that brings it. */
    message: string | null;
    /** Of the site's own copy of the study, where it was sent one. */
    copy_hash: string | null;
    copy: string | null;
  };
  reply: { job: string; message: string; header: string; sealed: JsonColumn; received_at: string };
}
