// The tests of the tests: what holds answers to the contract can fail, and what makes wrong
// requests makes wrong ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEvent, checkResponse, findRoute, fitsBody, openapi } from '../harness/contract.ts';
import { mutations, sample } from '../harness/samples.ts';

const url = new URL('http://h/api/v1/people');
const headers = { 'content-type': 'application/json', 'x-request-id': 'r' };
const answer = (status: number, body: unknown, more: Record<string, string> = {}) => {
  const text = JSON.stringify(body);
  return checkResponse('GET', url, new Response(text, { status, headers: { ...headers, ...more } }), text).join('; ');
};
const problem = (status: number, code: string) =>
  answer(status, { type: 'about:blank', title: 't', status, code, detail: '', errors: [], request_id: 'r' }, { 'content-type': 'application/problem+json' });

test('an answer as declared is let through', () => {
  assert.equal(answer(200, { data: [], next: null }), '');
  assert.equal(problem(401, 'unauthenticated'), '');
});

for (const [what, found, says] of [
  ['a missing field', () => answer(200, { data: [] }), /required/],
  ['a field more', () => answer(200, { data: [], next: null, more: 1 }), /additional/],
  ['a field of the wrong type', () => answer(200, { data: [{}], next: 7 }), /must be/],
  ['an undeclared status', () => answer(202, { data: [], next: null }), /not declared/],
  ['another media type', () => answer(200, { data: [], next: null }, { 'content-type': 'text/html' }), /text\/html/],
  ['no request id', () => answer(200, { data: [], next: null }, { 'x-request-id': '' }), /X-Request-Id/],
  ['a code with the wrong status', () => problem(400, 'unauthenticated'), /unauthenticated/],
  ['a code that the route does not declare', () => problem(404, 'message_not_found'), /message_not_found/],
  ['a 500', () => problem(500, 'internal'), /500/],
] as const)
  test(`an answer with ${what} is noticed`, () => assert.match(found(), says));

test('an event that is not declared, or does not fit, is noticed', () => {
  assert.match(checkEvent({ type: 'cat.fed', data: {} }).join(), /not declared/);
  assert.match(checkEvent({ type: 'person.created', data: {} }).join(), /required/);
});

test('a literal segment wins over a parameter', () => {
  assert.equal(findRoute('PUT', '/api/v1/people/by_external_id/x')?.template, '/api/v1/people/by_external_id/{external_id}');
  assert.equal(findRoute('GET', '/api/v1/people/x')?.template, '/api/v1/people/{person_id}');
  assert.equal(findRoute('GET', '/api/v1/people/'), null);
});

for (const [template, item] of Object.entries(openapi.paths))
  for (const [method, operation] of Object.entries(item)) {
    const schema = operation.requestBody?.content['application/json']?.schema;
    if (!schema) continue;
    test(`what is sent wrongly to ${method.toUpperCase()} ${template} is wrong, and the sample right`, () => {
      assert.ok(fitsBody(method, template, sample(schema)), JSON.stringify(sample(schema)));
      // A schema cannot say that a text holds no NUL, and an unbounded integer fits one of 300 digits.
      for (const { field, why, value } of mutations(schema))
        if (why !== 'holds a NUL' && why !== 'larger than any') assert.ok(!fitsBody(method, template, value), `${field} ${why}: ${JSON.stringify(value).slice(0, 100)}`);
    });
  }
