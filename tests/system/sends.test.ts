import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Account } from '@hermod/client';
import { accept, startNetwork } from '../harness/sandbox-network.ts';
import { freshNumber, instantly, startWorld, waitForAccount, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;
let account: Account;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
  account = await tenant.sandbox();
});
after(() => world?.stop());

const send = (to: string, text = 'hello') => tenant.hermod.sendMessage(to, { text, account_id: account.id });

test('a message to a number is queued, sent, delivered and read', async () => {
  const to = freshNumber();
  const log = tenant.log();
  await log.drain();

  const message = await send(to, 'Your code is 4711');
  await log.untilStatus(message.id, 'read');

  assert.equal(message.status, 'queued');
  assert.equal(message.direction, 'outbound');
  assert.equal(message.account_id, account.id);
  assert.equal(message.to?.[0]?.address, to);
  assert.deepEqual(message.content, { text: 'Your code is 4711' });
  assert.deepEqual(log.statusesOf(message.id), ['queued', 'sending', 'sent', 'delivered', 'read']);
  const read = await tenant.hermod.messages.get(message.id);
  assert.equal(read.status, 'read');
  assert.ok(read.provider_id);
  assert.equal(read.error, null);
});

test('each status event tells the one before it', async () => {
  const log = tenant.log();
  await log.drain();
  const message = await send(freshNumber());
  await log.untilStatus(message.id, 'read');

  const previous = log.events.flatMap((event) =>
    event.type === 'message.status' && event.data.message.id === message.id ? [event.data.previous_status] : []);

  assert.deepEqual(previous, ['queued', 'sending', 'sent', 'delivered']);
});

test('the person and the conversation are found again, or made', async () => {
  const to = freshNumber();

  const first = await send(to);
  const second = await send(to);
  const elsewhere = await send(freshNumber());

  assert.equal(second.conversation_id, first.conversation_id);
  assert.equal(second.seq, first.seq + 1);
  assert.equal(second.to?.[0]?.person_id, first.to?.[0]?.person_id);
  assert.notEqual(elsewhere.conversation_id, first.conversation_id);
  const conversation = await tenant.hermod.conversations.get(first.conversation_id);
  assert.equal(conversation.kind, 'external');
  assert.equal(conversation.account_id, account.id);
});

