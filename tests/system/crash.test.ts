import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startCluster } from '../harness/postgres.ts';
import { accept, startNetwork } from '../harness/sandbox-network.ts';
import { engine } from '../harness/server.ts';
import { freshNumber, instantly, startWorld } from '../harness/world.ts';

test('kill -9 amid sends loses no accepted message, and each reaches its end after the restart', async () => {
  await using network = await startNetwork();
  network.react = (_, response) => {
    setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'), 20);
  };
  const world = await startWorld();
  try {
    const tenant = await world.tenant();
    const account = await tenant.sandbox({ delays_ms: { sent: 0, delivered: 50, read: 100 }, network_url: network.url });
    const accepted: string[] = [];
    let running = true;

    // Several lives, each ended without warning while clients send and connectors deliver.
    for (let life = 0; life < 3; ++life) {
      running = true;
      const clients = Array.from({ length: 4 }, async () => {
        while (running) {
          const answer = await tenant.raw('POST', '/api/v1/messages', { json: { to: freshNumber(), text: 'x', account_id: account.id } }).catch(() => null);
          if (answer?.status === 202) accepted.push(answer.body.id);
        }
      });
      const enough = accepted.length + 40;
      while (accepted.length < enough) await new Promise((resolve) => setTimeout(resolve, 5));
      await world.server.kill();
      running = false;
      await Promise.all(clients);
      await world.server.start();
    }

    const log = tenant.log();
    for (const id of accepted) await log.untilStatus(id, 'read');

    const events = log.events;
    assert.deepEqual(events.map(({ offset }) => offset), events.map((_, at) => at + 1), 'the log has no gap');
    for (const id of accepted) {
      const statuses = log.statusesOf(id);
      assert.equal(statuses[0], 'queued', id);
      assert.deepEqual(statuses.filter((status) => status === 'read'), ['read'], id);
    }
    // At least once: every message left, and what left is one of ours.
    const left = new Set(network.received.map(({ id }) => id));
    assert.ok(left.size >= accepted.length);
    // A clean end after it all.
  } finally {
    await world.stop();
  }
});

test('kill -9 loses no person, conversation or in-app message that was answered', async () => {
  const world = await startWorld();
  try {
    const tenant = await world.tenant();
    const conversation = await tenant.hermod.conversations.create({ kind: 'group' });
    const answered: string[] = [];
    let running = true;
    const clients = Array.from({ length: 4 }, async () => {
      while (running) {
        const answer = await tenant.raw('POST', `/api/v1/conversations/${conversation.id}/messages`, { json: { text: 'x' } }).catch(() => null);
        if (answer?.status === 201) answered.push(answer.body.id);
      }
    });
    while (answered.length < 100) await new Promise((resolve) => setTimeout(resolve, 5));
    await world.server.kill();
    running = false;
    await Promise.all(clients);
    await world.server.start();

    const kept: string[] = [];
    const seqs: number[] = [];
    for await (const { id, seq } of tenant.hermod.conversations.messages.list(conversation.id, { limit: 200 })) {
      kept.push(id);
      seqs.push(seq);
    }
    const known = new Set(kept);

    for (const id of answered) assert.ok(known.has(id), id);
    assert.deepEqual(seqs, seqs.map((_, at) => seqs.length - at));
    assert.equal((await tenant.hermod.conversations.get(conversation.id)).seq, kept.length);
    const created = (await tenant.log().drain()).filter(({ type }) => type === 'message.created');
    assert.equal(created.length, kept.length);
  } finally {
    await world.stop();
  }
});

