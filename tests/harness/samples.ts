// Values that fit a schema, and values that just do not, from the schema alone.
import { openapi, type Schema } from './contract.ts';

export function resolve(schema: Schema): Schema {
  if (!schema.$ref) return schema;
  const found = openapi.components.schemas[schema.$ref.replace('#/components/schemas/', '')];
  if (!found) throw new Error(`${schema.$ref} points nowhere`);
  return resolve(found);
}

const typesOf = (schema: Schema): string[] =>
  schema.type === undefined ? [] : Array.isArray(schema.type) ? schema.type : [schema.type];

/** An id of the kind that no row has. */
export const unknownId = (pattern: string) => `${/^\^([a-z]+)_/.exec(pattern)?.[1] ?? 'x'}_01h${'z'.repeat(23)}`;

/** The smallest value that fits; optional properties are left out. */
export function sample(given: Schema): unknown {
  const schema = resolve(given);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return sample(alternatives[0] ?? {});
  if (schema.enum) return schema.enum[0];
  switch (typesOf(schema)[0]) {
    case 'string':
      if (schema.format === 'date-time') return '2030-01-01T00:00:00Z';
      if (schema.pattern) return unknownId(schema.pattern);
      return 'a'.repeat(Math.max(1, schema.minLength ?? 1));
    case 'integer':
    case 'number': return schema.minimum ?? 1;
    case 'boolean': return true;
    case 'array': return Array.from({ length: schema.minItems ?? 0 }, () => sample(schema.items ?? {}));
    case 'object': return Object.fromEntries((schema.required ?? []).map((name) => [name, sample(schema.properties?.[name] ?? {})]));
    default: return 'anything';
  }
}

export interface Mutation {
  /** The field that is wrong, as an error names it; empty for the whole body. */
  field: string;
  why: string;
  value: unknown;
}

const ofEachType: [string, unknown][] = [
  ['string', 'x'], ['integer', 7], ['number', 1.5], ['boolean', true], ['array', []], ['object', {}], ['null', null],
];

/** Values that must be refused, each wrong in one place. */
export function* mutations(given: Schema, field = ''): Generator<Mutation> {
  const schema = resolve(given);
  yield* wrongTypes(schema, field);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) {
    // Only what no other alternative could mean: objects, where there is one kind of them.
    const objects = alternatives.map(resolve).filter((one) => typesOf(one).includes('object'));
    if (objects.length === 1 && objects[0]) for (const one of mutations(objects[0], field)) if (one.field !== field) yield one;
    return;
  }
  const types = typesOf(schema);
  if (types.includes('string')) yield* wrongStrings(schema, field);
  if (types.includes('integer')) yield* wrongIntegers(schema, field);
  if (types.includes('array')) yield* wrongArrays(schema, field);
  if (types.includes('object')) yield* wrongObjects(schema, field);
}

function* wrongTypes(schema: Schema, field: string): Generator<Mutation> {
  const allowed = new Set((schema.anyOf ?? schema.oneOf ?? [schema]).flatMap((one) => typesOf(resolve(one))));
  if (allowed.size === 0) return;
  for (const [type, value] of ofEachType) {
    if (allowed.has(type) || (type === 'integer' && allowed.has('number'))) continue;
    yield { field, why: `${type} is of the wrong type`, value };
  }
}

function* wrongStrings(schema: Schema, field: string): Generator<Mutation> {
  if (schema.enum) return yield { field, why: 'not one of the values', value: 'no_such_value' };
  if (schema.pattern || schema.format === 'date-time') {
    for (const value of ['', 'nonsense', 'wsp_', '2030-13-01T00:00:00Z', 'acc_0000000000000000000000000u'])
      yield { field, why: `${JSON.stringify(value)} has the wrong form`, value };
    return;
  }
  if (schema.minLength) yield { field, why: 'too short', value: 'a'.repeat(schema.minLength - 1) };
  if (schema.maxLength !== undefined && schema.maxLength <= 100_000)
    yield { field, why: 'too long', value: 'é'.repeat(schema.maxLength + 1) };
  if (schema.maxLength !== undefined) yield { field, why: 'holds a NUL', value: `a\0${'a'.repeat(schema.minLength ?? 0)}`.slice(0, schema.maxLength) };
}

function* wrongIntegers(schema: Schema, field: string): Generator<Mutation> {
  if (schema.minimum !== undefined) yield { field, why: 'too small', value: schema.minimum - 1 };
  if (schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER) yield { field, why: 'too large', value: schema.maximum + 1 };
  yield { field, why: 'larger than any', value: 1e300 };
}

function* wrongArrays(schema: Schema, field: string): Generator<Mutation> {
  const items = schema.items ?? {};
  if (schema.minItems) yield { field, why: 'too few', value: [] };
  if (schema.maxItems !== undefined && schema.maxItems <= 1000)
    yield { field, why: 'too many', value: Array.from({ length: schema.maxItems + 1 }, () => sample(items)) };
  for (const one of mutations(items, `${field}[0]`)) yield { ...one, value: [one.value] };
}

function* wrongObjects(schema: Schema, field: string): Generator<Mutation> {
  const inside = (name: string) => (field === '' ? name : `${field}.${name}`);
  const base = sample({ ...schema, type: 'object' }) as Record<string, unknown>;
  for (const name of schema.required ?? []) {
    const { [name]: _, ...rest } = base;
    yield { field: inside(name), why: 'missing', value: rest };
  }
  if (schema.additionalProperties === false) yield { field: inside('no_such_field'), why: 'unknown', value: { ...base, no_such_field: 1 } };
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    for (const one of mutations(property, inside(name))) yield { ...one, value: { ...base, [name]: one.value } };
}
