import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { password, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
});
after(() => world?.stop());

const registration = (email: string) => ({ email, password, name: 'Ana', workspace_name: 'Shop' });

test('registering makes a login, a workspace and its owner, and signs in', async () => {
  const session = await world.client({}).auth.register(registration('ana@shop.example'));

  assert.equal(session.token_type, 'Bearer');
  assert.equal(session.login.email, 'ana@shop.example');
  assert.match(session.login.id, /^lgn_/);
  assert.equal(session.workspaces.length, 1);
  assert.equal(session.workspaces[0]?.role, 'owner');
  assert.equal(session.workspaces[0]?.name, 'Shop');
  assert.ok(session.expires_in > 0 && session.expires_in <= 3600);
  const owner = await world.client({ accessToken: session.access_token }).people.get(session.workspaces[0]?.person_id ?? '');
  assert.equal(owner.kind, 'member');
  assert.equal(owner.role, 'owner');
  assert.equal(owner.name, 'Ana');
});

test('an e-mail address registers once, whatever its case', async () => {
  const client = world.client({});
  await client.auth.register(registration('once@shop.example'));

  await assert.rejects(client.auth.register(registration('once@shop.example')), { code: 'email_taken', status: 409 });
  await assert.rejects(client.auth.register(registration('ONCE@Shop.Example')), { code: 'email_taken' });
});

test('two registrations of one address at once make one login', async () => {
  const tries = await Promise.allSettled(Array.from({ length: 4 }, () => world.client({}).auth.register(registration('race@shop.example'))));

  assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const one of tries) if (one.status === 'rejected') assert.equal(one.reason.code, 'email_taken');
});

for (const [field, body] of [
  ['email', { ...registration('not an address') }],
  ['password', { ...registration('short@shop.example'), password: 'short' }],
  ['name', { ...registration('noname@shop.example'), name: '' }],
  ['workspace_name', { ...registration('nows@shop.example'), workspace_name: '' }],
] as const)
  test(`registering with a bad ${field} names the field and makes nothing`, async () => {
    const answer = await world.raw('POST', '/api/v1/auth/register', { json: body });

    assert.equal(answer.status, 422);
    assert.ok(answer.body.errors.some((error: { field: string }) => error.field === field), answer.text);
    await assert.rejects(world.client({}).auth.login({ email: body.email, password: body.password }), { status: 401 });
  });

test('logging in answers with the same login and workspaces', async () => {
  const session = await world.client({}).auth.login({ email: tenant.email, password });

  assert.equal(session.login.id, tenant.session.login.id);
  assert.deepEqual(session.workspaces, tenant.session.workspaces);
  assert.notEqual(session.refresh_token, tenant.session.refresh_token);
});

test('a wrong password and an unknown address answer alike', async () => {
  const client = world.client({});

  await assert.rejects(client.auth.login({ email: tenant.email, password: 'wrong horse battery' }), { code: 'invalid_credentials', status: 401 });
  await assert.rejects(client.auth.login({ email: 'nobody@shop.example', password }), { code: 'invalid_credentials', status: 401 });
});

test('an access token reaches the workspace without its name, as it is the only one', async () => {
  const me = await world.client({ accessToken: tenant.session.access_token }).workspaces.get(tenant.id);

  assert.equal(me.id, tenant.id);
});

test('a session is not let in by a damaged, foreign or missing token', async () => {
  const token = tenant.session.access_token;
  const [head = '', body = '', signature = ''] = token.split('.');
  const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${body}.`;
  const otherBody = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), exp: 9_999_999_999 })).toString('base64url');

  for (const bad of [undefined, '', 'x', `${head}.${body}.${signature.slice(0, -4)}AAAA`, unsigned, `${head}.${otherBody}.${signature}`,
    'hk_live_0123456789', tenant.session.refresh_token, 'x'.repeat(5000)]) {
    const answer = await world.raw('GET', '/api/v1/people', { token: bad });
    assert.equal(answer.status, 401, `${bad}`);
    assert.equal(answer.body.code, 'unauthenticated');
  }
});

test('other ways to hand in credentials: X-API-Key is one, Basic is not', async () => {
  const byHeader = await world.raw('GET', '/api/v1/people', { headers: { 'x-api-key': tenant.key } });
  const basic = await world.raw('GET', '/api/v1/people', { headers: { authorization: `Basic ${btoa(`x:${tenant.key}`)}` } });
  const lowerCase = await world.raw('GET', '/api/v1/people', { headers: { authorization: `bearer ${tenant.key}` } });

  assert.equal(byHeader.status, 200);
  assert.equal(basic.status, 401);
  assert.equal(lowerCase.status, 200);
});

test('an access token ends, and the refresh token gives the next one', async () => {
  const session = await world.client({}).auth.register(registration('refresh@shop.example'));
  await world.advance((session.expires_in + 1) * 1000);
  const old = world.client({ accessToken: session.access_token });
  await assert.rejects(old.people.list().page(), { status: 401 });

  const next = await world.client({}).auth.refresh({ refresh_token: session.refresh_token });

  assert.equal(next.login.id, session.login.id);
  assert.equal((await world.client({ accessToken: next.access_token }).people.list().page()).data.length, 1);
});

test('a refresh token is good once', async () => {
  const session = await world.client({}).auth.register(registration('twice@shop.example'));
  await world.client({}).auth.refresh({ refresh_token: session.refresh_token });
  await world.advance(61_000);

  await assert.rejects(world.client({}).auth.refresh({ refresh_token: session.refresh_token }), { status: 401 });
});

test('after logging out neither token is good', async () => {
  const session = await world.client({}).auth.register(registration('out@shop.example'));
  const client = world.client({ accessToken: session.access_token });
  await client.people.list().page();

  await client.auth.logout();

  await assert.rejects(client.people.list().page(), { status: 401 });
  await assert.rejects(world.client({}).auth.refresh({ refresh_token: session.refresh_token }), { status: 401 });
});

test('me tells a session its login and workspaces, and a key its scopes', async () => {
  const byKey = await tenant.hermod.auth.me();
  const session = await world.client({}).auth.login({ email: tenant.email, password });
  const bySession = await world.client({ accessToken: session.access_token }).auth.me();

  assert.equal(byKey.kind, 'api_key');
  assert.equal(byKey.person_id, tenant.bot);
  assert.deepEqual(byKey.scopes, ['admin']);
  assert.equal(bySession.kind, 'session');
  assert.equal(bySession.login?.email, tenant.email);
  assert.equal(bySession.workspaces[0]?.id, tenant.id);
});

test('no answer shows a password, its hash or a token it was not asked for', async () => {
  for (const path of ['/api/v1/me', '/api/v1/people', '/api/v1/api_keys', '/api/v1/workspaces']) {
    const { text } = await tenant.raw('GET', path);
    assert.ok(!text.includes(password) && !/argon2/i.test(text) && !text.includes(tenant.key), path);
  }
});

test('passwords and tokens are not in the logs', () => {
  const output = world.server.output();

  for (const secret of [password, tenant.key, tenant.session.access_token, tenant.session.refresh_token])
    assert.ok(!output.includes(secret));
});
