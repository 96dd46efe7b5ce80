/** The JSON schema of the image criteria, made of the descriptions that the compiler itself uses. */

import type { Attribute } from '#sql/circe/criteria/attribute.ts';
import { describeType } from '#sql/circe/criteria/types.ts';
import { notes } from './notes.ts';

export const imageTypes = ['ImageOccurrence', 'ImageFeature'] as const;

/** JSON text, two spaces, a newline at the end: one criterion, an object with its type as its only member. */
export function imagingSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Image criteria of a cohort definition',
    description:
      'A proposal in the style of OHDSI’s Circe: such a criterion stands wherever a criterion of a cohort definition may stand.',
    oneOf: imageTypes.map((type) => ({
      type: 'object',
      properties: { [type]: { $ref: `#/$defs/${type}` } },
      required: [type],
      additionalProperties: false,
    })),
    $defs: { ...Object.fromEntries(imageTypes.map((type) => [type, criterion(type)])), ...parts },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function criterion(type: (typeof imageTypes)[number]) {
  const { attributes } = describeType(type);
  const properties = Object.entries(attributes).map(([name, attribute]) => [
    name,
    { description: notes[type]?.[name] ?? '', ...shape(attribute) },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false };
}

function shape(attribute: Attribute): object {
  switch (attribute.kind) {
    case 'codeset':
    case 'set-filter':
      return { type: 'integer' };
    case 'first':
    case 'flag':
    case 'exclude':
    case 'abnormal':
      return { type: 'boolean' };
    case 'concepts':
      return { type: 'array', items: { $ref: '#/$defs/Concept' } };
    case 'selection':
      return { $ref: '#/$defs/ConceptSetSelection' };
    case 'dates':
      return { $ref: '#/$defs/DateRange' };
    case 'number':
    case 'age':
      return { $ref: '#/$defs/NumericRange' };
    case 'text':
      return { $ref: '#/$defs/TextFilter' };
    case 'adjustment':
      return { $ref: '#/$defs/DateAdjustment' };
    case 'group':
      return { $ref: '#/$defs/CriteriaGroup' };
    default:
      throw new Error(`no image criterion has an attribute of kind ${attribute.kind}`);
  }
}

const range = (value: object) => ({
  type: 'object',
  properties: {
    Op: { enum: ['lt', 'lte', 'eq', '!eq', 'gt', 'gte', 'bt', '!bt'] },
    Value: value,
    Extent: { ...value, description: 'The other end, for bt and !bt.' },
  },
  required: ['Op', 'Value'],
  additionalProperties: false,
});
const words = ['startsWith', 'contains', 'endsWith', 'eq'];
const date = { enum: ['START_DATE', 'END_DATE'] };

const parts = {
  Concept: {
    type: 'object',
    description: 'As ATLAS writes it; the id counts, the rest tells people.',
    properties: { CONCEPT_ID: { type: 'integer' }, CONCEPT_NAME: { type: 'string' } },
    required: ['CONCEPT_ID'],
  },
  ConceptSetSelection: {
    type: 'object',
    properties: { CodesetId: { type: 'integer' }, IsExclusion: { type: 'boolean' } },
    required: ['CodesetId'],
    additionalProperties: false,
  },
  NumericRange: range({ type: 'number' }),
  DateRange: range({ type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
  TextFilter: {
    type: 'object',
    properties: {
      Op: { enum: words.flatMap((word) => [word, `!${word}`]) },
      Text: { type: 'string' },
    },
    required: ['Op', 'Text'],
    additionalProperties: false,
  },
  DateAdjustment: {
    type: 'object',
    properties: {
      StartWith: date,
      StartOffset: { type: 'integer' },
      EndWith: date,
      EndOffset: { type: 'integer' },
    },
    additionalProperties: false,
  },
  CriteriaGroup: {
    type: 'object',
    description:
      'A group as Circe has it. A member of its CriteriaList whose Criteria is an image criterion may say RestrictImage: true, as others say RestrictVisit.',
    properties: { Type: { enum: ['ALL', 'ANY', 'AT_LEAST', 'AT_MOST'] } },
  },
};
