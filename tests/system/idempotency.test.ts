import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { freshNumber, startWorld, type RawOptions, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;
let other: Tenant;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
  other = await world.tenant();
  await tenant.sandbox();
});
after(() => world?.stop());

const post = (path: string, key: string, json: unknown, options: RawOptions = {}) =>
  tenant.raw('POST', path, { json, ...options, headers: { 'idempotency-key': key, ...options.headers } });

const routes: [string, () => unknown][] = [
  ['/api/v1/people', () => ({ name: 'Ana' })],
  ['/api/v1/messages', () => ({ to: freshNumber(), text: 'hi' })],
  ['/api/v1/conversations', () => ({ kind: 'group', title: 'Once' })],
  ['/api/v1/accounts', () => ({ connector: 'sandbox', name: 'Another' })],
];

for (const [path, body] of routes) {
  test(`POST ${path} under one key is done once and answered alike`, async () => {
    const [key, json] = [randomUUID(), body()];
    const log = tenant.log();
    await log.drain();

    const first = await post(path, key, json);
    const again = await post(path, key, json);

    assert.ok(first.status === 201 || first.status === 202, first.text);
    assert.equal(again.status, first.status);
    assert.deepEqual(again.body, first.body);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    assert.equal(first.headers.get('idempotent-replayed'), null);
    const created = (await log.drain()).filter((event) => /\.created$|account\.state/.test(event.type) && JSON.stringify(event.data).includes(`"id":"${first.body.id}"`));
    assert.ok(created.filter(({ type }) => type !== 'account.state').length <= 1);
  });

  test(`POST ${path} under a key of another body is refused`, async () => {
    const key = randomUUID();
    await post(path, key, body());

    const answer = await post(path, key, { ...(body() as object), metadata: undefined, name: 'Other', title: undefined });

    assert.equal(answer.status, 422);
    assert.ok(['idempotency_key_reused', 'invalid_body'].includes(answer.body.code), answer.text);
  });
}

test('another body under the same key is refused by name', async () => {
  const key = randomUUID();
  await post('/api/v1/people', key, { name: 'Ana' });

  const answer = await post('/api/v1/people', key, { name: 'Bo' });

  assert.equal(answer.status, 422);
  assert.equal(answer.body.code, 'idempotency_key_reused');
});

test('requests at once under one key do it once, and all get its answer', async () => {
  const [key, json] = [randomUUID(), { to: freshNumber(), text: 'once' }];

  const answers = await Promise.all(Array.from({ length: 8 }, () => post('/api/v1/messages', key, json)));

  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
  assert.equal((await tenant.hermod.conversations.get(answers[0]?.body.conversation_id)).seq, 1);
});

test('a failure is not remembered', async () => {
  const [key, external_id] = [randomUUID(), randomUUID()];
  const holder = await tenant.hermod.people.create({ external_id });
  assert.equal((await post('/api/v1/people', key, { external_id })).status, 409);
  await tenant.hermod.people.delete(holder.id);

  const answer = await post('/api/v1/people', key, { external_id });

  assert.equal(answer.status, 201);
});

test('a key belongs to its route, its caller and its workspace', async () => {
  const key = randomUUID();
  const first = await post('/api/v1/people', key, { name: 'Ana' });
  const second = await tenant.hermod.apiKeys.create({ name: 'second', scopes: ['admin'] });

  const otherRoute = await post('/api/v1/conversations', key, { kind: 'group' });
  const otherCaller = await post('/api/v1/people', key, { name: 'Ana' }, { token: second.key ?? '' });
  const otherWorkspace = await post('/api/v1/people', key, { name: 'Ana' }, { token: other.key });

  assert.equal(otherRoute.status, 201);
  assert.notEqual(otherCaller.body.id, first.body.id);
  assert.notEqual(otherWorkspace.body.id, first.body.id);
});

test('a key is forgotten after a day', async () => {
  const key = randomUUID();
  const first = await post('/api/v1/people', key, { name: 'Ana' });

  await world.advance(25 * 3_600_000);
  const answer = await post('/api/v1/people', key, { name: 'Bo' });

  assert.equal(answer.status, 201);
  assert.notEqual(answer.body.id, first.body.id);
});

test('a repeated request for a key does not show the secret again', async () => {
  const key = randomUUID();
  const first = await post('/api/v1/api_keys', key, { name: 'once', scopes: ['people:read'] });
  const again = await post('/api/v1/api_keys', key, { name: 'once', scopes: ['people:read'] });

  assert.match(first.body.key, /^hk_live_/);
  assert.equal(again.body.id, first.body.id);
  assert.equal(again.body.key, null);
});

for (const key of ['', 'a'.repeat(256), 'caf\u00e9'])
  test(`${key.length > 20 ? 'a key of 256 characters' : JSON.stringify(key)} is no idempotency key`, async () => {
    const answer = await post('/api/v1/people', key, { name: 'Ana' });

    // An empty header is as good as none.
    if (key === '') assert.equal(answer.status, 201);
    else assert.ok(answer.status === 400 || answer.status === 422, answer.text);
  });
