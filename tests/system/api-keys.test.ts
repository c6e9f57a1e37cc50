import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { instantly, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
});
after(() => world?.stop());

test('a key is shown once and acts as a bot of its own', async () => {
  const made = await tenant.hermod.apiKeys.create({ name: 'shop', environment: 'live', scopes: ['people:read'] });

  assert.match(made.key ?? '', /^hk_live_[0-9A-Za-z_-]{20,}$/);
  assert.ok(made.key?.startsWith(made.prefix));
  assert.equal((await tenant.hermod.people.get(made.person_id)).kind, 'bot');
  const { text } = await tenant.raw('GET', '/api/v1/api_keys');
  assert.ok(text.includes(made.id));
  assert.ok(!text.includes(made.key ?? ''));
});

test('a test key says so', async () => {
  const made = await tenant.hermod.apiKeys.create({ name: 'tests', environment: 'test', scopes: ['messages:send'] });

  assert.match(made.key ?? '', /^hk_test_/);
  assert.equal(made.environment, 'test');
});

test('a deleted key is refused at once, also where it was just used', async () => {
  const made = await tenant.hermod.apiKeys.create({ name: 'gone', scopes: ['people:read'] });
  const client = world.client({ apiKey: made.key ?? '' });
  await client.people.list().page();

  await tenant.hermod.apiKeys.delete(made.id);

  await assert.rejects(client.people.list().page(), { code: 'unauthenticated' });
  await assert.rejects(tenant.hermod.apiKeys.delete(made.id), { code: 'api_key_not_found' });
});

test('a rotated key keeps its id, scopes and bot, and the old secret is refused', async () => {
  const made = await tenant.hermod.apiKeys.create({ name: 'turn', scopes: ['people:read'] });
  const old = world.client({ apiKey: made.key ?? '' });
  await old.people.list().page();

  const rotated = await tenant.hermod.apiKeys.rotate(made.id);

  assert.equal(rotated.id, made.id);
  assert.equal(rotated.person_id, made.person_id);
  assert.deepEqual(rotated.scopes, made.scopes);
  assert.notEqual(rotated.key, made.key);
  await world.client({ apiKey: rotated.key ?? '' }).people.list().page();
  await assert.rejects(old.people.list().page(), { code: 'unauthenticated' });
});

test('an expired key is refused', async () => {
  const now = Date.parse((await tenant.hermod.workspaces.get(tenant.id)).created_at);
  const made = await tenant.hermod.apiKeys.create({ name: 'short', scopes: ['people:read'], expires_at: new Date(now + 3_600_000).toISOString() });
  const client = world.client({ apiKey: made.key ?? '' });
  await client.people.list().page();

  await world.advance(3_700_000);

  await assert.rejects(client.people.list().page(), { code: 'unauthenticated' });
});

test('the last use is noted, at most once a minute', async () => {
  const made = await tenant.hermod.apiKeys.create({ name: 'used', scopes: ['people:read'] });
  const client = world.client({ apiKey: made.key ?? '' });
  const lastUse = async () => {
    for await (const key of tenant.hermod.apiKeys.list()) if (key.id === made.id) return key.last_used_at;
    return null;
  };
  assert.equal(await lastUse(), null);

  await client.people.list().page();
  const first = await until(lastUse, (value) => value !== null);
  await client.people.list().page();
  const second = await lastUse();
  await world.advance(61_000);
  await client.people.list().page();
  const third = await until(lastUse, (value) => value !== first);

  assert.equal(second, first);
  assert.ok((third ?? '') > (first ?? ''));
});

for (const [scopes, allowed, refused] of [
  [['people:read'], ['GET /api/v1/people'], ['POST /api/v1/people', 'GET /api/v1/accounts', 'POST /api/v1/messages']],
  [['people:write'], ['GET /api/v1/people', 'POST /api/v1/people'], ['GET /api/v1/conversations', 'GET /api/v1/api_keys']],
  [['conversations:read', 'messages:read'], ['GET /api/v1/conversations', 'GET /api/v1/messages'], ['POST /api/v1/conversations', 'POST /api/v1/messages']],
  [['accounts:read'], ['GET /api/v1/accounts'], ['POST /api/v1/accounts', 'GET /api/v1/people']],
  [['admin'], ['GET /api/v1/people', 'GET /api/v1/accounts', 'GET /api/v1/api_keys', 'GET /api/v1/jobs'], []],
] as const)
  test(`the scopes ${scopes.join(' and ')} allow and refuse what they say`, async () => {
    const made = await tenant.hermod.apiKeys.create({ name: 'scoped', scopes: [...scopes] });
    const bodies: Record<string, unknown> = { 'POST /api/v1/people': { name: 'Bo' }, 'POST /api/v1/conversations': { kind: 'group' },
      'POST /api/v1/messages': { to: '+12025550100', text: 'hi' }, 'POST /api/v1/accounts': { connector: 'sandbox', name: 's' } };
    const call = (route: string) => {
      const [method = '', path = ''] = route.split(' ');
      return world.raw(method, path, { token: made.key ?? '', json: bodies[route] });
    };

    for (const route of allowed) assert.ok((await call(route)).status < 300, route);
    for (const route of refused) {
      const answer = await call(route);
      assert.equal(answer.status, 403, route);
      assert.equal(answer.body.code, 'missing_scope', route);
    }
  });

