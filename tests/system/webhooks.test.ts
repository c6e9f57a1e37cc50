import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { simpleSignature, startReceiver, verify } from '../harness/receiver.ts';
import { startWorld, type Tenant, type World } from '../harness/world.ts';

type Delivery = Awaited<ReturnType<Tenant['hermod']['deliveries']['get']>>;

let world: World;

before(async () => { world = await startWorld(); });
after(() => world?.stop());

const person = (tenant: Tenant) => tenant.hermod.people.create({ name: 'Ana' });
const people = { types: ['person.created'] };

/** The delivery once it is in one of these states. */
async function until(tenant: Tenant, webhook: string, fits: (delivery: Delivery) => boolean, what: string): Promise<Delivery> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { data } = await tenant.hermod.webhooks.deliveries(webhook).page();
    const found = data.find(fits);
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`no delivery ${what}: ${JSON.stringify(data)}`);
    await delay(20);
  }
}

test('an event is posted, signed as Standard Webhooks says, and the delivery tells of it', async () => {
  await using receiver = await startReceiver();
  const tenant = await world.tenant();
  const { secret, ...webhook } = await tenant.hermod.webhooks.create({ url: receiver.url });
  assert.match(secret ?? '', /^whsec_[A-Za-z0-9+/]{43}=$/);

  const ana = await person(tenant);
  await receiver.count(1, ({ event }) => event.type === 'person.created');

  const [delivery] = receiver.of('person.created');
  assert.ok(delivery && secret);
  verify(delivery, secret);
  assert.equal(delivery.headers['x-webhook-signature'], simpleSignature(delivery, secret));
  assert.equal(delivery.headers['content-type'], 'application/json');
  const { timestamp, ...event } = delivery.event;
  assert.equal(timestamp, event.created_at);
  const logged = (await tenant.hermod.events.page({ after: 'start' })).data.find(({ id }) => id === event.id);
  assert.deepEqual(event, logged);
  assert.equal(event.type === 'person.created' && event.data.person.id, ana.id);
  const done = await until(tenant, webhook.id, ({ event_id, state }) => event_id === event.id && state === 'delivered', 'delivered');
  assert.equal(done.id, delivery.headers['hermod-delivery']);
  assert.equal(done.attempts, 1);
  const [attempt] = (await tenant.hermod.deliveries.attempts(done.id).page()).data;
  assert.deepEqual([attempt?.n, attempt?.outcome, attempt?.status, attempt?.error], [1, 'delivered', 204, null]);
  assert.equal((await tenant.hermod.deliveries.get(done.id)).state, 'delivered');
  assert.ok((await tenant.hermod.webhooks.get(webhook.id)).last_success_at);
});

test('a webhook is listed, changed and deleted, and its secret is never shown again', async () => {
  await using receiver = await startReceiver();
  const tenant = await world.tenant();
  const { id, secret } = await tenant.hermod.webhooks.create({ url: receiver.url, description: 'ours', filter: people });

  const listed = (await tenant.hermod.webhooks.list().page()).data;
  const changed = await tenant.hermod.webhooks.update(id, { description: null, filter: null });
  const log = JSON.stringify(await tenant.log().drain());

  assert.deepEqual(listed.map((one) => [one.id, one.description, one.state]), [[id, 'ours', 'enabled']]);
  assert.deepEqual(changed.filter, { types: null, direction: null, account_ids: null });
  for (const text of [JSON.stringify(listed), JSON.stringify(changed), log]) assert.ok(!text.includes(secret?.slice(6) ?? '?'));
  await tenant.hermod.webhooks.delete(id);
  await assert.rejects(tenant.hermod.webhooks.get(id), { code: 'webhook_not_found', status: 404 });
  await assert.rejects(tenant.hermod.webhooks.deliveries(id).page(), { code: 'webhook_not_found' });
});

test('both secrets sign while they overlap, then the new one alone', async () => {
  await using receiver = await startReceiver();
  const tenant = await world.tenant();
  const first = await tenant.hermod.webhooks.create({ url: receiver.url, filter: people });
  const second = await tenant.hermod.webhooks.rotateSecret(first.id, { overlap: 600 });

  await person(tenant);
  await receiver.count(1);
  const both = receiver.received[0];
  assert.ok(both && first.secret && second.secret);
  verify(both, first.secret);
  verify(both, second.secret);
  assert.equal(both.headers['x-webhook-signature'], simpleSignature(both, second.secret));
  await world.advance(600_000);
  await person(tenant);
  await receiver.count(2);

  const late = receiver.received[1];
  assert.ok(late);
  verify(late, second.secret);
  assert.throws(() => verify(late, first.secret ?? ''), /signature/i);
});

