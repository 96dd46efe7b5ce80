/**
 * The one table of errors: every code that Moim throws, what it says in public, which HTTP status and exit code it
 * maps to, what to do about it, and whether the code itself may cross the wire (at most twenty coarse codes may).
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
  internal: { text: 'Something went wrong on our side.', http: 500, exit: 70, remedy: 'Report it with the log lines around it.', wire: true },
  'file-unreadable': { text: 'A file cannot be read.', http: 400, exit: 5, remedy: 'Check that the path exists and may be read.' },
  'bad-input': { text: 'The input is not valid.', http: 400, exit: 5, remedy: 'Mend the places named and run again.', wire: true },
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
  constructor(code: ErrorCode, detail?: string, options?: { readonly cause?: unknown; readonly remedy?: string }) {
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