test('nobody hands out a scope they do not hold', async () => {
  const limited = await tenant.clientWith(['api_keys:write', 'people:read']);

  await limited.apiKeys.create({ name: 'same', scopes: ['people:read'] });
  await assert.rejects(limited.apiKeys.create({ name: 'more', scopes: ['people:write'] }), { status: 403 });
  await assert.rejects(limited.apiKeys.create({ name: 'all', scopes: ['admin'] }), { status: 403 });
});

test('an unknown scope is refused by name', async () => {
  const answer = await tenant.raw('POST', '/api/v1/api_keys', { json: { name: 'x', scopes: ['people:fly'] } });

  assert.equal(answer.status, 422);
  assert.match(answer.body.errors[0].field, /^scopes/);
});

test('a test key reaches sandbox accounts only', async () => {
  const live = await tenant.hermod.accounts.create({
    connector: 'email', name: 'Mail', address: 'shop@example.com', credentials: { url: 'smtp://127.0.0.1:1' },
  });
  const sandbox = await tenant.sandbox(instantly);
  const client = await tenant.clientWith(['admin'], 'test');

  const visible: string[] = [];
  for await (const account of client.accounts.list()) visible.push(account.id);

  assert.deepEqual(visible, [sandbox.id]);
  await assert.rejects(client.accounts.get(live.id), { code: 'account_not_found' });
  await assert.rejects(client.sendMessage('ana@example.com', { text: 'hi', account_id: live.id }), { code: 'account_not_found' });
  assert.equal((await client.sendMessage('+12025550177', 'hi')).account_id, sandbox.id);
});

test('what went through a live account is not there for a test key', async () => {
  const own = await world.tenant();
  const live = await own.hermod.accounts.create({
    connector: 'email', name: 'Mail', address: 'shop@example.com', credentials: { url: 'smtp://127.0.0.1:1' },
  });
  await own.hermod.accounts.pause(live.id);
  const sandbox = await own.sandbox(instantly);
  const mail = await own.hermod.sendMessage('ana@example.com', { text: 'private', account_id: live.id });
  const text = await own.hermod.sendMessage('+12025550178', { text: 'a try', account_id: sandbox.id });
  // What still moves would move between the pages, too.
  const log = own.log();
  await log.untilStatus(text.id, 'read');
  await log.until((event) => event.type === 'message.updated' && event.data.message.id === mail.id, 'why the mail waits');
  const inApp = await own.hermod.conversations.create({ kind: 'group', title: 'Team' });
  const test = await own.clientWith(['admin'], 'test');

  for (const client of [own.hermod, test]) {
    const sees = client === test ? [sandbox.id] : [live.id, sandbox.id];
    const listed: string[] = [];
    for await (const conversation of client.conversations.list({ limit: 1 })) listed.push(conversation.id);
    assert.equal(listed.includes(mail.conversation_id), client === own.hermod);
    assert.ok(listed.includes(text.conversation_id) && listed.includes(inApp.id));
    const logged: string[] = [];
    for await (const message of client.messages.list({ limit: 1 })) logged.push(message.id);
    assert.equal(logged.includes(mail.id), client === own.hermod);
    assert.ok(logged.includes(text.id));
    const { data: events } = await client.events.page({ after: 'start', limit: 200 });
    const accounts = events.flatMap(({ type, data }) => (type === 'account.state' ? [(data as { account: { id: string } }).account.id] : []));
    assert.deepEqual(new Set(accounts), new Set(sees));
    assert.equal(JSON.stringify(events).includes(mail.id), client === own.hermod);
    const changed: string[] = [];
    for (let page = await client.sync({ limit: 1 }); ; page = await client.sync({ limit: 1, after: page.cursor })) {
      changed.push(...page.conversations.map(({ id }) => id));
      if (!page.has_more) break;
    }
    assert.equal(changed.includes(mail.conversation_id), client === own.hermod);
    assert.ok(changed.includes(text.conversation_id) && changed.includes(inApp.id));
    assert.ok(JSON.stringify(events).includes(text.id) && JSON.stringify(events).includes(inApp.id));
  }

  await assert.rejects(test.conversations.get(mail.conversation_id), { code: 'conversation_not_found' });
  await assert.rejects(test.conversations.messages.list(mail.conversation_id).page(), { code: 'conversation_not_found' });
  await assert.rejects(test.messages.get(mail.id), { code: 'message_not_found' });
  await assert.rejects(test.messages.attempts(mail.id).page(), { code: 'message_not_found' });
  await assert.rejects(test.conversations.delete(mail.conversation_id), { code: 'conversation_not_found' });
  assert.equal((await test.messages.get(text.id)).id, text.id);
  assert.equal((await own.hermod.conversations.get(mail.conversation_id)).id, mail.conversation_id);
});

test('an access by key needs no workspace name and refuses another', async () => {
  const other = await world.tenant();

  const own = await tenant.raw('GET', '/api/v1/people', { headers: { 'hermod-workspace': tenant.id } });
  const foreign = await tenant.raw('GET', '/api/v1/people', { headers: { 'hermod-workspace': other.id } });
  const nonsense = await tenant.raw('GET', '/api/v1/people', { headers: { 'hermod-workspace': 'x' } });

  assert.equal(own.status, 200);
  assert.equal(foreign.status, 404);
  assert.equal(foreign.body.code, 'workspace_not_found');
  assert.equal(nonsense.status, 404);
});

/** Asks until the answer fits; what is written beside the request may come a moment after it. */
async function until<T>(ask: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; ++tries) {
    const value = await ask();
    if (fits(value) || tries === 200) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
