import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Job } from '@hermod/client';
import { startNetwork } from '../harness/sandbox-network.ts';
import { freshNumber, instantly, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;

before(async () => { world = await startWorld(); });
after(() => world?.stop());

/** The job of a message, once it is in the state; whatever changes it comes with an event or soon. */
async function jobOf(tenant: Tenant, message: string, ...states: Job['state'][]): Promise<Job> {
  const log = tenant.log();
  for (let tries = 0; tries < 100; ++tries) {
    for await (const job of tenant.hermod.jobs.list()) if (job.message_id === message && states.includes(job.state)) return job;
    await log.read(1);
  }
  throw new Error(`no job of ${message} became ${states}`);
}

test('a job that gave up is listed dead, retried by hand, and then done', async () => {
  await using network = await startNetwork();
  const tenant = await world.tenant();
  const account = await tenant.sandbox({ ...instantly, network_url: network.url });
  const log = tenant.log();
  network.react = (_, response) => response.writeHead(503).end();
  const message = await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id });
  await world.advanceUntil(log.untilStatus(message.id, 'failed'), 3_600_000, 200);
  const dead = await jobOf(tenant, message.id, 'dead');
  network.react = (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}');

  const retried = await tenant.hermod.jobs.retry(dead.id);
  // The account's circuit has opened meanwhile: what is retried by hand waits for it too.
  await world.advanceUntil(log.untilStatus(message.id, 'read'), 60_000, 20);

  assert.ok(dead.attempts >= 3);
  assert.equal((await tenant.hermod.jobs.get(dead.id)).state, 'done');
  assert.equal(dead.error?.code, 'retryable');
  assert.equal(retried.id, dead.id);
  await assert.rejects(tenant.hermod.jobs.retry(dead.id), { code: 'not_retriable', status: 409 });
});

test('dead jobs are retried by a filter: those that fit, and no other', async () => {
  const tenant = await world.tenant();
  const account = await tenant.sandbox(instantly);
  const log = tenant.log();
  const fail = async (to: string) => {
    const { id } = await tenant.hermod.sendMessage(to, { text: 'x', account_id: account.id });
    await log.untilStatus(id, 'failed');
    return id;
  };
  const [recipient, content] = [await fail('+15005550003'), await fail('+15005550004')];
  const failures = (id: string) => log.statusesOf(id).filter((status) => status === 'failed').length;

  assert.deepEqual(await tenant.hermod.jobs.retryMany({ filter: { code: 'recipient', kind: 'send_message' } }), { retried: 1, has_more: false });
  await log.until(() => failures(recipient) === 2, 'the second failure');

  assert.equal(failures(content), 1);
  for (const filter of [{ created_before: '2020-01-01T00:00:00Z' }, { created_from: '2200-01-01T00:00:00Z' }, { kind: 'no_such_kind' }, { code: 'recip' }])
    assert.deepEqual(await tenant.hermod.jobs.retryMany({ filter }), { retried: 0, has_more: false }, JSON.stringify(filter));
  assert.equal((await tenant.hermod.jobs.retryMany({ filter: {} })).retried, 2);
});

test('a test key neither sees nor retries jobs of live accounts', async () => {
  const tenant = await world.tenant();
  const sandbox = await tenant.sandbox(instantly);
  await tenant.hermod.accounts.pause(sandbox.id);
  const mail = await tenant.hermod.accounts.create({ connector: 'email', name: 'Mail', address: 'shop@example.com', credentials: { url: 'smtp://127.0.0.1:1' } });
  const live = await jobOf(tenant, (await tenant.hermod.sendMessage('ana@example.com', { text: 'x', account_id: mail.id })).id, 'queued', 'retrying');
  const boxed = await jobOf(tenant, (await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: sandbox.id })).id, 'queued', 'retrying');
  const { key } = await tenant.hermod.apiKeys.create({ name: 'tests', environment: 'test', scopes: ['jobs:read', 'jobs:write'] });
  const tester = world.client({ apiKey: key ?? '' });

  assert.deepEqual((await tester.jobs.list().page()).data.map(({ id }) => id), [boxed.id]);
  await assert.rejects(tester.jobs.get(live.id), { code: 'job_not_found', status: 404 });
  await assert.rejects(tester.jobs.retry(live.id), { code: 'job_not_found', status: 404 });
  await assert.rejects(tester.jobs.retry(boxed.id), { code: 'not_retriable', status: 409 });
});

