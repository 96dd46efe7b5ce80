/** The reasons for which a test may skip. Any other reason fails the run: a test nobody runs is a test nobody has. */

export interface SkipReason {
  readonly pattern: RegExp;
  /** Where this happens, and why the test cannot run there. */
  readonly because: string;
}

export const skipReasons: readonly SkipReason[] = [
  {
    pattern:
      /\b(data|MOIM_DATA|GiBleed|plsynth|Synthea)\b.*\b(absent|missing|not (here|there|present|found))\b/i,
    because: 'the test data lie beside the repository, and may not be copied into it',
  },
  {
    pattern: /\b(not installed|cannot be had|no (package|tool|binary))\b/i,
    because: 'a proof needs a tool of Debian that this machine lacks and cannot download',
  },
  {
    pattern: /\b(needs|without|not) (root|user namespaces|Linux)\b/i,
    because: 'what is proved is a property of the operating system',
  },
  {
    pattern: /\bDebian's PostgreSQL\b.*\b(absent|missing|not (here|there|installed))\b/i,
    because: 'the second server version comes from Debian',
  },
];

/** True where `reason` is one of the known sentences. A skip without a sentence (`skip: true`) is never known. */
export function isKnownSkip(reason: string): boolean {
  return skipReasons.some(({ pattern }) => pattern.test(reason));
}
