/**
 * The one table of errors: every code that Moim throws, what it says in public, which HTTP status and exit code it
 * maps to, what to do about it, and whether the code itself may cross the wire (at most twenty coarse codes may).
 * Longer than 300 lines because it is one table, and one place to look.
 */

interface ErrorRow {
  /** Public text: never holds a value of a patient, a secret or a path outside the home. */
  readonly text: string;
  readonly http: number;
  readonly exit: 1 | 2 | 3 | 4 | 5 | 70 | 130;
  readonly remedy: string;
  /** True where the code may leave a hospital (a refusal the hub and the lead see). */
  readonly wire?: true;
}

const rows = {
  // ---- command line
  usage: { text: 'The command was not understood.', http: 400, exit: 2, remedy: 'See --help.' },
  interrupted: { text: 'Interrupted.', http: 503, exit: 130, remedy: 'Run the command again.' },
  internal: {
    text: 'Something went wrong on our side.',
    http: 500,
    exit: 70,
    remedy: 'Report it with the log lines around it.',
    wire: true,
  },
  'file-unreadable': {
    text: 'A file cannot be read.',
    http: 400,
    exit: 5,
    remedy: 'Check that the path exists and may be read.',
  },
  // ---- protocol
  'not-canonical': {
    text: 'A document cannot be written in canonical form.',
    http: 400,
    exit: 5,
    remedy: 'Mend the value named and sign again.',
  },
  'bad-signature': {
    text: 'A signature does not verify.',
    http: 403,
    exit: 3,
    remedy: 'Ask the sender for the document again; compare fingerprints by telephone.',
    wire: true,
  },
  'cannot-open': {
    text: 'A sealed message cannot be opened.',
    http: 400,
    exit: 3,
    remedy: 'Use the home and key file that signed the study.',
  },
  misaddressed: {
    text: 'A message is meant for somebody else.',
    http: 400,
    exit: 3,
    remedy: 'Nothing to do here: the sender must address it again.',
    wire: true,
  },
  expired: {
    text: 'A message or study is past its time.',
    http: 410,
    exit: 3,
    remedy: 'Ask the study lead to send it again or to amend its dates.',
    wire: true,
  },
  'set-back': {
    text: 'This side does not remember what the other holds of it: it was set back, by an old backup perhaps.',
    http: 409,
    exit: 3,
    remedy:
      'Nothing is sent meanwhile. Restore a newer backup, or admit the loss with `moim node epoch open --reason TEXT` (`moim hub epoch open` at a hub).',
  },
  'backup-spoilt': {
    text: 'The backup is not whole, or not as it was made.',
    http: 400,
    exit: 5,
    remedy: 'Use another backup; nothing was changed here.',
  },
  'restore-refused': {
    text: 'The backup cannot be put back here.',
    http: 409,
    exit: 3,
    remedy: 'Restore into an empty home, or into the one the backup was taken of.',
  },
  'out-of-order': {
    text: 'A message came out of order.',
    http: 409,
    exit: 70,
    remedy: 'Nothing to do: the link starts again from the last message both hold.',
    wire: true,
  },
  'carry-old': {
    text: 'A newer file of the same sender was carried in already.',
    http: 409,
    exit: 3,
    remedy: 'Nothing is lost: the newer file held all that this one holds. Carry in the newest one only.',
  },
  'carry-gap': {
    text: 'Deliveries before the first one in this file are missing.',
    http: 409,
    exit: 3,
    remedy:
      'Carry in the file made before this one, or carry a file out here and have the other side make a new one after it.',
  },
  // ---- home, keys, configuration
  'already-running': {
    text: 'This home is served by another process already.',
    http: 409,
    exit: 4,
    remedy: 'Use the one that runs, or stop it first.',
  },
  'home-unwritable': {
    text: 'The home folder cannot be written.',
    http: 500,
    exit: 4,
    remedy: 'Choose another folder with --home, or give this user the right to write there.',
  },
  'disk-full': {
    text: 'The disk is full.',
    http: 507,
    exit: 4,
    remedy: 'Free some space and run again; nothing that was acknowledged is lost.',
  },
  'bad-config': {
    text: 'A setting is not valid.',
    http: 500,
    exit: 5,
    remedy: 'Mend the setting named in the configuration file or the environment.',
  },
  'bad-key-file': {
    text: 'A key file is not valid.',
    http: 400,
    exit: 5,
    remedy: 'Restore the key file from its backup.',
  },
  'key-exists': {
    text: 'A key file is there already.',
    http: 409,
    exit: 5,
    remedy: 'Choose another file: a key is never overwritten.',
  },
  'key-locked': {
    text: 'A key file is locked.',
    http: 400,
    exit: 3,
    remedy: 'Set MOIM_KEY_PASSPHRASE_FILE to the file that holds its passphrase.',
  },
  'not-initialised': {
    text: 'This home is empty.',
    http: 500,
    exit: 2,
    remedy: 'Run `moim hub init` or `moim node init` first.',
  },
  // ---- hub
  'token-refused': {
    text: 'The token is not accepted.',
    http: 401,
    exit: 3,
    remedy: 'Ask the hub operator for a new token.',
  },
  'not-found': { text: 'There is no such thing.', http: 404, exit: 5, remedy: 'Check the id or the name.' },
  'site-exists': {
    text: 'The site is enrolled already.',
    http: 409,
    exit: 3,
    remedy: 'Use another site name, or ask the hub operator to revoke the old key first.',
  },
  'study-exists': {
    text: 'Another study has this id and version.',
    http: 409,
    exit: 3,
    remedy: 'Sign the study again: it gets a new id.',
  },
  'order-stale': {
    text: 'A newer order about this study is here already.',
    http: 409,
    exit: 3,
    remedy: 'Give the order again: it takes the next number.',
  },
  'study-ended': {
    text: 'The study was withdrawn or is over.',
    http: 409,
    exit: 3,
    remedy: 'Sign a new study: a withdrawn one is not taken up again.',
  },
  'unknown-site': {
    text: 'The site or its key is not known here.',
    http: 403,
    exit: 3,
    remedy: 'Enrol the node again with a new token.',
    wire: true,
  },
  'not-approved': {
    text: 'The site waits for the hub operator.',
    http: 403,
    exit: 3,
    remedy: 'The hub operator compares fingerprints and runs `moim hub approve FINGERPRINT`.',
    wire: true,
  },
  'second-session': {
    text: 'A link with this key is open already.',
    http: 409,
    exit: 3,
    remedy: 'Stop the other node that uses this key; if there should be none, revoke the key.',
    wire: true,
  },
  'no-common-version': {
    text: 'Hub and node have no protocol version in common.',
    http: 400,
    exit: 3,
    remedy: 'Bring the older of the two up to date.',
    wire: true,
  },
  'link-closed': {
    text: 'The link was closed.',
    http: 503,
    exit: 4,
    remedy: 'Nothing to do: the node opens it again.',
  },
  'cannot-listen': {
    text: 'The address cannot be listened on.',
    http: 503,
    exit: 4,
    remedy: 'Set an address of this machine (MOIM_HOST or the configuration file).',
  },
  'roster-differs': {
    text: 'The hub shows different rosters.',
    http: 409,
    exit: 3,
    remedy:
      'Compare version and hash of the roster with another party by telephone; rely on fingerprints pinned in the study meanwhile.',
  },
  'roster-set-back': {
    text: 'The hub shows an older roster than before.',
    http: 409,
    exit: 3,
    remedy: 'Ask the hub operator whether the hub was restored from a backup.',
  },
  'too-many-requests': {
    text: 'Too many requests.',
    http: 429,
    exit: 4,
    remedy: 'Wait a minute and try again.',
  },
  'too-large': { text: 'The request is too large.', http: 413, exit: 5, remedy: 'Send less at once.' },
  // ---- jobs at a hospital
  'lead-not-accepted': {
    text: 'The hospital does not accept this study lead.',
    http: 403,
    exit: 3,
    remedy: 'Ask the hospital to compare fingerprints and run `moim node trust lead`.',
    wire: true,
  },
  'fingerprint-differs': {
    text: 'The fingerprint is not the one that was compared.',
    http: 400,
    exit: 3,
    remedy: 'Compare it again with its owner, by telephone; do not accept the key meanwhile.',
  },
  'not-started': {
    text: 'The study has not started yet.',
    http: 409,
    exit: 3,
    remedy: 'Send it again on its first day.',
    wire: true,
  },
  'definition-refused': {
    text: 'A cohort definition is not one that can be run.',
    http: 400,
    exit: 5,
    remedy: 'Run `moim cohort check` on the definition and mend the places named.',
    wire: true,
  },
  'not-permitted': {
    text: "The hospital's policy does not permit it.",
    http: 403,
    exit: 3,
    remedy: 'Ask the hospital what its policy permits.',
    wire: true,
  },
  'hospital-refused': {
    text: 'A person at the hospital refused it.',
    http: 403,
    exit: 3,
    remedy: 'Ask the hospital; the reason is beside the code.',
    wire: true,
  },
  'quota-reached': {
    text: "The hospital's daily quota is reached.",
    http: 429,
    exit: 3,
    remedy: 'Nothing to do: the job runs on the next day (UTC).',
    wire: true,
  },
  'approval-held': {
    text: 'A person at the hospital has to approve it first.',
    http: 409,
    exit: 3,
    remedy:
      'See `moim node approvals`, look at it with `moim node dry-run JOB`, then `moim node approve JOB`.',
  },
  'job-settled': {
    text: 'The job is decided already.',
    http: 409,
    exit: 3,
    remedy: 'Nothing can be changed any more: see `moim audit show`.',
  },
  'person-needed': {
    text: 'A registered person has to do this.',
    http: 401,
    exit: 3,
    remedy:
      'Name yourself with --as NAME and give your credential in MOIM_USER_CREDENTIAL_FILE or --credential-file.',
  },
  'person-exists': {
    text: 'A person has or had this name.',
    http: 409,
    exit: 3,
    remedy: 'Choose another name: what somebody decided stays under theirs.',
  },
  'credential-refused': {
    text: 'Name and credential do not belong together.',
    http: 401,
    exit: 3,
    remedy: 'Check both; a lost credential is replaced by registering the person under a new name.',
  },
  'right-missing': {
    text: 'This person may not do this.',
    http: 403,
    exit: 3,
    remedy: 'Ask somebody whose role allows it: `moim node user list`.',
  },
  'permission-changed': {
    text: 'Lead or policy changed while the job ran.',
    http: 409,
    exit: 4,
    remedy: 'Nothing to do: the job is judged again.',
  },
  'study-stopped': {
    text: 'The study was paused, withdrawn or amended while the job ran.',
    http: 409,
    exit: 4,
    remedy: 'Nothing to do: a paused job runs when the lead resumes the study, any other has ended.',
  },
  'released-otherwise': {
    text: 'These figures were released to this lead under another rule.',
    http: 403,
    exit: 3,
    remedy:
      'Ask again with the minimum cell of the first study: laid side by side, two rules show what each withholds.',
    wire: true,
  },
  'data-changed': {
    text: 'The data changed while the job ran.',
    http: 409,
    exit: 4,
    remedy: 'Nothing to do: the job runs again.',
  },
  'not-enrolled': {
    text: 'The node is not enrolled at a hub.',
    http: 409,
    exit: 2,
    remedy: 'Run `moim node enroll --hub URL --token-file FILE`.',
  },
  'hub-unreachable': {
    text: 'The hub does not answer.',
    http: 503,
    exit: 4,
    remedy: 'Check the URL and that the hub runs, then run again.',
  },
  'proxy-refused': {
    text: 'The proxy lets no connection through to the hub.',
    http: 502,
    exit: 4,
    remedy:
      'Ask whoever runs the proxy to allow CONNECT to the hub; set MOIM_HUB_PROXY with name and password where it asks.',
  },
  'certificate-untrusted': {
    text: "The hub's TLS certificate is not trusted here.",
    http: 502,
    exit: 3,
    remedy:
      'Name the certificate authority that signed it (MOIM_HUB_CA_FILE), or ask the hub operator for a valid certificate.',
  },
  'pin-differs': {
    text: "The hub's TLS key is not the one that was pinned.",
    http: 502,
    exit: 3,
    remedy:
      'Somebody stands between, or the hub has a new key: ask the hub operator for the new pin, by telephone, before setting MOIM_HUB_TLS_PIN.',
  },
  'link-blocked': {
    text: 'Something on the way lets no WebSocket through.',
    http: 502,
    exit: 4,
    remedy: 'Nothing to do: the node goes on by long-poll. To end it, allow WebSockets (Upgrade) to the hub.',
  },
  'insecure-url': {
    text: 'The hub is reached in clear over a network.',
    http: 400,
    exit: 3,
    remedy:
      'Use its https URL (a TLS-terminating proxy before the hub); MOIM_ALLOW_HTTP=true only for a test network.',
  },
  'hub-refused': {
    text: 'The hub refused the request.',
    http: 502,
    exit: 3,
    remedy: 'Ask the hub operator; the hub logged why.',
  },
  // ---- study leads
  'study-unknown': {
    text: 'The study is not known in this home.',
    http: 404,
    exit: 5,
    remedy: 'Use the home that signed the study (--home).',
  },
  'watch-timeout': {
    text: 'Not every site came to an end in the time given.',
    http: 504,
    exit: 4,
    remedy: 'Watch again, or take what is there with `study result --partial`.',
  },
  'demo-failed': {
    text: 'The demo did not come to its end.',
    http: 500,
    exit: 70,
    remedy: 'See the message above and the logs in the homes that were kept.',
  },
  // ---- CDM
  'cdm-attached': {
    text: 'The CDM is attached, not ours.',
    http: 409,
    exit: 3,
    remedy: 'Nothing is ever written to an attached CDM: unset MOIM_CDM_URL to work on one of our own.',
  },
  'cdm-filled': {
    text: 'Tables of the CDM hold rows already.',
    http: 409,
    exit: 3,
    remedy: 'Add --replace to put the new rows in place of the old.',
  },
  'cdm-busy': {
    text: 'Another command fills the CDM.',
    http: 409,
    exit: 4,
    remedy: 'Wait until it is done and run again.',
  },
  'cdm-bound': {
    text: 'Something of your own stands on the tables of the CDM.',
    http: 409,
    exit: 3,
    remedy: 'Drop what is named, refresh, and make it again: a refresh puts new tables in place of the old.',
  },
  'cdm-bad-file': {
    text: 'The files do not fit the CDM.',
    http: 400,
    exit: 5,
    remedy:
      'Mend the files named; --ignore-unknown passes over files and columns that OMOP CDM 5.4 does not know.',
  },
  'cdm-bad-row': {
    text: 'A file holds bad rows.',
    http: 400,
    exit: 5,
    remedy: 'Mend the lines named and load again; the table was left as it was.',
  },
  'cdm-writable': {
    text: 'Our role could write to the attached CDM.',
    http: 500,
    exit: 3,
    remedy: 'Use a role that has SELECT alone: `moim node init --grants` prints the statements.',
  },
  'cdm-missing': {
    text: 'The CDM is not there.',
    http: 409,
    exit: 4,
    remedy: 'Make it with cdm load or cdm synth, or name its schema with --schema.',
  },
  'bad-input': {
    text: 'The input is not valid.',
    http: 400,
    exit: 5,
    remedy: 'Mend the places named and run again.',
    wire: true,
  },
  // ---- the database (host/postgres)
  'database-unavailable': {
    text: 'The database cannot be reached.',
    http: 503,
    exit: 4,
    remedy:
      'Check that the database server runs and that MOIM_DATABASE_URL is right, or MOIM_CDM_URL of an attached CDM, then run again.',
  },
  'database-failed': {
    text: 'The database refused a statement.',
    http: 500,
    exit: 70,
    remedy: 'Report it with the SQLSTATE and the command that was run.',
  },
  'database-permission': {
    text: 'The database role lacks a right.',
    http: 500,
    exit: 3,
    remedy: 'Print the rights that Moim needs with `moim node init --grants` and have them granted.',
  },
  'database-too-old': {
    text: 'The database server is older than PostgreSQL 15.',
    http: 500,
    exit: 4,
    remedy: 'Use a server of PostgreSQL 15 or newer, or leave MOIM_DATABASE_URL unset to use our own.',
  },
  'database-newer': {
    text: 'The database was used by a newer Moim.',
    http: 500,
    exit: 4,
    remedy: 'Install the newer version of Moim that wrote it, or restore a backup made before.',
  },
  'database-busy': {
    text: 'The database is being started or stopped by another process.',
    http: 503,
    exit: 4,
    remedy: 'Wait until that process is done and run again.',
  },
  'database-start-failed': {
    text: 'Our own PostgreSQL did not start.',
    http: 503,
    exit: 4,
    remedy:
      'Read the last lines of postgres/server.log in the home, or give a server with MOIM_DATABASE_URL.',
  },
  'migration-changed': {
    text: 'The database was made by other migration files than the ones here.',
    http: 500,
    exit: 4,
    remedy: 'Install the version of Moim unaltered; a migration is never edited, a new one is added.',
  },
  'table-missing': {
    text: 'A table is not in the database.',
    http: 500,
    exit: 5,
    remedy: 'Load the data first (`moim cdm load`), or name the schema they are in with --schema.',
    wire: true,
  },
  'statement-timeout': {
    text: 'A statement took too long and was stopped.',
    http: 504,
    exit: 4,
    remedy: 'Allow more time, or ask for less at once.',
    wire: true,
  },
  'postgres-missing': {
    text: 'No PostgreSQL for this platform is installed.',
    http: 500,
    exit: 4,
    remedy: 'Run npm ci where optional packages are allowed, or give a server with MOIM_DATABASE_URL.',
  },
  'postgres-as-root': {
    text: 'PostgreSQL does not run as root, and no other way to run it was found here.',
    http: 500,
    exit: 4,
    remedy:
      'Run Moim as an ordinary user, give a server with MOIM_DATABASE_URL, or put home and program where the user `postgres` may read.',
  },
  'port-taken': {
    text: 'No port is free.',
    http: 503,
    exit: 4,
    remedy: 'Stop a program that uses ports 20000 to 32767 of 127.0.0.1 and run again.',
  },
  // ---- disclosure control
  'disclosure-failed': {
    text: 'The figures could not be made safe to release.',
    http: 500,
    exit: 3,
    remedy:
      'Nothing was released. Report it with the cell ids named; ask for fewer or coarser groups meanwhile.',
    wire: true,
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof rows;
export const errors: Readonly<Record<ErrorCode, ErrorRow>> = rows;

/**
 * An expected failure with a code of the table. `detail` is shown to the person beside this process (file and line,
 * JSON path, setting name); it never leaves the hospital and never holds a patient's value or a secret.
 */
export class MoimError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  constructor(
    code: ErrorCode,
    detail?: string,
    options?: { readonly cause?: unknown; readonly remedy?: string },
  ) {
    super(detail ?? errors[code].text, options?.cause === undefined ? {} : { cause: options.cause });
    this.name = 'MoimError';
    this.code = code;
    this.remedy = options?.remedy ?? errors[code].remedy;
  }

  /** Exit code of a command that ends with this error. */
  get exit(): number {
    return errors[this.code].exit;
  }
}
