import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startWorld, type Tenant, type World } from '../harness/world.ts';

const page = 'https://app.example.com';
let world: World;
let tenant: Tenant;

before(async () => {
  world = await startWorld({
    env: {
      HERMOD_LOG_ACCESS: 'true',
      HERMOD_NET_TRUSTED_PROXIES: '127.0.0.0/8, ::1',
      HERMOD_NET_CORS_ORIGINS: page,
    },
  });
  tenant = await world.tenant();
});
after(() => world?.stop());

interface Line { message: string; method: string; route: string; status: number; bytes: number; us: number; client: string; request_id: string; workspace: string }

/** The access log's line of one request. */
async function lineOf(requestId: string): Promise<Line> {
  for (let i = 0; i < 200; ++i) {
    const found = world.server.output().split('\n').find((line) => line.includes('"message":"request"') && line.includes(`"request_id":"${requestId}"`));
    if (found) return JSON.parse(found) as Line;
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
  throw new Error(`no line for ${requestId}`);
}

const ask = (path: string, options: RequestInit & { headers?: Record<string, string> } = {}) =>
  fetch(world.server.url + path, { ...options, headers: { authorization: `Bearer ${tenant.key}`, ...options.headers } });

test('each request is a line that holds neither path, query, body nor secret', async () => {
  const secret = 'ana-secret@example.com';
  const answer = await ask(`/api/v1/people/by_external_id/${secret}`, {
    method: 'PUT', body: JSON.stringify({ name: secret }), headers: { 'content-type': 'application/json', 'x-request-id': 'line-1', 'x-forwarded-for': '192.0.2.66, 203.0.113.9' },
  });
  const body = await answer.text();
  const line = await lineOf('line-1');

  assert.equal(line.method, 'PUT');
  assert.equal(line.route, '/api/v1/people/by_external_id/{external_id}');
  assert.equal(line.status, answer.status);
  assert.equal(line.bytes, Buffer.byteLength(body));
  assert.ok(line.us > 0);
  assert.equal(line.client, '203.0.113.9');
  assert.equal(line.workspace, tenant.id);

  await ask(`/api/v1/people?external_id=${secret}`, { headers: { 'x-request-id': 'line-2' } });
  await ask(`/nowhere/${secret}`, { headers: { 'x-request-id': 'line-3' } });
  await fetch(`${world.server.url}/api/v1/people`, { headers: { authorization: `Bearer ${secret}`, 'x-request-id': 'line-4' } });
  assert.equal((await lineOf('line-2')).route, '/api/v1/people');
  assert.deepEqual([(await lineOf('line-3')).route, (await lineOf('line-3')).status], ['none', 404]);
  assert.deepEqual([(await lineOf('line-4')).status, (await lineOf('line-4')).workspace], [401, '']);
  assert.ok(!world.server.output().includes(secret));
  assert.ok(!world.server.output().includes(tenant.key));
});

test('what is no request is a line, too', async () => {
  const { port } = new URL(world.server.url);
  const socket = connect(Number(port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => { answer += text; }).write('nonsense\r\n\r\n');
  await once(socket, 'close');

  const id = /X-Request-Id: (\S+)/.exec(answer)?.[1] ?? '';
  assert.deepEqual([(await lineOf(id)).route, (await lineOf(id)).status], ['none', 400]);
});

test('a page of a listed origin may ask, and reads what went wrong', async () => {
  const preflight = await fetch(`${world.server.url}/api/v1/people`, {
    method: 'OPTIONS', headers: { origin: page, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type,idempotency-key' },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), page);
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /\bPOST\b/);
  for (const name of ['Authorization', 'Content-Type', 'Idempotency-Key'])
    assert.ok((preflight.headers.get('access-control-allow-headers') ?? '').split(', ').includes(name), name);
  assert.match(preflight.headers.get('vary') ?? '', /Origin/);

  for (const path of ['/api/v1/people', '/api/v1/nothing', '/api/v1/people?limit=0']) {
    const answer = await ask(path, { headers: { origin: page } });
    await answer.arrayBuffer();
    assert.equal(answer.headers.get('access-control-allow-origin'), page, path);
    assert.match(answer.headers.get('access-control-expose-headers') ?? '', /X-Request-Id.*Retry-After/);
  }
});

test('a page of another origin gets no leave', async () => {
  for (const origin of ['https://evil.example', `${page}.evil.example`, 'null', 'http://app.example.com']) {
    const preflight = await fetch(`${world.server.url}/api/v1/people`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
    const answer = await ask('/api/v1/people', { headers: { origin } });
    await answer.arrayBuffer();
    for (const headers of [preflight.headers, answer.headers]) {
      assert.equal(headers.get('access-control-allow-origin'), null, origin);
      assert.equal(headers.get('access-control-allow-credentials'), null, origin);
      assert.match(headers.get('vary') ?? '', /Origin/);
    }
  }
});

test('a large list is compressed for who asks, and is the same list', async () => {
  for (let i = 0; i < 20; ++i) await tenant.raw('POST', '/api/v1/people', { json: { name: `Person ${i}` } });
  const plain = await ask('/api/v1/people', { headers: { 'accept-encoding': 'identity' } });
  const packed = await ask('/api/v1/people', { headers: { 'accept-encoding': 'gzip' } });
  const cookie = await ask('/api/v1/people', { headers: { 'accept-encoding': 'gzip', cookie: 'a=b' } });

  assert.equal(plain.headers.get('content-encoding'), null);
  assert.equal(packed.headers.get('content-encoding'), 'gzip');
  assert.match(packed.headers.get('vary') ?? '', /Accept-Encoding/);
  assert.equal(cookie.headers.get('content-encoding'), null);
  assert.deepEqual(await packed.json(), await plain.json()); // fetch has unpacked it
  assert.ok(Number(packed.headers.get('content-length')) < Number(plain.headers.get('content-length')) / 2);
});

test('the bytes of a compressed answer are gzip to others than Node\'s fetch', async () => {
  const { port } = new URL(world.server.url);
  const socket = connect(Number(port), '127.0.0.1');
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece)).write('GET /openapi.json HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n');
  await once(socket, 'close');
  const answer = Buffer.concat(pieces);
  const body = answer.subarray(answer.indexOf('\r\n\r\n') + 4);

  assert.equal((JSON.parse(gunzipSync(body).toString()) as { openapi: string }).openapi, '3.1.0');
});
