// Where a webhook may lead: a server that allows no private networks refuses every way to name one,
// when the webhook is made and, where a name leads there later, at each delivery.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startReceiver } from '../harness/receiver.ts';
import { startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;

before(async () => {
  world = await startWorld({ env: { HERMOD_NET_ALLOW_PRIVATE_NETWORKS: 'false' } });
  tenant = await world.tenant();
});
after(() => world?.stop());

const blocked = [
  'http://127.0.0.1/', 'http://127.1/', 'http://2130706433/', 'http://0x7f000001/', 'http://0177.0.0.1/', 'http://0/',
  'http://10.0.0.1/', 'http://172.16.0.1/', 'http://192.168.1.1/', 'http://169.254.169.254/latest/meta-data/',
  'http://100.64.0.1/', 'http://192.0.0.1/', 'http://192.0.2.1/', 'http://198.18.0.1/', 'http://198.51.100.1/', 'http://203.0.113.1/',
  'http://224.0.0.1/', 'http://240.0.0.1/', 'http://255.255.255.255/',
  'http://[::1]/', 'http://[::]/', 'http://[fc00::1]/', 'http://[fe80::1]/', 'http://[ff02::1]/', 'http://[2001:db8::1]/',
  'http://[::ffff:127.0.0.1]/', 'http://[::ffff:7f00:1]/', 'http://[64:ff9b::7f00:1]/', 'http://[2002:7f00:1::]/', 'http://[2001::1]/',
];
const malformed = ['ftp://example.com/', 'file:///etc/passwd', 'gopher://example.com/', 'https://user:password@example.com/', 'example.com', 'https://', 'http://1.2.3.4.5/', 'javascript:alert(1)'];

for (const url of blocked)
  test(`${url} is refused`, async () => {
    const answer = await tenant.raw('POST', '/api/v1/webhooks', { json: { url } });

    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.body.code, 'address_blocked', answer.text);
    assert.equal(answer.body.errors[0].field, 'url');
  });

for (const url of malformed)
  test(`${url} is no URL for a webhook`, async () => {
    const answer = await tenant.raw('POST', '/api/v1/webhooks', { json: { url } });

    assert.equal(answer.status, 422, answer.text);
    assert.deepEqual([answer.body.code, answer.body.errors[0].field], ['invalid_body', 'url']);
  });

test('a name that leads into this machine is blocked when it is delivered to', async () => {
  await using receiver = await startReceiver();
  const port = new URL(receiver.url).port;
  // Resolvers answer every name below localhost with this machine; the guard sees the address.
  const answer = await tenant.raw('POST', '/api/v1/webhooks', { json: { url: `http://localhost:${port}/hook` } });
  if (answer.status === 422) {
    assert.equal(answer.body.code, 'address_blocked');
    assert.equal(receiver.received.length, 0);
    return;
  }
  const webhook = answer.body.id as string;

  await tenant.hermod.people.create({ name: 'Ana' });
  for (let tries = 0; tries < 200; ++tries) {
    const [delivery] = (await tenant.hermod.webhooks.deliveries(webhook).page()).data;
    if (delivery?.state === 'retrying') {
      assert.equal(delivery.error?.code, 'blocked_address');
      assert.equal(receiver.received.length, 0);
      return;
    }
    await delay(50);
  }
  assert.fail('the delivery was not tried');
});
