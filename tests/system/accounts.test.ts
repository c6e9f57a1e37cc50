import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startNetwork } from '../harness/sandbox-network.ts';
import { freshNumber, instantly, startWorld, type World } from '../harness/world.ts';

let world: World;

before(async () => { world = await startWorld({ env: { HERMOD_LIMITS_ACCOUNTS: '3' } }); });
after(() => world?.stop());

const mailbox = (name: string) => ({
  connector: 'email', name, address: `${name}@example.com`,
  credentials: { url: 'smtp://127.0.0.1:1', username: 'shop', password: 'hunter2' },
});

test('an account is made, read, listed, renamed and removed, each change an event', async () => {
  const { hermod, log: open } = await world.tenant();
  const log = open();
  await log.drain();

  const made = await hermod.accounts.create({ connector: 'sandbox', name: 'Box', address: '+1 202 555 0199', settings: instantly });
  assert.equal(made.state, 'connected');
  assert.equal(made.address, '+12025550199');
  assert.equal(made.is_default, true);
  assert.deepEqual(made.settings, instantly);
  assert.deepEqual(await hermod.accounts.get(made.id), made);
  const renamed = await hermod.accounts.update(made.id, { name: 'Renamed' });
  assert.deepEqual(renamed, { ...made, name: 'Renamed' });
  assert.deepEqual((await hermod.accounts.list().page()).data, [renamed]);
  await hermod.accounts.delete(made.id);

  await assert.rejects(hermod.accounts.get(made.id), { code: 'account_not_found', status: 404 });
  assert.deepEqual((await hermod.accounts.list().page()).data, []);
  const events = (await log.drain()).flatMap((event) => (event.type === 'account.state' ? [event.data] : []));
  assert.deepEqual(events.map(({ account, previous_state }) => [previous_state, account.state, account.name]),
    [[null, 'connected', 'Box'], ['connected', 'connected', 'Renamed'], ['connected', 'disconnected', 'Renamed']]);
});

test('pause, connect and disconnect say what they did', async () => {
  const tenant = await world.tenant();
  const { accounts } = tenant.hermod;
  const { id } = await tenant.sandbox();

  assert.equal((await accounts.pause(id)).state, 'paused');
  assert.equal((await accounts.connect(id)).state, 'connected');
  assert.equal((await accounts.connect(id)).state, 'connected');
  assert.equal((await accounts.disconnect(id)).state, 'disconnected');
  assert.equal((await accounts.pause(id)).state, 'disconnected');
  assert.equal((await accounts.get(id)).state, 'disconnected');
});

test('a disconnected account holds its messages', async () => {
  const tenant = await world.tenant();
  const account = await tenant.sandbox();
  const log = tenant.log();
  await tenant.hermod.accounts.disconnect(account.id);

  const message = await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id, wait: 1 });
  assert.equal(message.status, 'queued');
  const waiting = await tenant.hermod.messages.get(message.id);
  assert.equal(waiting.error?.reason, 'the account is disconnected');
  assert.equal(waiting.error?.retryable, true);
  await tenant.hermod.accounts.connect(account.id);

  await world.advanceUntil(log.untilStatus(message.id, 'read'), 1_000, 50);
});

test('capabilities tell what the connector can do', async () => {
  const tenant = await world.tenant();
  const box = await tenant.sandbox();
  const mail = await tenant.hermod.accounts.create(mailbox('shop'));

  const ofBox = await tenant.hermod.accounts.capabilities(box.id);
  const ofMail = await tenant.hermod.accounts.capabilities(mail.id);

  assert.equal(ofBox.connector, 'sandbox');
  assert.ok(ofBox.address_kinds.includes('phone') && ofBox.read_receipts);
  assert.deepEqual(ofMail.address_kinds, ['email']);
  assert.equal(ofMail.subject, true);
  assert.equal(ofMail.stable_provider_id, false);
});

test('the first account of a kind of address is its default, and the default moves', async () => {
  const tenant = await world.tenant();
  const box = await tenant.sandbox();
  const send = async () => (await tenant.hermod.sendMessage('ana@example.com', 'x')).account_id;
  assert.equal(await send(), box.id);

  const mail = await tenant.hermod.accounts.create(mailbox('shop'));
  assert.equal(mail.is_default, true, 'a sandbox makes room for the first account that reaches people');
  assert.equal(await send(), mail.id);
  assert.equal((await tenant.hermod.accounts.update(box.id, { is_default: true })).is_default, true);
  assert.equal(await send(), box.id);
  assert.equal((await tenant.hermod.accounts.update(mail.id, { is_default: true })).is_default, true);

  assert.equal(await send(), mail.id);
  assert.equal((await tenant.hermod.sendMessage(freshNumber(), 'x')).account_id, box.id);
  await tenant.hermod.accounts.delete(mail.id);
  assert.equal(await send(), box.id);
});

