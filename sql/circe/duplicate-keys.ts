/**
 * Keys that stand twice in one JSON object. `JSON.parse` keeps the last without a word, another reader may keep the
 * first: such a definition would not say the same to everybody, and a condition would be lost.
 */

import type { Json } from '#sql/circe/json.ts';

/** How deep values nest, and how many keys they have in all; `most` is the depth at which counting gives up. */
export function shapeOf(json: Json, most: number): { readonly depth: number; readonly keys: number } {
  let deepest = 0;
  let keys = 0;
  const visit = (part: Json, depth: number): void => {
    if (depth > deepest) deepest = depth;
    if (part === null || typeof part !== 'object' || depth > most) return;
    if (Array.isArray(part)) {
      for (const item of part) visit(item, depth + 1);
      return;
    }
    const object = part as { readonly [name: string]: Json };
    for (const name in object) {
      keys += 1;
      visit(object[name] ?? null, depth + 1);
    }
  };
  visit(json, 0);
  return { depth: deepest, keys };
}

/**
 * The paths of keys that stand twice. `text` must be JSON, `keys` is how many keys its value has: where the text has no
 * more, none was lost, and the text is not read a second time.
 */
export function duplicateKeys(text: string, keys: number): readonly string[] {
  return keyLikeIn(text) === keys ? [] : scan(text);
}

/** Keys of the text, and what looks like one inside a string. */
function keyLikeIn(text: string): number {
  let count = 0;
  for (let colon = text.indexOf(':'); colon !== -1; colon = text.indexOf(':', colon + 1)) {
    let before = colon - 1;
    while (before >= 0 && ' \t\r\n'.includes(text.charAt(before))) before -= 1;
    if (text.charCodeAt(before) === quote) count += 1;
  }
  return count;
}

const quote = 34;
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

interface Place {
  readonly path: string;
  /** Names of an object; undefined in a list. */
  readonly names: Set<string> | undefined;
  key: string;
  index: number;
}

function scan(text: string): readonly string[] {
  const found: string[] = [];
  const open: Place[] = [];
  let last = '';
  for (const [token] of text.matchAll(tokens)) {
    const here = open.at(-1);
    if (token === '{' || token === '[') {
      const path = here === undefined ? '$' : pathIn(here);
      open.push({ path, names: token === '{' ? new Set() : undefined, key: '', index: 0 });
    } else if (token === '}' || token === ']') open.pop();
    else if (token === ',' && here !== undefined) here.index += 1;
    else if (token === ':' && here?.names !== undefined) {
      here.key = JSON.parse(last);
      if (here.names.has(here.key)) found.push(pathIn(here));
      here.names.add(here.key);
    }
    last = token;
  }
  return found;
}

function pathIn({ path, names, key, index }: Place): string {
  if (names === undefined) return `${path}[${index}]`;
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}