test('sends at once to one new number make one person and one conversation', async () => {
  const to = freshNumber();

  const all = await Promise.all(Array.from({ length: 8 }, (_, at) => send(to, `m${at}`)));

  assert.equal(new Set(all.map(({ conversation_id }) => conversation_id)).size, 1);
  assert.deepEqual(all.map(({ seq }) => seq).sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a recipient may be named by any kind', async () => {
  const phone = freshNumber();
  const person = await tenant.hermod.people.create({ external_id: 'kinds', addresses: [{ kind: 'phone', value: phone }] });
  const by = (to: Parameters<typeof tenant.hermod.sendMessage>[0]) => tenant.hermod.sendMessage(to, { text: 'x', account_id: account.id });

  for (const to of [phone, { phone }, { person_id: person.id }, { external_id: 'kinds' }] as const)
    assert.equal((await by(to)).to?.[0]?.person_id, person.id, JSON.stringify(to));
});

test('a recipient that cannot be reached is refused before anything is made', async () => {
  const nowhere = await tenant.hermod.people.create({ name: 'No address' });
  const by = (to: unknown) => tenant.raw('POST', '/api/v1/messages', { json: { to, text: 'x', account_id: account.id } });

  for (const [to, status] of [['not a number', 422], ['', 422], [{ phone: '123' }, 422], [{}, 422], [{ phone: '+12025550100', email: 'a@example.com' }, 422],
    [{ person_id: nowhere.id }, 422], [{ external_id: 'nobody' }, 404], [7, 422], [null, 422], [[], 422]] as const) {
    const answer = await by(to);
    assert.equal(answer.status, status, `${JSON.stringify(to)} ${answer.text}`);
  }
});

// What the sandbox does with a number, and what Hermod makes of it.
const magic = [
  { number: '+15005550003', code: 'recipient', retryable: false },
  { number: '+15005550004', code: 'content', retryable: false },
];
for (const { number, code, retryable } of magic)
  test(`${number} fails with ${code}, after one try`, async () => {
    const log = tenant.log();
    await log.drain();

    const message = await send(number);
    const { data } = await log.untilStatus(message.id, 'failed');

    assert.equal(data.message.error?.code, code);
    assert.equal(data.message.error?.retryable, retryable);
    assert.ok(data.message.error?.reason);
    const attempts = await tenant.hermod.messages.attempts(message.id).page();
    assert.equal(attempts.data.length, 1);
    assert.equal(attempts.data[0]?.error?.code, code);
    assert.equal((await tenant.hermod.messages.get(message.id)).status, 'failed');
  });

test('+15005550001 is tried again with growing waits and then fails as retryable', async () => {
  const own = await world.tenant();
  const sandbox = await own.sandbox();
  const log = own.log();
  await log.drain();

  const message = await own.hermod.sendMessage('+15005550001', { text: 'x', account_id: sandbox.id });
  await log.untilStatus(message.id, 'sending');
  const { data } = await world.advanceUntil(log.untilStatus(message.id, 'failed'), 3_600_000, 200);

  assert.equal(data.message.error?.code, 'retryable');
  const attempts = await own.hermod.messages.attempts(message.id).page();
  assert.ok(attempts.data.length >= 3, `${attempts.data.length} attempts`);
  assert.deepEqual(attempts.data.map(({ n }) => n), attempts.data.map((_, at) => at + 1));
  for (const one of attempts.data) assert.equal(one.error?.code, 'retryable');
  const waits = attempts.data.slice(1).map((one, at) => Date.parse(one.started_at) - Date.parse(attempts.data[at]?.started_at ?? ''));
  assert.ok(waits.every((wait) => wait > 0));
});

test('+15005550002 asks for less: the account waits and no attempt is consumed', async () => {
  const own = await world.tenant();
  const sandbox = await own.sandbox();
  const log = own.log();
  await log.drain();

  const message = await own.hermod.sendMessage('+15005550002', { text: 'x', account_id: sandbox.id });
  const paced = async () => {
    for (let tries = 0; tries < 200; ++tries) {
      const attempts = await own.hermod.messages.attempts(message.id).page();
      if (attempts.data.some(({ error }) => error?.code === 'pace')) return attempts.data;
      await log.read(1);
    }
    throw new Error('no attempt was told to wait');
  };
  await world.advanceUntil(paced(), 60_000, 20);

  const status = (await own.hermod.messages.get(message.id)).status;
  assert.ok(status === 'queued' || status === 'sending', `${status}`);
  const jobs = await own.hermod.jobs.list().page();
  const job = jobs.data.find(({ message_id }) => message_id === message.id);
  assert.equal(job?.attempts, 0);
});

for (const [number, code, state] of [['+15005550005', 'account_blocked', 'banned'], ['+15005550006', 'auth', 'action_needed']] as const)
  test(`${number} makes the account ${state}`, async () => {
    const own = await world.tenant();
    const sandbox = await own.sandbox();

    const message = await own.hermod.sendMessage(number, { text: 'x', account_id: sandbox.id });
    const after = await waitForAccount(own.hermod, sandbox.id, state);

    assert.equal(after.state, state);
    assert.ok(after.state_reason);
    const attempts = await own.hermod.messages.attempts(message.id).page();
    assert.equal(attempts.data[0]?.error?.code, code);
    // With an account that is banned all is over; new credentials can be had.
    const { status, error } = await own.hermod.messages.get(message.id);
    assert.deepEqual([status, error?.code, error?.retryable], state === 'banned' ? ['failed', code, false] : ['sending', code, true]);
  });

test('+15005550007 stays sending until its outcome is settled, then fails as outcome_unknown', async () => {
  const own = await world.tenant();
  const sandbox = await own.sandbox();
  const log = own.log();
  await log.drain();

  const message = await own.hermod.sendMessage('+15005550007', { text: 'x', account_id: sandbox.id });
  await log.untilStatus(message.id, 'sending');
  let state: string | undefined;
  for (let tries = 0; tries < 100 && state !== 'outcome_unknown'; ++tries) {
    state = (await own.hermod.jobs.list().page()).data.find(({ message_id }) => message_id === message.id)?.state;
    if (state !== 'outcome_unknown') await log.read(1);
  }
  assert.equal(state, 'outcome_unknown');
  assert.equal((await own.hermod.messages.get(message.id)).status, 'sending');
  const { data } = await world.advanceUntil(log.untilStatus(message.id, 'failed'), 3_600_000, 60);

  assert.equal(data.message.error?.code, 'outcome_unknown');
  assert.equal((await own.hermod.messages.attempts(message.id).page()).data.length, 1);
});

test('+15005550008 is sent and never delivered', async () => {
  const log = tenant.log();
  await log.drain();

  const message = await send('+15005550008');
  const control = await send(freshNumber());
  await log.untilStatus(message.id, 'sent');
  await log.untilStatus(control.id, 'read');
  await world.advance(86_400_000);
  await log.drain();

  assert.deepEqual(log.statusesOf(message.id), ['queued', 'sending', 'sent']);
});

test('a failed message is resent and then delivered, its attempts kept', async () => {
  await using network = await startNetwork();
  const own = await world.tenant();
  const sandbox = await own.sandbox({ ...instantly, network_url: network.url });
  const log = own.log();
  await log.drain();
  network.react = (_, response) => response.writeHead(400, { 'content-type': 'application/json' }).end('{}');
  const message = await own.hermod.sendMessage(freshNumber(), { text: 'x', account_id: sandbox.id });
  await log.untilStatus(message.id, 'failed');
  network.react = (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}');

  const again = await own.hermod.messages.resend(message.id);
  await log.untilStatus(message.id, 'read');

  assert.equal(again.id, message.id);
  assert.equal(again.status, 'queued');
  assert.equal((await own.hermod.messages.attempts(message.id).page()).data.length, 2);
  await assert.rejects(own.hermod.messages.resend(message.id), { code: 'not_resendable', status: 409 });
});

test('send_at holds a message until its time', async () => {
  const own = await world.tenant();
  const sandbox = await own.sandbox();
  const log = own.log();
  await log.drain();
  const now = Date.parse((await own.hermod.people.create({ name: 'clock' })).created_at);

  const message = await own.hermod.sendMessage(freshNumber(), { text: 'later', account_id: sandbox.id, send_at: new Date(now + 3_600_000).toISOString() });
  const control = await own.hermod.sendMessage(freshNumber(), { text: 'now', account_id: sandbox.id });
  await log.untilStatus(control.id, 'read');
  assert.equal((await own.hermod.messages.get(message.id)).status, 'queued');
  await world.advance(3_500_000);
  await log.drain();
  assert.deepEqual(log.statusesOf(message.id), ['queued']);
  await world.advance(200_000);
  await log.untilStatus(message.id, 'read');
});

test('wait holds the answer until the connector has sent or failed it', async () => {
  const sent = await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id, wait: 10 });
  const failed = await tenant.hermod.sendMessage('+15005550003', { text: 'x', account_id: account.id, wait: 10 });

  assert.ok(['sent', 'delivered', 'read'].includes(sent.status ?? ''), `${sent.status}`);
  assert.equal(failed.status, 'failed');
  assert.equal(failed.error?.code, 'recipient');
});

