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

test('an address without credentials is limited too', async () => {
  await world.advance(3_600_000);
  let answer = await world.raw('GET', '/api/v1/people');
  for (let tries = 0; tries < 70 && answer.status === 401; ++tries) answer = await world.raw('GET', '/api/v1/people');

  assert.equal(answer.status, 429);
});