test('a test event reaches the webhook it names, whatever the filter', async () => {
  await using receiver = await startReceiver();
  const tenant = await world.tenant();
  const webhook = await tenant.hermod.webhooks.create({ url: receiver.url, filter: people });

  const delivery = await tenant.hermod.webhooks.test(webhook.id);
  await receiver.count(1);

  const [got] = receiver.received;
  assert.ok(got && webhook.secret);
  verify(got, webhook.secret);
  assert.equal(got.event.type, 'webhook.test');
  assert.equal(got.headers['hermod-delivery'], delivery.id);
});

test('what the filter leaves out does not come', async () => {
  await using receiver = await startReceiver();
  const tenant = await world.tenant();
  const [account, other] = [await tenant.sandbox(), await tenant.sandbox()];
  await tenant.hermod.webhooks.create({ url: receiver.url, filter: { types: ['message.created'], direction: 'inbound', account_ids: [account.id] } });

  await tenant.hermod.sendMessage('+12025550161', { text: 'out', account_id: account.id });
  await tenant.hermod.sandbox.inbound({ account_id: other.id, from: '+12025550162', text: 'other' });
  await tenant.hermod.sandbox.inbound({ account_id: account.id, from: '+12025550163', text: 'ours' });
  await tenant.hermod.sandbox.inbound({ account_id: account.id, from: '+12025550163', text: 'last' });
  await receiver.count(2);

  assert.deepEqual(receiver.received.map(({ event }) => event.type === 'message.created' && event.data.message.content.text), ['ours', 'last']);
});

const kinds: [string, (response: import('node:http').ServerResponse) => void, string, number | null][] = [
  ['a 500', (response) => response.writeHead(500).end(), 'status_5xx', 500],
  ['a 404', (response) => response.writeHead(404).end('secret text of theirs'), 'status_4xx', 404],
  ['a redirect into the machine', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), 'redirect', 302],
  ['a connection reset after the request', (response) => response.socket?.resetAndDestroy(), 'reset', null],
  ['a connection closed without an answer', (response) => response.socket?.end(), 'reset', null],
  ['an answer that is not HTTP', (response) => response.socket?.end('SMTP 220 hello\r\n'), 'protocol', null],
  ['headers without end', (response) => {
    const socket = response.socket;
    socket?.write('HTTP/1.1 200 OK\r\n');
    const more = () => { while (socket?.writable && socket.write(`x-${'a'.repeat(500)}: ${'b'.repeat(500)}\r\n`)); };
    socket?.on('drain', more).on('error', () => {});
    more();
  }, 'too_large', null],
];

for (const [what, react, code, status] of kinds)
  test(`${what} is a failure of its own kind, and the next try delivers`, async () => {
    await using receiver = await startReceiver();
    const tenant = await world.tenant();
    receiver.react = (_, response) => {
      if (receiver.received.length === 1) react(response);
      else response.writeHead(200).end();
    };
    const webhook = await tenant.hermod.webhooks.create({ url: receiver.url, filter: people });

    await person(tenant);
    const failed = await until(tenant, webhook.id, ({ state }) => state === 'retrying', 'retrying');
    assert.deepEqual([failed.error?.code, failed.error?.status], [code, status], JSON.stringify(failed));
    assert.ok(!JSON.stringify(failed).includes('theirs'));
    const wait = Date.parse(failed.next_attempt_at ?? '') - Date.parse(failed.created_at);
    assert.ok(wait >= 4000 && wait <= 12_000, `${wait} ms`);
    await world.advance(8000);
    await receiver.count(2);

    assert.equal(receiver.received[0]?.headers['webhook-id'], receiver.received[1]?.headers['webhook-id']);
    assert.equal(receiver.received[0]?.body, receiver.received[1]?.body);
    verify(receiver.received[1] ?? assert.fail(), webhook.secret ?? '');
    await until(tenant, webhook.id, ({ state }) => state === 'delivered', 'delivered');
  });

test('an endless body of a 200 is cut, and the event counts as delivered', async () => {
  await using receiver = await startReceiver();
  const tenant = await world.tenant();
  receiver.react = (_, response) => {
    response.writeHead(200);
    const more = () => { while (response.writable && response.write('x'.repeat(10_000))); };
    response.on('drain', more).on('error', () => {});
    more();
  };
  const webhook = await tenant.hermod.webhooks.create({ url: receiver.url, filter: people });

  await person(tenant);

  const done = await until(tenant, webhook.id, ({ state }) => state !== 'pending', 'ended');
  assert.equal(done.state, 'delivered');
});

