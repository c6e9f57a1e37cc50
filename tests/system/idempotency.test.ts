import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openapi } from '../harness/contract.ts';
import { startReceiver, type Receiver } from '../harness/receiver.ts';
import { freshNumber, startWorld, type RawOptions, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;
let other: Tenant;
let receiver: Receiver;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
  other = await world.tenant();
  await tenant.sandbox();
  receiver = await startReceiver();
});
after(async () => {
  await receiver?.[Symbol.asyncDispose]();
  await world?.stop();
});

const post = (path: string, key: string, json: unknown, options: RawOptions = {}) =>
  tenant.raw('POST', path, { json, ...options, headers: { 'idempotency-key': key, ...options.headers } });

interface Call {
  /** Where the route's path has an id. */
  id?: string;
  json?: unknown;
  /** Credentials, where an API key's are not what the route takes. */
  token?: string;
}

/** A message to this number has failed, and its job is dead. */
async function failedMessage(): Promise<string> {
  const log = tenant.log();
  const { id } = await tenant.hermod.sendMessage('+15005550003', { text: 'nobody there' });
  await log.untilStatus(id, 'failed');
  return id;
}

async function deadJob(): Promise<string> {
  const message = await failedMessage();
  for await (const job of tenant.hermod.jobs.list({ state: 'dead' })) if (job.message_id === message) return job.id;
  throw new Error(`no job of ${message} is dead`);
}

const conversation = async () => (await tenant.hermod.conversations.create({ kind: 'group', title: 'Once' })).id;
const person = async () => (await tenant.hermod.people.create({ name: 'Ana' })).id;
const account = async () => (await tenant.sandbox()).id;
const apiKey = async () => (await tenant.hermod.apiKeys.create({ name: 'once', scopes: ['people:read'] })).id;

/** A filter that lets nothing pass that happens here. */
const unheard = { types: ['webhook.disabled'] };
const webhook = async () => (await tenant.hermod.webhooks.create({ url: receiver.url, filter: unheard })).id;
/** What was open of a webhook that was disabled is dead. */
async function deadDelivery(): Promise<string> {
  receiver.react = () => {}; // hangs
  const id = await webhook();
  const delivery = await tenant.hermod.webhooks.test(id);
  await receiver.count(1);
  await tenant.hermod.webhooks.update(id, { enabled: false });
  while ((await tenant.hermod.deliveries.get(delivery.id)).state !== 'dead') await new Promise((resolve) => setTimeout(resolve, 20));
  await tenant.hermod.webhooks.update(id, { enabled: true });
  return delivery.id;
}

/** How each route that takes a key is called so that it does something. */
const calls: Record<string, () => Promise<Call>> = {
  '/api/v1/accounts': async () => ({ json: { connector: 'sandbox', name: 'Another' } }),
  '/api/v1/accounts/{account_id}/connect': async () => {
    const id = await account();
    await tenant.hermod.accounts.pause(id);
    return { id };
  },
  '/api/v1/accounts/{account_id}/disconnect': async () => ({ id: await account() }),
  '/api/v1/accounts/{account_id}/pause': async () => ({ id: await account() }),
  '/api/v1/api_keys': async () => ({ json: { name: 'once', scopes: ['people:read'] } }),
  '/api/v1/api_keys/{key_id}/rotate': async () => ({ id: await apiKey() }),
  '/api/v1/conversations': async () => ({ json: { kind: 'group', title: 'Once' } }),
  '/api/v1/conversations/{conversation_id}/messages': async () => ({ id: await conversation(), json: { text: 'once' } }),
  '/api/v1/conversations/{conversation_id}/read': async () => {
    const participants = [{ person_id: tenant.bot }];
    const { id } = await tenant.hermod.conversations.create({ kind: 'group', title: 'Read', participants });
    await tenant.hermod.conversations.messages.create(id, { text: 'unread' });
    return { id, json: { seq: 1 } };
  },
  '/api/v1/deliveries/{delivery_id}/retry': async () => ({ id: await deadDelivery() }),
  '/api/v1/deliveries/retry': async () => ({ json: { filter: {} } }),
  '/api/v1/jobs/{job_id}/retry': async () => ({ id: await deadJob() }),
  '/api/v1/jobs/retry': async () => ({ json: { filter: { kind: 'none' } } }),
  '/api/v1/messages': async () => ({ json: { to: freshNumber(), text: 'once' } }),
  '/api/v1/messages/{message_id}/forward': async () => {
    const { id } = await tenant.hermod.conversations.messages.create(await conversation(), { text: 'pass it on' });
    return { id, json: { conversation_id: await conversation() } };
  },
  '/api/v1/messages/{message_id}/resend': async () => ({ id: await failedMessage() }),
  '/api/v1/people': async () => ({ json: { name: 'Ana' } }),
  '/api/v1/people/{person_id}/addresses': async () => ({ id: await person(), json: { kind: 'phone', value: freshNumber() } }),
  '/api/v1/people/{person_id}/merge': async () => ({ id: await person(), json: { person_id: await person() } }),
  '/api/v1/people/{person_id}/tokens': async () => ({ id: (await tenant.hermod.people.create({ external_id: randomUUID() })).id, json: {} }),
  '/api/v1/people/{person_id}/unmerge': async () => {
    const [id, other] = [await person(), await person()];
    await tenant.hermod.people.merge(id, { person_id: other });
    return { id, json: { person_id: other } };
  },
  '/api/v1/people/import': async () => ({ json: { csv: 'external_id,name\nonce,Ana\n' } }),
  '/api/v1/sandbox/inbound': async () => ({ json: { account_id: await account(), from: freshNumber(), text: 'once' } }),
  '/api/v1/webhooks': async () => ({ json: { url: receiver.url, filter: unheard } }),
  '/api/v1/webhooks/{webhook_id}/replay': async () => ({ id: await webhook(), json: { since: '2020-01-01T00:00:00Z' } }),
  '/api/v1/webhooks/{webhook_id}/rotate_secret': async () => ({ id: await webhook() }),
  '/api/v1/webhooks/{webhook_id}/test': async () => ({ id: await webhook() }),
  '/api/v1/workspaces': async () => ({ json: { name: 'Second' }, token: tenant.session.access_token }),
};

