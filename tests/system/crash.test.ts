import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNetwork } from '../harness/sandbox-network.ts';
import { freshNumber, startWorld } from '../harness/world.ts';

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

    const status = await world.server.terminate();

    assert.equal(status, 0);
    assert.ok([200, 503].includes((await waiting).status));
    await world.server.start();
    const log = tenant.log();
    for (const { body } of answers) await log.untilStatus(body.id, 'read');
  } finally {
    await world.stop();
  }
});
