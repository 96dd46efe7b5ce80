/** Reads concepts and concept sets. */

import type { Concept, ConceptSet, ConceptSetItem } from '#sql/circe/expression.ts';
import type { Json } from '#sql/circe/json.ts';
import { expected, readMessages } from '#sql/circe/read/messages.ts';
import { booleanOf, integerOf, listOf, openObject, type Reader, textOf } from '#sql/circe/reader.ts';

/** A concept set; its items may stand under `expression` only, as everywhere in a cohort definition. */
export function readConceptSet(reader: Reader, path: string, json: Json): ConceptSet {
  const object = openObject(reader, path, json);
  const id = integerOf(reader, object.at('id'), object.take('id'));
  if (id === undefined) reader.error(object.at('id'), 'missing', readMessages.setNeedsId);
  const inner = openObject(reader, object.at('expression'), object.take('expression') ?? {});
  const items = listOf(reader, inner.at('items'), inner.take('items'));
  const set = {
    path,
    id: id ?? -1,
    name: textOf(reader, object.at('name'), object.take('name')) ?? '',
    items: items.map(([at, item]) => readItem(reader, at, item)),
  };
  inner.done();
  object.done();
  return set;
}

function readItem(reader: Reader, path: string, json: Json): ConceptSetItem {
  const object = openObject(reader, path, json);
  const item = {
    concept: readConcept(reader, object.at('concept'), object.take('concept') ?? {}),
    isExcluded: booleanOf(reader, object.at('isExcluded'), object.take('isExcluded')) ?? false,
    includeDescendants:
      booleanOf(reader, object.at('includeDescendants'), object.take('includeDescendants')) ?? false,
    includeMapped: booleanOf(reader, object.at('includeMapped'), object.take('includeMapped')) ?? false,
  };
  object.done();
  return item;
}

/** What describes a concept to people: some of it is kept, all of it is known. */
const words = ['CONCEPT_NAME', 'DOMAIN_ID', 'STANDARD_CONCEPT'] as const;
const captions = [
  'STANDARD_CONCEPT_CAPTION',
  'INVALID_REASON',
  'INVALID_REASON_CAPTION',
  'CONCEPT_CODE',
  'VOCABULARY_ID',
  'CONCEPT_CLASS_ID',
  'VALID_START_DATE',
  'VALID_END_DATE',
];
const known: ReadonlySet<string> = new Set(['CONCEPT_ID', ...words, ...captions]);

/** A concept: its id counts, the rest describes it to people. */
export function readConcept(reader: Reader, path: string, json: Json): Concept {
  return plainConcept(json) ?? anyConcept(reader, path, json);
}

/** A concept without a fault, read without paths: a definition may hold thousands. */
function plainConcept(json: Json): Concept | undefined {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return undefined;
  const given = json as { readonly [name: string]: Json };
  const id = given.CONCEPT_ID;
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return undefined;
  for (const name in given) if (!known.has(name)) return undefined;
  const concept: { [name: string]: string | number } = { CONCEPT_ID: id };
  for (const name of words) {
    const text = given[name];
    if (text === undefined || text === null) continue;
    if (typeof text !== 'string' || text.includes('\0') || !text.isWellFormed()) return undefined;
    concept[name] = text;
  }
  return concept as unknown as Concept;
}

function anyConcept(reader: Reader, path: string, json: Json): Concept {
  const object = openObject(reader, path, json);
  const id = object.take('CONCEPT_ID');
  const exact = Number.isSafeInteger(id) || (typeof id === 'bigint' && BigInt.asIntN(64, id) === id);
  if (!exact && (typeof id === 'bigint' || Number.isInteger(id)))
    reader.error(object.at('CONCEPT_ID'), 'too-large', readMessages.conceptTooLarge);
  else if (!exact)
    reader.error(object.at('CONCEPT_ID'), 'not-an-integer', readMessages.expected(expected.concept, id));
  object.skip(...captions);
  const texts = words.flatMap((name) => {
    const text = textOf(reader, object.at(name), object.take(name));
    return text === undefined ? [] : [[name, text] as const];
  });
  object.done();
  return { CONCEPT_ID: exact ? (id as number | bigint) : 0, ...Object.fromEntries(texts) };
}
