// The list of routes in docs/api.md and api/openapi.json say the same.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openapi } from '../harness/contract.ts';
import { root } from '../harness/server.ts';

const page = readFileSync(join(root, 'docs/api.md'), 'utf8');
const [underApi = '', atRoot = ''] = page.split('## At the root of the server');

const rows = (text: string) => [...text.matchAll(/^\| `([A-Z]+ \/[^`]*)` \| (.*) \|$/gm)].map(([, route = '', what = '']) => ({ route, notYet: what.startsWith('not yet') }));

// The route that only a testing server has is described in words.
const served = Object.entries(openapi.paths).flatMap(([path, item]) =>
  Object.keys(item).filter((method) => method !== 'parameters').map((method) => `${method.toUpperCase()} ${path}`))
  .filter((route) => route !== 'POST /api/v1/testing/clock');

test('every route of api/openapi.json is in docs/api.md', () => {
  const known = new Set([
    ...rows(underApi).filter(({ notYet }) => !notYet).map(({ route }) => route.replace(' ', ' /api/v1')),
    ...rows(atRoot).filter(({ notYet }) => !notYet).map(({ route }) => route),
  ]);

  assert.deepEqual(served.filter((route) => !known.has(route)), []);
});

test('every route of docs/api.md is in api/openapi.json, but those that are not yet there', () => {
  const all = new Set(served);
  const listed = rows(underApi).map(({ route, notYet }) => ({ route: route.replace(' ', ' /api/v1'), notYet }));

  assert.deepEqual(listed.filter(({ route, notYet }) => !notYet && !all.has(route)), []);
  assert.deepEqual(listed.filter(({ route, notYet }) => notYet && all.has(route)), [], 'these are there: say what they do');
});

test('no route is listed twice', () => {
  const routes = rows(page).map(({ route }) => route);

  assert.deepEqual(routes.filter((route, at) => routes.indexOf(route) !== at), []);
});

test('every route is typed and closed: no schema leaves open what it holds', () => {
  const open: string[] = [];
  // What a client gives us to keep is its own; so are settings, content and schemas.
  const own = new Set(['attributes', 'metadata', 'content', 'settings', 'credentials', 'data', 'schema']);
  const look = (value: unknown, at: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const schema = value as Record<string, unknown>;
    const last = at.split('/').at(-1) ?? '';
    if (schema.type === 'object' && schema.additionalProperties !== false && !own.has(last)) open.push(at);
    for (const [name, inner] of Object.entries(schema)) look(inner, `${at}/${name}`);
  };
  look(openapi.components.schemas, '');

  assert.deepEqual(open, []);
});

test('every route says what it does, who may call it and how it fails', () => {
  for (const [path, item] of Object.entries(openapi.paths))
    for (const [method, operation] of Object.entries(item)) {
      const what = `${method} ${path}`;
      assert.ok((operation.summary ?? '').length > 5, what);
      assert.ok(Object.keys(operation.responses).some((status) => status.startsWith('2')), what);
      assert.ok(Object.keys(operation.responses).some((status) => /^[45]/.test(status)), what);
      for (const name of path.match(/(?<=\{)\w+(?=\})/g) ?? [])
        assert.ok(operation.parameters?.some((one) => one.in === 'path' && one.name === name && one.required), `${what} ${name}`);
    }
});
