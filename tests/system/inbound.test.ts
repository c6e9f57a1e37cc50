import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Account } from '@hermod/client';
import { freshNumber, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;
let account: Account;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
  account = await tenant.sandbox();
});
after(() => world?.stop());

test('a message that comes in makes its person, its conversation and its event', async () => {
  const from = freshNumber();
  const log = tenant.log();
  await log.drain();

  const message = await tenant.hermod.sandbox.inbound({ account_id: account.id, from, text: 'hello?', name: 'Ana' });

  assert.equal(message.direction, 'inbound');
  assert.equal(message.from.address, from);
  assert.equal(message.from.name, 'Ana');
  assert.deepEqual(message.content, { text: 'hello?' });
  assert.equal(message.seq, 1);
  const events = (await log.drain()).filter(({ type }) => type === 'message.created');
  assert.deepEqual(events.map(({ data }) => data), [{ message: await tenant.hermod.messages.get(message.id) }]);
  const person = await tenant.hermod.people.get(message.from.person_id);
  assert.equal(person.kind, 'contact');
  assert.equal(person.addresses[0]?.value, from);
});

test('the same provider_id twice is one message', async () => {
  const body = { account_id: account.id, from: freshNumber(), text: 'once', provider_id: 'wamid.1' };
  const log = tenant.log();
  await log.drain();

  const first = await tenant.hermod.sandbox.inbound(body);
  const again = await tenant.hermod.sandbox.inbound(body);
  const race = await Promise.all(Array.from({ length: 6 }, () => tenant.hermod.sandbox.inbound({ ...body, provider_id: 'wamid.2' })));

  assert.equal(again.id, first.id);
  assert.equal(new Set(race.map(({ id }) => id)).size, 1);
  assert.equal((await log.drain()).filter(({ type }) => type === 'message.created').length, 2);
});

test('a provider_id belongs to its account', async () => {
  const second = await tenant.sandbox();
  const body = { from: freshNumber(), text: 'x', provider_id: 'shared' };

  const one = await tenant.hermod.sandbox.inbound({ ...body, account_id: account.id });
  const two = await tenant.hermod.sandbox.inbound({ ...body, account_id: second.id });

  assert.notEqual(one.id, two.id);
  assert.notEqual(one.conversation_id, two.conversation_id);
  assert.equal(one.from.person_id, two.from.person_id);
});

test('an answer to what was sent comes into the same conversation', async () => {
  const number = freshNumber();
  const sent = await tenant.hermod.sendMessage(number, { text: 'question', account_id: account.id });

  const answer = await tenant.hermod.sandbox.inbound({ account_id: account.id, from: number, text: 'answer' });

  assert.equal(answer.conversation_id, sent.conversation_id);
  assert.equal(answer.seq, 2);
});

test('other content than text comes with its type', async () => {
  const content = { latitude: 52.5, longitude: 13.4 };

  const message = await tenant.hermod.sandbox.inbound({ account_id: account.id, from: freshNumber(), type: 'location', content });

  assert.equal(message.type, 'location');
  assert.equal((message.content as typeof content).latitude, 52.5);
});

test('what cannot come in is refused', async () => {
  const from = freshNumber();
  for (const [json, status] of [
    [{ from, text: 'x' }, 422],
    [{ account_id: account.id, text: 'x' }, 422],
    [{ account_id: account.id, from }, 422],
    [{ account_id: account.id, from: '', text: 'x' }, 422],
    [{ account_id: account.id, from, text: 'x', type: 'smell' }, 422],
    [{ account_id: 'acc_00000000000000000000000000', from, text: 'x' }, 404],
    [{ account_id: 'x', from, text: 'x' }, 422],
  ] as const) {
    const answer = await tenant.raw('POST', '/api/v1/sandbox/inbound', { json });
    assert.equal(answer.status, status, `${JSON.stringify(json)} ${answer.text}`);
  }
});

test("another workspace's account, or one that is no sandbox, takes nothing", async () => {
  const other = await world.tenant();
  const theirs = await other.sandbox();
  const mail = await tenant.hermod.accounts.create({ connector: 'email', name: 'Mail', address: 'in@example.com', credentials: { url: 'smtp://127.0.0.1:1' } });

  await assert.rejects(tenant.hermod.sandbox.inbound({ account_id: theirs.id, from: freshNumber(), text: 'x' }), { code: 'account_not_found' });
  await assert.rejects(tenant.hermod.sandbox.inbound({ account_id: mail.id, from: freshNumber(), text: 'x' }), { status: 404 });
});