test('slow headers time out after 15 seconds and hold no other endpoint', async () => {
  await using slow = await startReceiver();
  await using quick = await startReceiver();
  const tenant = await world.tenant();
  slow.react = (_, response) => {
    response.socket?.write('HTTP/1.1 200 OK\r\nx-slow: ');
    const drip = setInterval(() => response.socket?.write('a'), 1000);
    response.on('close', () => clearInterval(drip));
  };
  const held = await tenant.hermod.webhooks.create({ url: slow.url, filter: people });
  await tenant.hermod.webhooks.create({ url: quick.url, filter: people });

  const began = Date.now();
  for (let i = 0; i < 20; ++i) await person(tenant);
  await quick.count(20);

  assert.ok(Date.now() - began < 10_000, 'the quick one waited for the slow one');
  const failed = await until(tenant, held.id, ({ state }) => state === 'retrying', 'timed out');
  assert.equal(failed.error?.code, 'timeout');
  const [attempt] = (await tenant.hermod.deliveries.attempts(failed.id).page()).data;
  assert.ok((attempt?.duration_ms ?? 0) >= 14_000 && (attempt?.duration_ms ?? 0) < 20_000, JSON.stringify(attempt));
  await tenant.hermod.webhooks.delete(held.id);
});

test('410 disables the webhook with an event; enabled again, a replay brings what it missed', async () => {
  await using receiver = await startReceiver();
  const tenant = await world.tenant();
  receiver.react = (_, response) => { response.writeHead(410).end(); };
  const webhook = await tenant.hermod.webhooks.create({ url: receiver.url, filter: people });
  const log = tenant.log();

  const start = log.cursor;
  await person(tenant);
  const event = await log.until(({ type }) => type === 'webhook.disabled', 'disabled');
  assert.equal(event.type === 'webhook.disabled' && event.data.webhook.disabled_reason, 'gone');
  await person(tenant);
  assert.equal((await tenant.hermod.webhooks.get(webhook.id)).state, 'disabled');
  await assert.rejects(tenant.hermod.webhooks.test(webhook.id), { code: 'webhook_disabled', status: 409 });
  receiver.react = (_, response) => { response.writeHead(200).end(); };
  await tenant.hermod.webhooks.update(webhook.id, { enabled: true });
  const made = log.events.find(({ type }) => type === 'webhook.created') ?? assert.fail();
  const replay = await tenant.hermod.webhooks.replay(webhook.id, { after: made.cursor });
  await receiver.count(3);

  assert.equal(start, 'start');
  assert.ok(replay.first_offset <= replay.last_offset);
  const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
  assert.equal(new Set(ids).size, 2);
  assert.equal(ids.filter((id) => id === ids[0]).length, 2);
});

const retryAfter: [string, () => string][] = [
  ['seconds', () => '120'],
  ['a date', () => new Date(Date.now() + clockAhead + 120_000).toUTCString()],
];
let clockAhead = 0;
for (const [what, value] of retryAfter)
  test(`429 with Retry-After as ${what} is heeded`, async () => {
    await using receiver = await startReceiver();
    const tenant = await world.tenant();
    const webhook = await tenant.hermod.webhooks.create({ url: receiver.url, filter: people });
    // How far the server's clock was moved by the tests before.
    clockAhead = Date.parse(webhook.created_at) - Date.now();
    receiver.react = (_, response) => {
      if (receiver.received.length === 1) response.writeHead(429, { 'retry-after': value() }).end();
      else response.writeHead(200).end();
    };

    await person(tenant);
    const failed = await until(tenant, webhook.id, ({ state }) => state === 'retrying', 'retrying');
    const wait = Date.parse(failed.next_attempt_at ?? '') - Date.parse(failed.created_at);
    assert.ok(wait > 110_000 && wait < 130_000, `${wait} ms`);
    await world.advance(60_000);
    await person(tenant);
    await delay(300);
    assert.equal(receiver.received.length, 1, 'what came later did not wait');
    await world.advance(70_000);

    await receiver.count(3);
  });