test('wait ends after its seconds with the message as it is', async () => {
  await using network = await startNetwork();
  const own = await world.tenant();
  const sandbox = await own.sandbox({ ...instantly, network_url: network.url });
  network.react = () => {};

  const message = await own.hermod.sendMessage(freshNumber(), { text: 'x', account_id: sandbox.id, wait: 1 });

  assert.ok(['queued', 'sending'].includes(message.status ?? ''), `${message.status}`);
});

test('the network gets the id, the addresses, the type and the content', async () => {
  await using network = await startNetwork();
  const own = await world.tenant();
  const sandbox = await own.sandbox({ ...instantly, network_url: network.url });
  const to = freshNumber();

  const message = await own.hermod.sendMessage(to, { text: 'over the wire', account_id: sandbox.id, wait: 10 });

  assert.equal(network.received.length, 1);
  const [got] = network.received;
  assert.equal(got?.to, to);
  assert.equal(got?.type, 'text');
  assert.deepEqual(got?.content, { text: 'over the wire' });
  assert.ok(got?.id);
  assert.ok(message.provider_id);
});

test('a send whose answer was lost is settled by asking the network, not repeated', async () => {
  await using network = await startNetwork();
  const own = await world.tenant();
  const sandbox = await own.sandbox({ ...instantly, network_url: network.url });
  const log = own.log();
  network.react = (_, response) => response.socket?.destroy();

  const message = await own.hermod.sendMessage(freshNumber(), { text: 'x', account_id: sandbox.id });
  await network.count(1);
  await world.advanceUntil(log.untilStatus(message.id, 'read'), 60_000, 60);

  assert.equal(network.received.length, 1);
  assert.ok(network.questions >= 1);
});

