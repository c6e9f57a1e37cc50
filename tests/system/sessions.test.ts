// Sessions, cookies, tickets and the tokens of app users, as a client and as a hostile stranger.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { init } from '@hermod/client';
import { engine } from '../harness/server.ts';
import { password, startWorld, type SignedIn, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;
let names = 0;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
});
after(() => world?.stop());

const register = () => world.client({}).auth.register({ email: `s${++names}@sessions.example`, password, name: 'Ana', workspace_name: 'Shop' });
const as = (session: SignedIn) => world.client({ accessToken: session.access_token });
const refresh = (refresh_token: string) => world.client({}).auth.refresh({ refresh_token });
const refused = (code: string) => (error: { code: string }) => (assert.equal(error.code, code), true);

test('a refresh asked for again at once gets the same answer: both tabs go on', async () => {
  const session = await register();

  const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(session.refresh_token)));

  assert.equal(new Set(answers.map(({ refresh_token }) => refresh_token)).size, 1);
  await refresh(answers[0]?.refresh_token ?? '');
});

test('an old refresh token used later ends the session and everything that came of it', async () => {
  const session = await register();
  const newer = await refresh(session.refresh_token);
  await world.advance(61_000);

  await assert.rejects(refresh(session.refresh_token), refused('unauthenticated'));

  await assert.rejects(refresh(newer.refresh_token), refused('unauthenticated'));
  await assert.rejects(as(newer).people.list().page(), refused('unauthenticated'));
  const again = await world.client({}).auth.login({ email: session.login.email, password });
  assert.ok((await as(again).auditLog.list().page()).data.some(({ action }) => action === 'session.reuse_detected'));
});

test('a refresh token made up from what is known of a session ends nothing', async () => {
  const session = await register();
  const [head = '', body = ''] = session.refresh_token.split('.');
  const bytes = Buffer.from(body, 'base64url');
  const changed = (at: number) => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return `${head}.${copy.toString('base64url')}`;
  };

  for (const at of [0, 15, 16, 19, 20, 51]) await assert.rejects(refresh(changed(at)), refused('unauthenticated'));

  await refresh(session.refresh_token);
});

test('one sees where one is signed in, and signs out there', async () => {
  const session = await register();
  const other = await world.client({}).auth.login({ email: session.login.email, password });

  const listed = (await as(session).auth.sessions.list().page()).data;
  assert.equal(listed.length, 2);
  const there = listed.find(({ current }) => !current);
  await as(session).auth.sessions.end(there?.id ?? '');

  await assert.rejects(as(other).people.list().page(), refused('unauthenticated'));
  await as(session).people.list().page();
});

test('a new password ends the other sessions and needs the old one', async () => {
  const session = await register();
  const other = await world.client({}).auth.login({ email: session.login.email, password });
  await assert.rejects(as(session).auth.updateMe({ password: 'another good one', old_password: 'wrong' }), refused('invalid_body'));

  const me = await as(session).auth.updateMe({ password: 'another good one', old_password: password, name: 'Ana Bell' });

  assert.equal(me.login?.name, 'Ana Bell');
  await assert.rejects(as(other).auth.me(), refused('unauthenticated'));
  await as(session).auth.me();
  await assert.rejects(world.client({}).auth.login({ email: session.login.email, password }), refused('invalid_credentials'));
  await world.client({}).auth.login({ email: session.login.email, password: 'another good one' });
});

