import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { openapi } from '../harness/contract.ts';
import { startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
});
after(() => world?.stop());

test('an unknown route is a problem', async () => {
  for (const path of ['/api/v1/nothing', '/api/v2/people', '/api/v1/people/', '/api/v1//people', '/api/v1/PEOPLE']) {
    const answer = await tenant.raw('GET', path);
    assert.equal(answer.status, 404, path);
    assert.equal(answer.body.code, 'route_not_found', path);
  }
});

test('a method that a route does not take is answered with those it takes', async () => {
  const answer = await tenant.raw('DELETE', '/api/v1/people');

  assert.equal(answer.status, 405);
  assert.equal(answer.body.code, 'method_not_allowed');
  assert.deepEqual((answer.headers.get('allow') ?? '').split(/, */).filter((one) => !['HEAD', 'OPTIONS'].includes(one)).sort(), ['GET', 'POST']);
});

test('the server gives the document that is committed', async () => {
  const answer = await fetch(`${world.server.url}/openapi.json`);

  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), openapi);
});

test('health, readiness and metrics answer without credentials', async () => {
  for (const path of ['/healthz', '/readyz', '/health']) assert.equal((await fetch(world.server.url + path)).status, 200, path);
  const metrics = await (await fetch(`${world.server.url}/metrics`)).text();
  assert.match(metrics, /^# HELP hermod_/m);
  assert.ok(!metrics.includes(tenant.id));
});

test('every answer has a request id of its own, or the one that was asked for', async () => {
  const [one, two] = [await tenant.raw('GET', '/api/v1/people'), await tenant.raw('GET', '/api/v1/people')];

  assert.notEqual(one.headers.get('x-request-id'), two.headers.get('x-request-id'));
});

/** What the server says to these bytes, until it closes or the answer is whole. */
async function bytes(text: string): Promise<string> {
  const { hostname, port } = new URL(world.server.url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => { answer += chunk; }).on('error', () => {});
  await once(socket, 'connect');
  socket.write(text);
  socket.setTimeout(15_000, () => socket.destroy());
  await once(socket, 'close');
  return answer;
}

const auth = () => `Host: h\r\nAuthorization: Bearer ${tenant.key}\r\nConnection: close\r\n`;
for (const [what, request] of [
  ['both a length and chunks', () => `POST /api/v1/people HTTP/1.1\r\n${auth()}Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two lengths', () => `POST /api/v1/people HTTP/1.1\r\n${auth()}Content-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
  ['a negative length', () => `POST /api/v1/people HTTP/1.1\r\n${auth()}Content-Type: application/json\r\nContent-Length: -1\r\n\r\n{}`],
  ['an unknown transfer coding', () => `POST /api/v1/people HTTP/1.1\r\n${auth()}Content-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['a space before a colon', () => `GET /api/v1/people HTTP/1.1\r\n${auth()}X-Odd : 1\r\n\r\n`],
  ['a folded header', () => `GET /api/v1/people HTTP/1.1\r\n${auth()}X-Odd: 1\r\n 2\r\n\r\n`],
  ['no HTTP at all', () => 'hello\r\n\r\n'],
  ['a NUL in the target', () => `GET /api/v1/people\0 HTTP/1.1\r\n${auth()}\r\n`],
] as const)
  test(`a request with ${what} is refused and its connection closed`, async () => {
    const answer = await bytes(request());

    assert.match(answer, /^HTTP\/1\.1 (400|411|501) /, answer.slice(0, 200));
    assert.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1);
  });

test('requests that are pipelined are answered in their order', async () => {
  const head = `Host: h\r\nAuthorization: Bearer ${tenant.key}\r\n`;
  const answer = await bytes(`GET /api/v1/people HTTP/1.1\r\n${head}\r\nGET /api/v1/nothing HTTP/1.1\r\n${head}\r\nGET /api/v1/accounts HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);

  assert.deepEqual(answer.match(/HTTP\/1\.1 \d{3}/g), ['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
});

test('a chunked body is read', async () => {
  const answer = await bytes(`POST /api/v1/people HTTP/1.1\r\n${auth()}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"name":\r\n6\r\n"Ana"}\r\n0\r\n\r\n`);

  assert.match(answer, /^HTTP\/1\.1 201 /);
});

test('a body above the limit is refused before it is read', async () => {
  const answer = await bytes(`POST /api/v1/people HTTP/1.1\r\n${auth()}Content-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{"name":`);

  assert.match(answer, /^HTTP\/1\.1 413 /, answer.slice(0, 200));
  assert.match(answer, /"code":"body_too_large"/);
});

test('headers beyond the limit are refused', async () => {
  const answer = await bytes(`GET /api/v1/people HTTP/1.1\r\n${auth()}X-Long: ${'a'.repeat(200_000)}\r\n\r\n`);

  assert.match(answer, /^HTTP\/1\.1 431 /, answer.slice(0, 100));
});