test('SIGTERM drains: a request under way is answered and the server ends with 0', async () => {
  const world = await startWorld();
  try {
    const tenant = await world.tenant();
    const account = await tenant.sandbox();
    const { next } = await tenant.hermod.events.page();
    const waiting = tenant.raw('GET', `/api/v1/events?after=${encodeURIComponent(next)}&wait=20`);
    const sends = Array.from({ length: 10 }, () => tenant.raw('POST', '/api/v1/messages', { json: { to: freshNumber(), text: 'x', account_id: account.id } }));
    const answers = await Promise.all(sends);

    const asked = Date.now();
    const status = await world.server.terminate();

    assert.equal(status, 0);
    assert.equal((await waiting).status, 200, 'who waits for an event is answered');
    assert.ok(Date.now() - asked < 10_000, `the end took ${Date.now() - asked} ms`);
    await world.server.start();
    const log = tenant.log();
    for (const { body } of answers) await log.untilStatus(body.id, 'read');
  } finally {
    await world.stop();
  }
});

test('a message behind one that is tried again does not overtake it over a restart', async () => {
  await using network = await startNetwork();
  const world = await startWorld();
  try {
    const tenant = await world.tenant();
    const account = await tenant.sandbox({ ...instantly, network_url: network.url });
    const to = freshNumber();
    const log = tenant.log();
    network.react = (_, response) => response.writeHead(503).end();
    const first = await tenant.hermod.sendMessage(to, { text: 'first', account_id: account.id });
    // The third pause is of half a minute: longer than any start.
    await world.advanceUntil(network.count(3), 1_000, 60);
    const second = await tenant.hermod.sendMessage(to, { text: 'second', account_id: account.id });
    await world.server.terminate();
    const before = network.received.length;
    network.react = accept;

    await world.server.start();
    await world.advanceUntil(log.untilStatus(second.id, 'sent'), 5_000, 60);

    assert.deepEqual(network.received.slice(before).map(({ id }) => id), [first.id, second.id]);
  } finally {
    await world.stop();
  }
});

test('a thousand scheduled messages do not delay one that is due', async () => {
  const world = await startWorld();
  try {
    const tenant = await world.tenant();
    const account = await tenant.sandbox();
    const number = freshNumber();
    const now = Date.parse((await tenant.hermod.people.create({ name: 'clock' })).created_at);
    const scheduled = Array.from({ length: 1_100 }, (_, at) => ({ text: 'later', send_at: new Date(now + (at % 2 ? 2_400_000 : 600_000)).toISOString() }));
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let one = scheduled.pop(); one; one = scheduled.pop())
        await tenant.hermod.sendMessage(number, { ...one, account_id: account.id });
    }));

    // Over a restart, too, when all of them are read anew.
    await world.server.terminate();
    await world.server.start();
    const message = await tenant.hermod.sendMessage(freshNumber(), { text: 'now', account_id: account.id, wait: 20 });

    assert.ok(['sent', 'delivered', 'read'].includes(message.status ?? ''), `${message.status}`);
  } finally {
    await world.stop();
  }
});

test('PostgreSQL away while messages are on their way: each is sent once, and none is stuck', { skip: engine !== 'postgres' }, async () => {
  using cluster = startCluster();
  await using network = await startNetwork();
  const world = await startWorld({ cluster: cluster.url });
  try {
    const tenant = await world.tenant();
    const account = await tenant.sandbox({ ...instantly, network_url: network.url });
    const held: (() => void)[] = [];
    network.react = (message, response) => { held.push(() => accept(message, response)); };
    const sent = await Promise.all(Array.from({ length: 40 }, () =>
      tenant.hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id })));
    await network.count(32); // as many as one workspace may have under way

    cluster.halt();
    for (const answer of held.splice(0)) answer();
    network.react = accept;
    // Longer than a node trusts its leases without the database: it gives up its shards.
    await delay(12_000);
    cluster.resume();
    while (!(await fetch(`${world.server.url}/readyz`)).ok) await delay(100);

    const log = tenant.log();
    for (const { id } of sent) await log.untilStatus(id, 'read');
    assert.deepEqual(network.received.map(({ id }) => id).sort(), sent.map(({ id }) => id).sort());
  } finally {
    await world.stop();
  }
});