test('a browser signs in by cookie, and another site\'s page gets nothing with it', async () => {
  const session = await register();
  const { host, origin } = new URL(world.server.url);
  const csrf = { 'hermod-csrf': '1', origin };
  const answer = await world.raw('POST', '/api/v1/auth/cookie', { json: { email: session.login.email, password }, headers: csrf });
  assert.equal(answer.status, 200, answer.text);
  const set = answer.headers.get('set-cookie') ?? '';
  assert.match(set, /HttpOnly; SameSite=Strict/);
  const cookie = set.split(';')[0] ?? '';
  const person = { json: { name: 'Bo' } };

  assert.equal((await world.raw('GET', '/api/v1/me', { headers: { cookie } })).body.login.email, session.login.email);
  assert.equal((await world.raw('POST', '/api/v1/people', { ...person, headers: { cookie, ...csrf } })).status, 201);
  for (const headers of [{}, { 'hermod-csrf': '0' }, { ...csrf, origin: 'https://evil.example' }, { ...csrf, origin: 'null' },
    { ...csrf, 'sec-fetch-site': 'cross-site' }, { ...csrf, 'sec-fetch-site': 'same-site' }, { ...csrf, origin: `http://${host}.evil.example` }]) {
    const forged = await world.raw('POST', '/api/v1/people', { ...person, headers: { cookie, ...headers } as Record<string, string> });
    assert.equal(forged.body.code, 'csrf_refused', JSON.stringify(headers));
  }
  assert.equal((await world.raw('GET', '/api/v1/me', { token: cookie.split('=')[1] })).status, 401);
  await world.raw('POST', '/api/v1/auth/logout', { headers: { cookie, ...csrf } });
  assert.equal((await world.raw('GET', '/api/v1/me', { headers: { cookie } })).status, 401);
});

test('the SDK signs a page in without ever holding a secret', async () => {
  const session = await register();
  let jar = '';
  const browser: typeof fetch = async (input, options) => {
    const headers = new Headers(options?.headers);
    if (jar) headers.set('cookie', jar);
    const response = await fetch(input, { ...options, headers });
    jar = response.headers.get('set-cookie')?.split(';')[0] ?? jar;
    return response;
  };
  const page = init({ baseUrl: world.server.url, fetch: browser, cookie: true });

  const signedIn = await page.auth.loginBrowser({ email: session.login.email, password });

  assert.equal(signedIn.login.id, session.login.id);
  assert.ok(!JSON.stringify(signedIn).includes(jar.split('=')[1] ?? '?'));
  assert.equal((await page.people.create({ name: 'Cy' })).name, 'Cy');
  await page.auth.logout();
  await assert.rejects(page.auth.me(), refused('unauthenticated'));
});

test('a stream ticket opens one stream, once, within 30 seconds', async () => {
  const { ticket } = await tenant.hermod.auth.streamTicket();
  const open = (text: string) => world.raw('GET', `/api/v1/events?after=start&ticket=${text}`);

  const first = await open(ticket);
  const second = await open(ticket);

  assert.equal(first.status, 200, first.text);
  assert.ok(first.body.data.length > 0);
  assert.equal(second.status, 204);
  assert.equal((await open('hst_made_up')).status, 401);
  const late = (await tenant.hermod.auth.streamTicket()).ticket;
  assert.equal((await world.raw('GET', `/api/v1/people?ticket=${late}`)).status, 401);
  await world.advance(31_000);
  assert.equal((await open(late)).status, 401);
});

