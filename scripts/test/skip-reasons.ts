/** The reasons for which a test may skip. Any other reason fails the run: a test nobody runs is a test nobody has. */

export interface SkipReason {
  readonly pattern: RegExp;
  /** Where this happens, and why the test cannot run there. */
  readonly because: string;
}

export const skipReasons: readonly SkipReason[] = [
  {
    pattern: /^The data set .*is not here: set MOIM_DATA\b/,
    because: 'the test data lie beside the repository, and may not be copied into it',
  },
  {
    pattern: /^The tool \S+ cannot be had here: .+\.$/,
    because: 'a proof needs a tool of Debian that this machine lacks and cannot download',
  },
  {
    pattern: /\b(needs|not|without|only) (root|user namespaces|Linux)\b/i,
    because: 'what is tested is a property of the operating system or of its first user',
  },
  {
    pattern: /^Debian's PostgreSQL 15 is not here\b/,
    because: 'the second server version comes from Debian',
  },
  {
    pattern: /^This PostgreSQL has no postgres_fdw\b/,
    because: 'a server that is given for the tests may be without its contrib modules',
  },
];

/** True where `reason` is one of the known sentences. A skip without a sentence (`skip: true`) is never known. */
export function isKnownSkip(reason: string): boolean {
  return skipReasons.some(({ pattern }) => pattern.test(reason));
}
