// What only the server can know to be wrong is named by its field, too.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { instantly, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;
const phone = '+12025550143';
const nobody = 'per_00000000000000000000000000';
let email: string;
let sandbox: string;
let room: string;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
  sandbox = (await tenant.sandbox(instantly)).id;
  const made = await tenant.raw('POST', '/api/v1/accounts', { token: tenant.key, json: { connector: 'email', address: 'shop@example.com',
    credentials: { url: 'smtp://127.0.0.1:1' } } });
  email = made.body.id;
  await tenant.raw('POST', '/api/v1/people', { token: tenant.key, json: { external_id: 'taken', addresses: [{ kind: 'phone', value: phone }] } });
  const conversation = await tenant.raw('POST', '/api/v1/conversations', { token: tenant.key,
    json: { kind: 'external', account_id: sandbox, to: '+12025550144' } });
  room = conversation.body.id;
  await tenant.raw('POST', '/api/v1/messages', { token: tenant.key, json: { to: phone, text: 'one', client_id: 'c1' } });
});
after(() => world?.stop());

const cases: [what: string, path: () => string, body: () => unknown, code: string, fields: string[]][] = [
  ['an unknown connector', () => '/messages', () => ({ to: phone, text: 'x', connector: 'pigeon' }), 'unknown_connector', ['connector']],
  ['an unknown account', () => '/messages', () => ({ to: phone, text: 'x', account_id: 'acc_00000000000000000000000000' }), 'account_not_found', ['account_id']],
  ['an unknown external id', () => '/messages', () => ({ to: { external_id: 'nobody' }, text: 'x' }), 'person_not_found', ['to.external_id']],
  ['an unknown person', () => '/messages', () => ({ to: { person_id: nobody }, text: 'x' }), 'person_not_found', ['to.person_id']],
  ['a reply to nothing', () => '/messages', () => ({ to: phone, text: 'x', reply_to: 'msg_00000000000000000000000000' }), 'message_not_found', ['reply_to']],
  ['a type that cannot be sent', () => '/messages', () => ({ to: phone, type: 'image', content: {} }), 'unsupported_content', ['type']],
  ['a kind of address the account does not reach', () => '/messages', () => ({ to: phone, text: 'x', account_id: email }), 'recipient_unreachable', ['to']],
  ['a person the account does not reach', () => '/messages', () => ({ to: { external_id: 'taken' }, text: 'x', account_id: email }), 'recipient_unreachable', ['to']],
  ['a client id that was used', () => '/messages', () => ({ to: phone, text: 'two', client_id: 'c1' }), 'client_id_reused', ['client_id']],
  ['an author who takes no part', () => `/conversations/${room}/messages`, () => ({ text: 'x', from: { external_id: 'taken' } }), 'participant_not_found', ['from']],
  ['an author who is nobody', () => `/conversations/${room}/messages`, () => ({ text: 'x', from: { external_id: 'nobody' } }), 'person_not_found', ['from.external_id']],
  ['a conversation on an unknown account', () => '/conversations', () => ({ kind: 'external', account_id: 'acc_00000000000000000000000000', to: phone }), 'account_not_found', ['account_id']],
  ['the one address that is taken', () => '/people', () => ({ addresses: [{ kind: 'email', value: 'new@example.com' }, { kind: 'phone', value: phone }] }), 'address_taken', ['addresses[1].value']],
  ['an external id that is taken', () => '/people', () => ({ external_id: 'taken' }), 'external_id_taken', ['external_id']],
];

for (const [what, path, body, code, fields] of cases)
  test(`${what} is named`, async () => {
    const answer = await tenant.raw('POST', `/api/v1${path()}`, { token: tenant.key, json: body() });

    assert.equal(answer.body.code, code);
    assert.deepEqual(answer.body.errors.map((error: { field: string }) => error.field), fields);
    assert.ok(answer.body.errors.every((error: { message: string }) => error.message), 'each says what is wrong');
  });

for (const [path, parameter] of [['/people', 'cursor'], ['/accounts', 'cursor'], ['/conversations', 'cursor'], ['/messages', 'cursor'], ['/jobs', 'cursor'],
  ['/events', 'after']])
  test(`a ${parameter} of ${path} that is none is named`, async () => {
    const answer = await tenant.raw('GET', `/api/v1${path}?${parameter}=nonsense`, { token: tenant.key });

    assert.equal(answer.body.code, 'invalid_cursor');
    assert.deepEqual(answer.body.errors.map((error: { field: string }) => error.field), [parameter]);
  });

test('an e-mail address that is registered is named', async () => {
  const answer = await world.raw('POST', '/api/v1/auth/register', { json: { email: tenant.email, password: 'correct horse battery', name: 'A', workspace_name: 'B' } });

  assert.equal(answer.body.code, 'email_taken');
  assert.deepEqual(answer.body.errors.map((error: { field: string }) => error.field), ['email']);
});

test('a detail is there only where it says more than the title', async () => {
  const answer = await tenant.raw('GET', '/api/v1/people/per_00000000000000000000000000', { token: tenant.key });

  assert.equal(answer.body.code, 'person_not_found');
  assert.ok(!('detail' in answer.body));
});
