import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { password, startWorld, type Tenant, type World } from '../harness/world.ts';

const perKey = 40;
const perSignIn = 12;

let world: World;
let tenant: Tenant;

before(async () => {
  world = await startWorld({ env: {
    HERMOD_NET_RATE_LIMIT_PER_KEY: String(perKey),
    HERMOD_NET_RATE_LIMIT_PER_ADDRESS: '60',
    HERMOD_NET_RATE_LIMIT_SIGN_IN_PER_ADDRESS: String(perSignIn),
  } });
  tenant = await world.tenant();
});
after(() => world?.stop());

const number = (value: string | null) => {
  assert.match(value ?? '', /^\d+$/);
  return Number(value);
};

test('an authenticated answer tells the limit, what is left and when it is whole again', async () => {
  const first = await tenant.raw('GET', '/api/v1/people');
  const second = await tenant.raw('GET', '/api/v1/people');

  assert.equal(number(first.headers.get('ratelimit-limit')), perKey);
  const left = number(first.headers.get('ratelimit-remaining'));
  assert.ok(left < perKey);
  assert.ok(number(second.headers.get('ratelimit-remaining')) <= left);
  assert.ok(number(second.headers.get('ratelimit-reset')) <= 60);
});

test('above the limit of a key requests are refused until time has passed, and others go on', async () => {
  const other = await world.tenant();
  let refused = await tenant.raw('GET', '/api/v1/people');
  for (let tries = 0; tries < perKey + 5 && refused.status === 200; ++tries) refused = await tenant.raw('GET', '/api/v1/people');

  assert.equal(refused.status, 429);
  assert.equal(refused.body.code, 'rate_limited');
  assert.ok(number(refused.headers.get('retry-after')) >= 1);
  assert.equal((await other.raw('GET', '/api/v1/people')).status, 200);

  await world.advance(60_000);
  assert.equal((await tenant.raw('GET', '/api/v1/people')).status, 200);
});

test('what is refused is not done', async () => {
  await world.advance(60_000);
  let refused = 0;
  let made = 0;
  for (let at = 0; at < perKey + 5; ++at) {
    const { status } = await tenant.raw('POST', '/api/v1/people', { json: { name: `P${at}` } });
    if (status === 429) ++refused;
    else ++made;
  }
  await world.advance(60_000);

  const contacts = (await tenant.raw('GET', '/api/v1/people?kind=contact&limit=200')).body.data.length;
  assert.ok(refused > 0);
  assert.equal(contacts, made);
});

test('guessing passwords is slowed down', async () => {
  await world.advance(60_000);
  const statuses: number[] = [];
  for (let at = 0; at < perSignIn + 3; ++at)
    statuses.push((await world.raw('POST', '/api/v1/auth/login', { json: { email: tenant.email, password: 'wrong horse battery' } })).status);

  assert.equal(statuses[0], 401);
  assert.equal(statuses.at(-1), 429);
  await world.advance(3_600_000);
  assert.equal((await world.client({}).auth.login({ email: tenant.email, password })).login.email, tenant.email);
});

test('a list of stolen passwords is tried no faster than a few a minute, whoever they are of', async () => {
  await world.advance(3_600_000);
  const tries = await Promise.all(Array.from({ length: 4 * perSignIn }, (_, at) =>
    world.raw('POST', '/api/v1/auth/login', { json: { email: `someone${at}@example.com`, password: 'hunter2hunter2' } })));

  const looked = tries.filter(({ status }) => status === 401).length;
  assert.ok(looked <= perSignIn + 1, `${looked} were looked at`);
  assert.deepEqual(new Set(tries.map(({ body }) => body.code)), new Set(['invalid_credentials', 'rate_limited']));
  await world.advance(60_000);
  assert.equal((await world.client({}).auth.login({ email: tenant.email, password })).login.email, tenant.email);
});

test('who is not signed in may not send much', async () => {
  await world.advance(3_600_000);
  for (const path of ['login', 'register', 'refresh', 'cookie'])
    assert.equal((await world.raw('POST', `/api/v1/auth/${path}`, { json: { email: 'x'.repeat(17_000) } })).body.code, 'body_too_large', path);
});

// The last one: its address is above its limit from here on.
test('an address without credentials is limited too, and whoever shares it goes on', async () => {
  await world.advance(3_600_000);
  const fresh = await tenant.hermod.apiKeys.create({ name: 'never used before', scopes: ['people:read'] });
  const made_up = (at: number) => world.raw('GET', '/api/v1/people', { token: `hk_live_${at}`.padEnd(51, 'x') });
  let answer = await made_up(0);
  for (let tries = 1; tries < 200 && answer.status === 401; ++tries) answer = await made_up(tries);

  assert.equal(answer.status, 429);
  assert.equal((await tenant.raw('GET', '/api/v1/people')).status, 200, 'a known key');
  assert.equal((await world.raw('GET', '/api/v1/people', { token: fresh.key ?? '' })).status, 200, 'a new one');
});
