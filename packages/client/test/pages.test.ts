import assert from 'node:assert/strict';
import { test } from 'node:test';
import { init } from '../src/index.ts';
import { fakeServer, json } from './fake-server.ts';

const person = (id: string) => ({ id });
const pages = [
  json(200, { data: [person('per_1'), person('per_2')], next: 'c1' }),
  json(200, { data: [], next: 'c2' }),
  json(200, { data: [person('per_3')], next: null }),
];

test('walking a list fetches page after page with the cursor and the filters', async () => {
  await using server = await fakeServer(...pages);
  const ids: string[] = [];

  for await (const { id } of init({ baseUrl: server.url }).people.list({ limit: 2 })) ids.push(id);

  assert.deepEqual(ids, ['per_1', 'per_2', 'per_3']);
  assert.deepEqual(server.seen.map(({ url }) => url),
    ['/api/v1/people?limit=2', '/api/v1/people?limit=2&cursor=c1', '/api/v1/people?limit=2&cursor=c2']);
});

test('leaving the walk early fetches no further page', async () => {
  await using server = await fakeServer(...pages);

  for await (const { id } of init({ baseUrl: server.url }).people.list()) {
    assert.equal(id, 'per_1');
    break;
  }

  assert.equal(server.seen.length, 1);
});

test('a list can be walked twice', async () => {
  await using server = await fakeServer(json(200, { data: [person('per_1')], next: null }));
  const list = init({ baseUrl: server.url }).people.list();
  let count = 0;

  for await (const _ of list) ++count;
  for await (const _ of list) ++count;

  assert.equal(count, 2);
});

test('one page can be asked for, with a cursor kept from before', async () => {
  await using server = await fakeServer(...pages.slice(2));

  const page = await init({ baseUrl: server.url }).people.list().page('c2');

  assert.equal(page.next, null);
  assert.equal(server.seen[0]?.url, '/api/v1/people?cursor=c2');
});

test('pages come as pages', async () => {
  await using server = await fakeServer(...pages);
  const sizes: number[] = [];

  for await (const page of init({ baseUrl: server.url }).people.list().pages()) sizes.push(page.data.length);

  assert.deepEqual(sizes, [2, 0, 1]);
});