test('the jobs of one message are asked for by its id', async () => {
  const tenant = await world.tenant();
  const account = await tenant.sandbox(instantly);
  await tenant.hermod.accounts.pause(account.id);
  const [first, second] = [await tenant.hermod.sendMessage(freshNumber(), 'a'), await tenant.hermod.sendMessage(freshNumber(), 'b')];
  const ofMessage = async (query: { message_id: string; state?: Job['state'] }) => (await tenant.hermod.jobs.list(query).page()).data;

  assert.deepEqual((await ofMessage({ message_id: first.id })).map((job) => job.message_id), [first.id]);
  assert.deepEqual((await ofMessage({ message_id: second.id })).map((job) => job.message_id), [second.id]);
  assert.deepEqual(await ofMessage({ message_id: second.id, state: 'dead' }), []);
  assert.deepEqual((await (await world.tenant()).hermod.jobs.list({ message_id: first.id }).page()).data, []);
  const wrong = await tenant.raw('GET', '/api/v1/jobs?message_id=nonsense');
  assert.deepEqual([wrong.status, wrong.body.code, wrong.body.errors[0]?.field], [400, 'invalid_query', 'message_id']);
});

test('a job waits for its next try as retrying, with the time and the error', async () => {
  await using network = await startNetwork();
  const tenant = await world.tenant();
  const account = await tenant.sandbox({ ...instantly, network_url: network.url });
  network.react = (_, response) => response.writeHead(503).end();

  const message = await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id });
  const job = await jobOf(tenant, message.id, 'retrying');

  assert.equal(job.error?.retryable, true);
  assert.ok(Date.parse(job.run_at) > Date.parse(job.created_at));
  assert.ok(job.attempts >= 1);
  assert.equal(job.lane, 'conversation');
});

test('the priority of a message is the lane of its job', async () => {
  const tenant = await world.tenant();
  const account = await tenant.sandbox();
  await tenant.hermod.accounts.pause(account.id);

  for (const priority of ['otp', 'conversation', 'campaign'] as const) {
    const message = await tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id, priority });
    const jobs = await tenant.hermod.jobs.list().page();
    assert.equal(jobs.data.find(({ message_id }) => message_id === message.id)?.lane, priority);
  }
});

test('an otp is not kept waiting by a slow campaign', async () => {
  await using network = await startNetwork();
  const tenant = await world.tenant();
  const account = await tenant.sandbox({ ...instantly, network_url: network.url });
  const log = tenant.log();
  network.react = (message, response) => {
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'), message.content.text === 'campaign' ? 300 : 0);
  };
  for (let at = 0; at < 100; ++at)
    await tenant.hermod.sendMessage(freshNumber(), { text: 'campaign', account_id: account.id, priority: 'campaign' });

  const otp = await tenant.hermod.sendMessage(freshNumber(), { text: 'otp', account_id: account.id, priority: 'otp' });
  await log.untilStatus(otp.id, 'sent');

  const sentBefore = log.events.filter((event) => event.type === 'message.status' && event.data.message.status === 'sent').length;
  assert.ok(sentBefore < 100, `${sentBefore} messages were sent before it`);
});

test("another workspace's job does not exist", async () => {
  const [mine, theirs] = [await world.tenant(), await world.tenant()];
  const account = await theirs.sandbox();
  await theirs.hermod.accounts.pause(account.id);
  const message = await theirs.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id });
  const job = await jobOf(theirs, message.id, 'queued', 'retrying');

  await assert.rejects(mine.hermod.jobs.retry(job.id), { code: 'job_not_found', status: 404 });
  assert.deepEqual((await mine.hermod.jobs.list().page()).data, []);
});
