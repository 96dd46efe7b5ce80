/** An answer that is worked out the first time it is asked for. */

/** `of` is pure; what it gives is kept for as long as the function that this gives: make one for each judging. */
export function once<Asked, Answer>(of: (asked: Asked) => Answer): (asked: Asked) => Answer {
  const known = new Map<Asked, { readonly answer: Answer }>();
  return (asked) => {
    const before = known.get(asked);
    if (before !== undefined) return before.answer;
    const answer = of(asked);
    known.set(asked, { answer });
    return answer;
  };
}
