/** Holds lines back until those before them are out. */

/** Hands lines on in the order of their places, which count from 0 without a gap. */
export function inOrder<Line>(onLine: (line: Line) => void): (line: Line, place: number) => void {
  const held = new Map<number, Line>();
  let next = 0;
  return (line, place) => {
    held.set(place, line);
    for (let first = held.get(next); first !== undefined; first = held.get(next)) {
      held.delete(next);
      next += 1;
      onLine(first);
    }
  };
}
