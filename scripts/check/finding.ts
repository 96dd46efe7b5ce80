/** One breach of a rule of the house, at one place. */
export interface Finding {
  readonly rule: string;
  /** Path relative to the root of the tree, with `/`. */
  readonly file: string;
  /** Counted from 1; 0 where the whole file, or an import of it, is at fault. */
  readonly line: number;
  readonly text: string;
}

/** The finding as one line for a person: `file:line  rule  text`. */
export function describeFinding(finding: Finding): string {
  const place = finding.line > 0 ? `${finding.file}:${finding.line}` : finding.file;
  return `${place}  ${finding.rule}  ${finding.text}`;
}
