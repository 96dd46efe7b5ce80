/** Tables that node and hub both have (each in its own schema): delivery and the audit log. Instants are ISO text. */

export interface PeerPositionTable {
  peer: string;
  direction: 'in' | 'out';
  epoch: bigint;
  seq: bigint;
}

export interface OutboxTable {
  peer: string;
  epoch: bigint;
  seq: bigint;
  message: string;
  envelope: string;
  expires_at: string;
  created_at: string;
  acked_at: string | null;
}

export interface AuditTable {
  n: bigint;
  at: string;
  kind: string;
  body: string | Record<string, unknown>;
  previous: string;
  hash: string;
}

export interface MailboxTables {
  peer_position: PeerPositionTable;
  outbox: OutboxTable;
  audit: AuditTable;
}