test('an app user sees and does what is their own, until they are deleted', async () => {
  const { hermod } = tenant;
  const ana = await hermod.people.create({ external_id: `ana-${++names}`, name: 'Ana' });
  const bo = await hermod.people.create({ external_id: `bo-${names}`, name: 'Bo' });
  const own = await hermod.conversations.create({ kind: 'direct', participants: [{ person_id: ana.id }, { person_id: bo.id }] });
  const other = await hermod.conversations.create({ kind: 'group', participants: [{ person_id: bo.id }] });
  const { token } = await hermod.people.createToken(ana.id);
  const app = world.client({ accessToken: token ?? '' });

  const sent = await app.conversations.messages.create(own.id, { text: 'hello' });
  assert.equal(sent.from.person_id, ana.id);
  assert.equal((await app.auth.me()).kind, 'person');
  await assert.rejects(app.conversations.get(other.id), refused('conversation_not_found'));
  await assert.rejects(app.conversations.messages.create(other.id, { text: 'x' }), refused('conversation_not_found'));
  await assert.rejects(app.conversations.messages.create(own.id, { text: 'x', from: { person_id: bo.id } }), refused('missing_scope'));
  await assert.rejects(app.people.list().page(), refused('forbidden'));
  await assert.rejects(app.sendMessage('+12025550100', 'free'), refused('missing_scope'));
  await assert.rejects(app.conversations.create({ kind: 'external', account_id: (await tenant.sandbox()).id, to: '+12025550100' }), refused('forbidden'));
  const log = await app.events.page({ after: 'start' });
  assert.ok(log.data.length > 0);
  for (const event of log.data)
    assert.ok(event.conversation_id === own.id || JSON.stringify(event.data).includes(ana.id), `${event.type} is not Ana's`);

  await hermod.people.delete(ana.id);
  const deadline = Date.now() + 1000;
  let status = 200;
  while (status === 200 && Date.now() < deadline) status = (await world.raw('GET', '/api/v1/me', { token: token ?? '' })).status;
  assert.equal(status, 401, 'within a second');
});

test('a publishable key sends to its recipients from its pages, so often a day, and nothing else', async () => {
  const account = await tenant.sandbox();
  const made = await tenant.hermod.apiKeys.create({ name: 'Form', scopes: ['messages:send'],
    publishable: { allowed_origins: ['https://shop.example'], recipients: ['+12025550123'], daily_cap: 2 } });
  const send = (to: string, headers: Record<string, string> = { origin: 'https://shop.example' }) =>
    world.raw('POST', '/api/v1/messages', { token: made.key ?? '', json: { to, text: 'hello', account_id: account.id }, headers });

  assert.match(made.key ?? '', /^hp_live_/);
  assert.equal((await send('+12025550123', {})).body.code, 'origin_refused');
  assert.equal((await send('+12025550123', { origin: 'https://evil.example' })).body.code, 'origin_refused');
  assert.equal((await send('+12025550124')).body.code, 'forbidden');
  assert.equal((await send('+12025550123')).status, 202);
  assert.equal((await send('+12025550123')).status, 202);
  const capped = await send('+12025550123');
  assert.equal(capped.body.code, 'rate_limited');
  assert.ok(Number(capped.headers.get('retry-after')) > 0);
  assert.equal((await world.raw('GET', '/api/v1/messages', { token: made.key ?? '', headers: { origin: 'https://shop.example' } })).body.code, 'forbidden');
});

test('a browser lets a page use its publishable key without the operator doing anything', async () => {
  const account = await tenant.sandbox();
  const made = await tenant.hermod.apiKeys.create({ name: 'Form', scopes: ['messages:send'],
    publishable: { allowed_origins: ['https://shop.example'], recipients: ['+12025550125'], daily_cap: 5 } });
  const ask = (path: string, origin: string) => fetch(world.server.url + path, { method: 'OPTIONS', headers: { origin,
    'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' } });
  const allowed = (answer: { headers: Headers }) => [...answer.headers].filter(([name]) => name.startsWith('access-control-allow-')).map(([name, value]) => `${name}: ${value}`);

  const asked = await ask('/api/v1/messages', 'https://shop.example');
  assert.ok(allowed(asked).includes('access-control-allow-origin: *'), allowed(asked).join());
  assert.ok(allowed(asked).some((line) => /allow-headers:.*authorization/i.test(line)));
  const send = (origin: string) => world.raw('POST', '/api/v1/messages', { token: made.key ?? '', headers: { origin },
    json: { to: '+12025550125', text: 'hello', account_id: account.id } });
  const sent = await send('https://shop.example');
  assert.equal(sent.status, 202);
  assert.deepEqual(allowed(sent), ['access-control-allow-origin: *']);
  const refusal = await send('https://evil.example');
  assert.equal(refusal.body.code, 'origin_refused');
  for (const path of ['/api/v1/people', '/api/v1/auth/cookie', '/api/v1/auth/login'])
    assert.deepEqual(allowed(await ask(path, 'https://shop.example')), [], path);
});