/** Nothing is there to be done twice: the first ends the credentials of the second; a ticket is good once. */
const withoutSecond = new Set(['/api/v1/auth/logout', '/api/v1/auth/stream_ticket']);

const templates = Object.entries(openapi.paths).flatMap(([template, { post: operation }]) =>
  operation && operation.security?.length !== 0 && !withoutSecond.has(template) ? [template] : []);

/** The answer without what is shown once. */
const kept = (body: unknown) => JSON.stringify(body, (name, value: unknown) => (['key', 'token', 'secret'].includes(name) ? undefined : value));

test('every route that takes a key is called here', () =>
  assert.deepEqual([...templates].sort(), Object.keys(calls).sort()));

for (const template of templates)
  test(`POST ${template} under one key is done once and answered alike`, async () => {
    const { id, json, token } = await (calls[template]?.() ?? assert.fail('it is not in the table above'));
    const [key, path] = [randomUUID(), template.replace(/\{\w+\}/, id ?? '')];
    const options = token === undefined ? {} : { token };

    const first = await post(path, key, json, options);
    const again = await post(path, key, json, options);

    assert.ok(first.status >= 200 && first.status < 300, first.text);
    assert.equal(again.status, first.status, again.text);
    assert.equal(kept(again.body), kept(first.body));
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    assert.equal(first.headers.get('idempotent-replayed'), null);
  });

test('a message resent twice under one key is sent once more', async () => {
  const [id, key] = [await failedMessage(), randomUUID()];
  const log = tenant.log((await tenant.hermod.events.page()).next); // past the first failure
  const path = `/api/v1/messages/${id}/resend`;

  await post(path, key, undefined);
  await log.untilStatus(id, 'failed');
  const again = await post(path, key, undefined);

  assert.equal(again.status, 202);
  assert.equal((await tenant.hermod.messages.get(id)).status, 'failed');
  assert.equal((await tenant.hermod.messages.attempts(id).page()).data.length, 2);
});

const bodies: [string, () => unknown][] = [
  ['/api/v1/people', () => ({ name: 'Ana' })],
  ['/api/v1/messages', () => ({ to: freshNumber(), text: 'hi' })],
  ['/api/v1/conversations', () => ({ kind: 'group', title: 'Once' })],
  ['/api/v1/accounts', () => ({ connector: 'sandbox', name: 'Another' })],
];

for (const [path, body] of bodies)
  test(`POST ${path} under a key of another body is refused`, async () => {
    const key = randomUUID();
    await post(path, key, body());

    const answer = await post(path, key, { ...(body() as object), metadata: undefined, name: 'Other', title: undefined });

    assert.equal(answer.status, 422);
    assert.ok(['idempotency_key_reused', 'invalid_body'].includes(answer.body.code), answer.text);
  });

test('another body under the same key is refused by name', async () => {
  const key = randomUUID();
  await post('/api/v1/people', key, { name: 'Ana' });

  const answer = await post('/api/v1/people', key, { name: 'Bo' });

  assert.equal(answer.status, 422);
  assert.equal(answer.body.code, 'idempotency_key_reused');
});

test('a hundred requests at once under one key do it once, and all get its answer', async () => {
  const [key, json] = [randomUUID(), { to: freshNumber(), text: 'once' }];
  const log = tenant.log();
  await log.drain();

  const answers = await Promise.all(Array.from({ length: 100 }, () => post('/api/v1/messages', key, json)));

  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
  assert.equal((await tenant.hermod.conversations.get(answers[0]?.body.conversation_id)).seq, 1);
  const made = (await log.drain()).map(({ type }) => type).filter((type) => type.endsWith('.created'));
  assert.deepEqual(made.sort(), ['conversation.created', 'message.created', 'person.created']);
});

test('a hundred requests at once with one client_id send once, in a conversation and to an address', async () => {
  const room = await conversation();
  const [client_id, to] = [randomUUID(), freshNumber()];
  const log = tenant.log();
  await log.drain();
  const hundred = (path: string, json: unknown) => Promise.all(Array.from({ length: 100 }, () => tenant.raw('POST', path, { json })));

  for (const answers of [
    await hundred(`/api/v1/conversations/${room}/messages`, { text: 'once', client_id }),
    await hundred('/api/v1/messages', { to, text: 'once', client_id: randomUUID() }),
  ]) {
    assert.deepEqual(new Set(answers.map(({ status }) => Math.floor(status / 100))), new Set([2]));
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    assert.equal((await tenant.hermod.conversations.get(answers[0]?.body.conversation_id)).seq, 1);
  }
  assert.equal((await log.drain()).filter(({ type }) => type === 'message.created').length, 2);
  const other = await tenant.raw('POST', `/api/v1/conversations/${room}/messages`, { json: { text: 'twice', client_id } });
  assert.deepEqual([other.status, other.body.code], [422, 'client_id_reused']);
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
