/**
 * What differs between two cohort definitions (Circe JSON as ATLAS writes it), a line a change: concept sets by their name and concepts by
 * theirs, inclusion rules by name, everything else by its JSON path with what stood there and what stands there now.
 */

type Value = unknown;
type Members = Readonly<Record<string, Value>>;

export function definitionDiff(before: Value, after: Value): string[] {
  if (!isObject(before) || !isObject(after)) return values('', before, after, ['definition']);
  const lines: string[] = [];
  for (const name of namesOf(before, after)) {
    const [was, is] = [before[name], after[name]];
    const lists = Array.isArray(was) && Array.isArray(is);
    if (name === 'ConceptSets' && lists) lines.push(...conceptSets(was, is));
    else if (name === 'InclusionRules' && lists) lines.push(...inclusionRules(was, is));
    else lines.push(...values('', was, is, [name]));
  }
  // What was passed over above (the order of concept sets, the words beside a concept) is no change of meaning, yet one of the document.
  if (lines.length === 0 && values('', before, after).length > 0)
    lines.push(
      'written otherwise, with the same meaning: another order of concept sets, or other words beside a concept',
    );
  return lines;
}

function conceptSets(before: readonly Value[], after: readonly Value[]): string[] {
  const [was, is] = [keyed(before, 'id'), keyed(after, 'id')];
  // An id that stands twice, or none, names nothing: the sets are compared by their place.
  if (!was || !is) return values('', before, after, ['ConceptSets']);
  const lines: string[] = [];
  for (const [id, set] of was) if (!is.has(id)) lines.push(`concept set removed: ${setName(set)}`);
  for (const [id, set] of is) {
    const old = was.get(id);
    if (!old) {
      const items = itemsOf(set);
      lines.push(
        `concept set added: ${setName(set)}, ${items.length} concept${items.length === 1 ? '' : 's'}`,
      );
      continue;
    }
    const of = `concept set ${setName(set)}`;
    if (old.name !== set.name) lines.push(`${of}: was called ${shown(old.name)}`);
    lines.push(...items(of, itemsOf(old), itemsOf(set)));
    const rest = ({ id: _, name: _name, expression, ...more }: Members) => ({
      ...more,
      expression:
        isObject(expression) && Array.isArray(expression.items)
          ? { ...expression, items: undefined }
          : expression,
    });
    lines.push(...values(of, rest(old), rest(set)));
  }
  return lines;
}

function items(of: string, before: readonly Value[], after: readonly Value[]): string[] {
  const [was, is] = [keyed(before, conceptId), keyed(after, conceptId)];
  if (!was || !is) return values(of, before, after, ['items']);
  const lines: string[] = [];
  for (const [id, item] of was) if (!is.has(id)) lines.push(`${of}: concept removed: ${concept(item)}`);
  for (const [id, item] of is) {
    const old = was.get(id);
    if (!old) lines.push(`${of}: concept added: ${concept(item)}`);
    else {
      const flags = ({ concept: _, ...rest }: Members) => rest;
      lines.push(...values(`${of}: concept ${concept(item)}`, flags(old), flags(item)));
    }
  }
  return lines;
}

function inclusionRules(before: readonly Value[], after: readonly Value[]): string[] {
  const [was, is] = [keyed(before, 'name'), keyed(after, 'name')];
  if (!was || !is) return values('', before, after, ['InclusionRules']);
  const lines: string[] = [];
  for (const name of was.keys()) if (!is.has(name)) lines.push(`inclusion rule removed: ${shown(name)}`);
  for (const [name, rule] of is) {
    const old = was.get(name);
    if (old) lines.push(...values(`inclusion rule ${shown(name)}`, old, rule));
    else lines.push(`inclusion rule added: ${shown(name)}`);
  }
  const order = (first: ReadonlyMap<Value, Members>, other: ReadonlyMap<Value, Members>) =>
    [...first.keys()].filter((name) => other.has(name)).join('\n');
  if (order(was, is) !== order(is, was))
    lines.push('inclusion rules: another order (attrition counts them in order)');
  return lines;
}

/** Old → new at every path where the two differ; `of` says in words what the path is in. */
function values(of: string, before: Value, after: Value, path: readonly string[] = []): string[] {
  if (path.length < deepest) {
    if (isObject(before) && isObject(after)) {
      return namesOf(before, after).flatMap((name) => values(of, before[name], after[name], [...path, name]));
    }
    if (Array.isArray(before) && Array.isArray(after)) {
      const length = Math.max(before.length, after.length);
      return Array.from({ length }, (_, i) => values(of, before[i], after[i], [...path, String(i)])).flat();
    }
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const place = `${[of, path.map((name) => `/${escaped(name)}`).join('')].filter(Boolean).join(' ')}:`;
  if (before === undefined) return [`${place} added ${shown(after)}`];
  if (after === undefined) return [`${place} removed ${shown(before)}`];
  return [`${place} ${shown(before)} → ${shown(after)}`];
}

/** No definition is nested so deep; what is deeper is compared as one. */
const deepest = 64;

/** Members by a name of theirs; undefined where two share it or one has none. */
function keyed(
  all: readonly Value[],
  by: string | ((each: Members) => Value),
): ReadonlyMap<Value, Members> | undefined {
  const made = new Map<Value, Members>();
  for (const each of all) {
    const key = isObject(each) ? (typeof by === 'string' ? each[by] : by(each)) : undefined;
    if (!isObject(each) || (typeof key !== 'string' && typeof key !== 'number') || made.has(key))
      return undefined;
    made.set(key, each);
  }
  return made;
}

const conceptId = (item: Members): Value => (isObject(item.concept) ? item.concept.CONCEPT_ID : undefined);

function concept(item: Members): string {
  const of: Members = isObject(item.concept) ? item.concept : {};
  const flags = [
    item.isExcluded === true ? 'excluded' : '',
    item.includeDescendants === true ? 'with descendants' : '',
    item.includeMapped === true ? 'with mapped' : '',
  ].filter(Boolean);
  return `${shown(of.CONCEPT_ID)} ${shown(of.CONCEPT_NAME)}${flags.length > 0 ? ` (${flags.join(', ')})` : ''}`;
}

const setName = (set: Members): string => shown(set.name ?? set.id);
const itemsOf = (set: Members): readonly Value[] => {
  const items = isObject(set.expression) ? set.expression.items : undefined;
  return Array.isArray(items) ? items : [];
};
const isObject = (value: Value): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const namesOf = (...of: readonly Members[]): string[] => [
  ...new Set(of.flatMap((each) => Object.keys(each))),
];

/** Characters a value may take on a line. */
const longest = 120;

/** A value on one line, shortened. */
export function shown(value: Value, most = longest): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return escaped(text.length > most ? `${text.slice(0, most)}…` : text);
}

export const quoted = (text: string, most?: number): string => shown(text, most);

/** Nothing that would act on a terminal or turn the reading direction: JSON escapes the rest of the control characters already. */
const escaped = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