test('a workspace has at most as many accounts as it may', async () => {
  const tenant = await world.tenant();
  for (let made = 0; made < 3; ++made) await tenant.sandbox();

  await assert.rejects(tenant.sandbox(), { code: 'limit_reached', status: 422 });
});

for (const [settings, field] of [
  [{ network_url: 'ftp://x' }, 'settings.network_url'], [{ network_url: 'http://user@localhost/' }, 'settings.network_url'],
  [{ network_url: 'http://169.254.169.254/' }, 'settings.network_url'], [{ delays_ms: { sent: -1 } }, 'settings.delays_ms.sent'],
  [{ nonsense: 1 }, 'settings.nonsense'],
] as const)
  test(`sandbox settings ${JSON.stringify(settings)} are refused with their field`, async () => {
    const tenant = await world.tenant();

    const answer = await tenant.raw('POST', '/api/v1/accounts', { json: { connector: 'sandbox', settings } });

    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.body.errors[0].field, field);
  });

test('an account is what its connector and its address allow', async () => {
  const tenant = await world.tenant();
  const post = async (json: unknown) => (await tenant.raw('POST', '/api/v1/accounts', { json })).body.code;

  assert.equal(await post({ connector: 'pigeon' }), 'unknown_connector');
  assert.equal(await post({ connector: 'sandbox', address: '12' }), 'invalid_phone_number');
  assert.equal(await post({ connector: 'sandbox', credentials: { a: 1 } }), 'invalid_body');
  assert.equal(await post({ ...mailbox('shop'), address: undefined }), 'invalid_body');
  assert.equal(await post({ ...mailbox('shop'), address: '+12025550100' }), 'invalid_body');
  assert.equal(await post({ ...mailbox('shop'), settings: { from: 'other@example.com' } }), 'invalid_body');
});

test('an account whose network is down is degraded, holds back, and is connected again once a send works', async () => {
  await using network = await startNetwork();
  const tenant = await world.tenant();
  const account = await tenant.sandbox({ ...instantly, network_url: network.url });
  const log = tenant.log();
  const state = (wanted: string) => log.until((event) =>
    event.type === 'account.state' && event.data.account.id === account.id && event.data.account.state === wanted, wanted);
  network.react = (_, response) => response.writeHead(503).end();

  const message = await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id });
  await world.advanceUntil(state('degraded'), 10_000, 100);
  assert.ok((await tenant.hermod.accounts.get(account.id)).state_reason);
  network.react = (_, response) => response.writeHead(200).end();
  await world.advanceUntil(log.untilStatus(message.id, 'read'), 60_000, 60);

  const current = await tenant.hermod.accounts.get(account.id);
  assert.equal(current.state, 'connected');
  assert.equal(current.state_reason, null);
});

test('the operator sees accounts that stop working, in the log and as a metric', async () => {
  const tenant = await world.tenant();
  const account = await tenant.sandbox();

  await tenant.hermod.sendMessage('+15005550006', { text: 'x', account_id: account.id });
  await tenant.log().until((event) => event.type === 'account.state' && event.data.account.state === 'action_needed', 'action_needed');

  const line = () => world.server.output().split('\n').find((text) => text.includes('an account is in trouble') && text.includes(account.id));
  const metric = async () => (await fetch(`${world.server.url}/metrics`)).text();
  for (let tries = 0; tries < 100 && !line(); ++tries) await metric();
  assert.match(line() ?? '', /"state":"action_needed"/);
  assert.match(await metric(), /hermod_accounts\{connector="sandbox",state="action_needed"\} 1/);
});

test('credentials are in no answer and no event', async () => {
  const tenant = await world.tenant();
  const mail = await tenant.hermod.accounts.create(mailbox('shop'));
  await tenant.hermod.accounts.update(mail.id, { credentials: { url: 'smtp://127.0.0.1:1', username: 'shop', password: 'hunter3' } });

  for (const path of [`/api/v1/accounts/${mail.id}`, '/api/v1/accounts', '/api/v1/events?after=start'])
    assert.doesNotMatch((await tenant.raw('GET', path)).text, /hunter/, path);
});