test('a rotated key overlaps for as long as was chosen', async () => {
  const made = await tenant.hermod.apiKeys.create({ name: 'k', scopes: ['people:read'] });
  const rotated = await tenant.hermod.apiKeys.rotate(made.id, { overlap: 120 });
  const status = async (key: string | null) => (await world.raw('GET', '/api/v1/people', { token: key ?? '' })).status;

  assert.equal(await status(made.key), 200);
  assert.equal(await status(rotated.key), 200);
  await world.advance(121_000);
  assert.equal(await status(made.key), 401);
  assert.equal(await status(rotated.key), 200);
});

test('who is let go while waiting for events gets none of what comes after', async () => {
  const session = await register();
  const workspace = session.workspaces[0]?.id ?? '';
  const other = await world.client({}).auth.login({ email: session.login.email, password });
  const waiting = world.raw('GET', '/api/v1/events?wait=5', { token: other.access_token });
  await new Promise((resolve) => setTimeout(resolve, 200));

  await as(other).auth.logout();
  await as(session).people.create({ name: 'Secret' });

  const answer = await waiting;
  assert.deepEqual(answer.body.data, [], answer.text);
  assert.ok(workspace);
});

test('what ends on one node ends on every node within a second', { skip: engine !== 'postgres' && 'several nodes share a PostgreSQL' }, async () => {
  const { HERMOD_DATABASE_URL, HERMOD_DATABASE_MIGRATE_URL, HERMOD_MASTER_KEY } = world.server.env;
  const node = await startWorld({ env: { HERMOD_DATABASE_URL, HERMOD_DATABASE_MIGRATE_URL, HERMOD_MASTER_KEY } });
  try {
    const session = await register();
    const key = await as(session).apiKeys.create({ name: 'k', scopes: ['people:write'] });
    const ana = await as(session).people.create({ external_id: `node-${++names}` });
    const token = await as(session).people.createToken(ana.id);
    const there = (credentials: string) => node.raw('GET', '/api/v1/me', { token: credentials });
    const ends = async (credentials: string, end: () => Promise<unknown>) => {
      assert.equal((await there(credentials)).status, 200, 'known there');
      await end();
      const deadline = Date.now() + 1000;
      while ((await there(credentials)).status === 200) assert.ok(Date.now() < deadline, 'it is still good after a second');
    };

    await ends(key.key ?? '', () => as(session).apiKeys.delete(key.id));
    await ends(token.token ?? '', () => as(session).people.delete(ana.id));
    await ends(session.access_token, () => as(session).auth.logout());
  } finally {
    await node.stop();
  }
});

test('the last owner stays, and what administrators did is in the audit log', async () => {
  const { hermod, id, session } = tenant;
  const owner = session.workspaces[0]?.person_id ?? '';
  await assert.rejects(tenant.owner.workspaces.updateMember(id, owner, { role: 'viewer' }), refused('last_owner'));
  await assert.rejects(tenant.owner.workspaces.removeMember(id, owner), refused('last_owner'));
  await assert.rejects(hermod.workspaces.updateMember(id, owner, { role: 'viewer' }), refused('forbidden'));
  const account = await tenant.sandbox();

  const entries = (await hermod.auditLog.list({ target: account.id }).page()).data;

  assert.deepEqual(entries.map(({ action }) => action), ['account.created']);
  assert.equal(entries[0]?.actor.kind, 'api_key');
  assert.equal(entries[0]?.actor.person_id, tenant.bot);
  const everything = JSON.stringify((await hermod.auditLog.list({ limit: 200 }).page()).data);
  for (const secret of [password, tenant.key, session.access_token, session.refresh_token]) assert.ok(!everything.includes(secret));
});