test('order is kept within a conversation while deliveries fail', async () => {
  await using receiver = await startReceiver();
  const tenant = await world.tenant();
  let failures = 0;
  receiver.react = (_, response) => {
    const fails = receiver.received.length % 4 === 3 && ++failures < 4;
    response.writeHead(fails ? 503 : 200).end();
  };
  await tenant.hermod.webhooks.create({ url: receiver.url, filter: { types: ['message.created'] } });
  const { id } = await tenant.hermod.conversations.create({ kind: 'group', participants: [{ person_id: tenant.bot }] });

  for (let i = 0; i < 12; ++i) await tenant.hermod.conversations.messages.create(id, { text: `${i}` });
  await world.advanceUntil(receiver.count(12 + 3), 8000, 60);

  const firstSeen = [...new Set(receiver.received.map(({ event }) => (event.type === 'message.created' ? event.data.message.seq : 0)))];
  assert.deepEqual(firstSeen, Array.from({ length: 12 }, (_, at) => at + 1));
});

test('pending retries and events of meanwhile survive kill -9, with their ids', async () => {
  await using receiver = await startReceiver();
  const own = await startWorld();
  try {
    const tenant = await own.tenant();
    receiver.react = (_, response) => { response.writeHead(503).end(); };
    const webhook = await tenant.hermod.webhooks.create({ url: receiver.url, filter: people });
    await person(tenant);
    await until(tenant, webhook.id, ({ state }) => state === 'retrying', 'retrying');
    receiver.react = () => {}; // hangs
    await person(tenant);
    await receiver.count(2);

    await own.server.kill();
    receiver.react = (_, response) => { response.writeHead(200).end(); };
    await own.server.start();
    await own.advanceUntil(receiver.count(4), 3000, 40);

    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    assert.equal(new Set(ids).size, 2);
    for (const delivery of receiver.received) verify(delivery, webhook.secret ?? '');
    const { data } = await tenant.hermod.webhooks.deliveries(webhook.id).page();
    assert.equal(data.length, 2);
  } finally {
    await own.stop();
  }
});

test('a dead delivery is listed, explained, and retried alone or by filter', async () => {
  await using receiver = await startReceiver();
  const tenant = await world.tenant();
  receiver.react = (_, response) => { response.writeHead(500).end(); };
  const webhook = await tenant.hermod.webhooks.create({ url: receiver.url, filter: people });
  await person(tenant);
  let serverTime = Date.parse(webhook.created_at);
  const tried = (n: number) => until(tenant, webhook.id, ({ attempts }) => attempts === n, `tried ${n} times`);
  for (let n = 1; n < 10; ++n) {
    const wait = Date.parse((await tried(n)).next_attempt_at ?? '') - serverTime;
    await world.advance(wait);
    serverTime += wait;
  }
  const dead = await tried(10);
  assert.equal(dead.state, 'dead');
  assert.equal(dead.next_attempt_at, null);
  assert.equal(dead.error?.code, 'status_5xx');
  assert.equal(dead.attempts, 10);
  assert.equal(dead.parked, true);
  receiver.react = (_, response) => { response.writeHead(200).end(); };

  assert.deepEqual((await tenant.hermod.webhooks.deliveries(webhook.id, { state: 'dead' }).page()).data.map(({ id }) => id), [dead.id]);
  assert.deepEqual(await tenant.hermod.deliveries.retryMany({ filter: { webhook_id: webhook.id, code: 'dns' } }), { retried: 0, has_more: false });
  assert.deepEqual(await tenant.hermod.deliveries.retryMany({ filter: {} }), { retried: 1, has_more: false });
  await until(tenant, webhook.id, ({ state }) => state === 'delivered', 'delivered');

  await assert.rejects(tenant.hermod.deliveries.retry(dead.id), { code: 'not_retriable', status: 409 });
  assert.equal((await tenant.hermod.deliveries.attempts(dead.id).page()).data.length, 11);
});

test('nobody makes a webhook for what they may not read', async () => {
  const tenant = await world.tenant();
  const narrow = await tenant.clientWith(['webhooks:write', 'people:read']);

  await assert.rejects(narrow.webhooks.create({ url: 'https://example.com/' }), { code: 'missing_scope', status: 403 });
  const { id } = await narrow.webhooks.create({ url: 'https://example.com/', filter: people });
  await assert.rejects(narrow.webhooks.update(id, { filter: null }), { code: 'missing_scope' });
});

test('a test key has webhooks of its own', async () => {
  const tenant = await world.tenant();
  const testing = await tenant.clientWith(['admin'], 'test');
  const live = await tenant.hermod.webhooks.create({ url: 'https://example.com/' });

  const own = await testing.webhooks.create({ url: 'https://example.com/' });

  assert.equal(own.test, true);
  await assert.rejects(testing.webhooks.get(live.id), { code: 'webhook_not_found' });
  assert.deepEqual((await testing.webhooks.list().page()).data.map(({ id }) => id), [own.id]);
});