test('a send that the network never got is sent again', async () => {
  await using network = await startNetwork();
  const own = await world.tenant();
  const sandbox = await own.sandbox({ ...instantly, network_url: network.url });
  const log = own.log();
  network.remembers = false;
  network.react = (_, response) => response.socket?.destroy();

  const message = await own.hermod.sendMessage(freshNumber(), { text: 'x', account_id: sandbox.id });
  await network.count(1);
  network.react = accept;
  await world.advanceUntil(log.untilStatus(message.id, 'read'), 60_000, 60);

  assert.equal(network.received.length, 2);
  assert.equal(network.received[0]?.id, network.received[1]?.id);
});

test('messages of one conversation leave in order, however slow the network', async () => {
  await using network = await startNetwork();
  const own = await world.tenant();
  const sandbox = await own.sandbox({ ...instantly, network_url: network.url });
  const to = freshNumber();
  const log = own.log();
  network.react = (message, response) => {
    // The earlier, the slower: a sender that did not wait would arrive out of order.
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'), 60 - 10 * Number(message.content.text));
  };

  let last = '';
  for (let at = 0; at < 6; ++at) last = (await own.hermod.sendMessage(to, { text: String(at), account_id: sandbox.id })).id;
  await log.untilStatus(last, 'sent');

  assert.deepEqual(network.received.map(({ content }) => content.text), ['0', '1', '2', '3', '4', '5']);
});

test('a paused account holds its messages and sends them when it is connected again', async () => {
  const own = await world.tenant();
  const sandbox = await own.sandbox();
  const log = own.log();
  await own.hermod.accounts.pause(sandbox.id);

  const message = await own.hermod.sendMessage(freshNumber(), { text: 'x', account_id: sandbox.id, wait: 1 });
  assert.equal(message.status, 'queued');
  await own.hermod.accounts.connect(sandbox.id);
  await log.untilStatus(message.id, 'read');

  assert.equal((await own.hermod.messages.attempts(message.id).page()).data.length, 1);
});

test('without an account that reaches the address nothing is sent', async () => {
  const own = await world.tenant();

  await assert.rejects(own.hermod.sendMessage(freshNumber(), 'x'), { code: 'no_account', status: 422 });
  await assert.rejects(own.hermod.sendMessage(freshNumber(), 'x', 'pigeon'), { code: 'unknown_connector', status: 422 });
  await assert.rejects(own.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id }), { code: 'account_not_found', status: 404 });
});

test('the workspace default is used, or the connector that is named', async () => {
  const own = await world.tenant();
  const sandbox = await own.sandbox();

  assert.equal((await own.hermod.sendMessage(freshNumber(), 'x')).account_id, sandbox.id);
  assert.equal((await own.hermod.sendMessage(freshNumber(), 'x', 'sandbox')).account_id, sandbox.id);
});

test('the log of messages holds what crossed an account, newest first', async () => {
  const own = await world.tenant();
  const sandbox = await own.sandbox();
  const ids: string[] = [];
  for (let at = 0; at < 5; ++at) ids.unshift((await own.hermod.sendMessage(freshNumber(), { text: `${at}`, account_id: sandbox.id })).id);

  const seen: string[] = [];
  for await (const { id } of own.hermod.messages.list({ limit: 2 })) seen.push(id);

  assert.deepEqual(seen, ids);
});

test('metadata is in every event about the message', async () => {
  const log = tenant.log();
  await log.drain();
  const message = await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id, metadata: { order: 'A-7' } });
  await log.untilStatus(message.id, 'read');

  const events = log.events.filter((event) => (event.type === 'message.created' || event.type === 'message.status') && event.data.message.id === message.id);

  assert.equal(events.length, 5);
  for (const event of events) assert.deepEqual((event.data as { message: { metadata: unknown } }).message.metadata, { order: 'A-7' });
});
