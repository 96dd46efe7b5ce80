/** A lead's words as a person here may read them: on one line, shortened, and unable to act on a terminal or pass for a line of ours. */

const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu;

export function plain(text: string, longest = 200): string {
  const flat = text.replace(unseen, ' ').trim();
  return flat.length > longest ? `${flat.slice(0, longest - 1)}…` : flat;
}
