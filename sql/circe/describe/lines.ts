/** Lines of text: sections, lists, names that cannot break a line. */

export type Lines = readonly string[];

export function section(title: string, lines: Lines): Lines {
  return [title, ...indent(lines)];
}

export function indent(lines: Lines): Lines {
  return lines.map((line) => `  ${line}`);
}

/** A list item: the first line behind a dash, what belongs to it below. */
export function item([head = '', ...rest]: Lines): Lines {
  return [`- ${head}`, ...indent(rest)];
}

/** A name may hold line ends and control characters, which would break the lines or steer a terminal. */
export function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ').trim();
}
