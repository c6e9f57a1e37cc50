// The receiver of docs/webhooks.md, against a running server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { startWorld } from '../harness/world.ts';

function startExample(settings: { secret: string }, handle: (event: { type: string }) => void) {
  const seen = new Set<string | undefined>();
  // region receive
  const receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    try {
      new Webhook(settings.secret).verify(body, request.headers as Record<string, string>);
    } catch {
      return response.writeHead(400).end();
    }
    const id = request.headers['webhook-id'] as string;
    if (!seen.has(id)) { // keep them in your database, in the transaction of what you do
      handle(JSON.parse(body));
      seen.add(id);
    }
    response.writeHead(204).end();
  });
  // endregion
  return receiver;
}

test('the receiver in the documentation takes what Hermod sends, and nothing else', async () => {
  const world = await startWorld();
  const settings = { secret: '' };
  const types: string[] = [];
  const waiting: (() => void)[] = [];
  const server = startExample(settings, ({ type }) => {
    types.push(type);
    for (const wake of waiting.splice(0)) wake();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const tenant = await world.tenant();
    const webhook = await tenant.hermod.webhooks.create({ url });
    settings.secret = webhook.secret ?? '';

    await tenant.hermod.webhooks.test(webhook.id);
    while (types.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    const forged = await fetch(url, { method: 'POST', body: '{"type":"message.created"}', headers: { 'webhook-id': 'evt_1', 'webhook-timestamp': `${Math.floor(Date.now() / 1000)}`, 'webhook-signature': 'v1,AAAA' } });

    assert.equal(forged.status, 400);
    assert.deepEqual(types, ['webhook.test']);
  } finally {
    server.closeAllConnections();
    server.close();
    await world.stop();
  }
});
