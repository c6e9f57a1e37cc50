import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generate, typeOf } from './generate.mjs';

const api = () => ({
  openapi: {
    paths: {
      '/api/v1/cats/{cat_id}': {
        get: {
          summary: 'One cat',
          parameters: [
            { name: 'cat_id', in: 'path', required: true, schema: { type: 'string' } },
            { name: 'limit', in: 'query', schema: { type: 'integer' } },
          ],
          responses: { 200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Cat' } } } } },
        },
        delete: { responses: { 204: {} } },
      },
    },
    components: { schemas: { Cat: { type: 'object', properties: { name: { type: ['string', 'null'] } }, required: ['name'] } } },
  },
  events: {
    types: [{ name: 'cat.fed', schema: { type: 'object', properties: { cat: { $ref: '#/components/schemas/Cat' } }, required: ['cat'] } }],
    components: { schemas: {} },
  },
  errors: [{ code: 'cat_not_found', status: 404, title: 'There is no such cat' }],
});

const cases = [
  [{ type: 'string' }, 'string'],
  [{ type: ['integer', 'null'] }, 'number | null'],
  [{ type: ['string', 'null'], enum: ['a', null] }, '"a" | null'],
  [{ type: 'array', items: { type: ['string', 'null'] } }, '(string | null)[]'],
  [{ type: 'object', additionalProperties: true }, 'Record<string, unknown>'],
  [{ type: 'object', additionalProperties: false }, 'Record<string, never>'],
  [{ anyOf: [{ $ref: '#/components/schemas/Cat' }, { type: 'null' }] }, 'Cat | null'],
  [{ type: 'object', properties: { 'odd-name': {} } }, '{\n  "odd-name"?: unknown;\n}'],
  [{}, 'unknown'],
];
for (const [schema, type] of cases)
  test(`${JSON.stringify(schema)} becomes ${type.replaceAll('\n', ' ')}`, () => assert.equal(typeOf(schema), type));

test('a route has its path, query, body and answer', () => {
  const text = generate(api());
  assert.match(text, /"GET \/api\/v1\/cats\/\{cat_id\}": \{\n\s+path: \{\n\s+cat_id: string;/);
  assert.match(text, /query: \{\n\s+limit\?: number;/);
  assert.match(text, /response: Cat;/);
  assert.match(text, /"DELETE [^"]+": \{[^"]+response: undefined;/);
});

test('events and errors become unions', () => {
  const text = generate(api());
  assert.match(text, /"cat.fed": \{\n\s+cat: Cat;/);
  assert.match(text, /cat_not_found: 404,/);
});

test('the same input gives the same text whatever the order of its paths', () => {
  const one = api();
  const other = api();
  other.openapi.paths = Object.fromEntries(Object.entries(other.openapi.paths).reverse());
  assert.equal(generate(one), generate(other));
});

test('a schema that means two things is refused', () => {
  const broken = api();
  broken.events.components.schemas.Cat = { type: 'string' };
  assert.throws(() => generate(broken), /the schema Cat differs/);
});

test('a schema named as what is generated is refused', () => {
  const broken = api();
  broken.openapi.components.schemas.Routes = { type: 'string' };
  assert.throws(() => generate(broken), /Routes is taken/);
});

test('a schema that is not understood is refused', () => {
  assert.throws(() => typeOf({ type: 'date' }), /not understood/);
  assert.throws(() => typeOf({ $ref: 'https://elsewhere' }), /does not point/);
});
