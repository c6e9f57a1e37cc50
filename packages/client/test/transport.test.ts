import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HermodError, init, sendMessage, type ClientOptions } from '../src/index.ts';
import { fakeServer, hangUp, json, problem, silence } from './fake-server.ts';

const fast = { baseDelayMs: 1, maxDelayMs: 2000 };
const client = (baseUrl: string, options: Partial<ClientOptions> = {}) =>
  init({ baseUrl, apiKey: 'hk_test_x', retry: fast, ...options });
const message = { id: 'msg_1', status: 'queued' };

test('sendMessage posts the text to the address with the key and the workspace', async () => {
  await using server = await fakeServer(json(202, message));

  const sent = await client(`${server.url}/`, { workspace: 'wsp_1' }).sendMessage('+12025550100', 'hello', 'sandbox');

  assert.equal(sent.id, 'msg_1');
  const [request] = server.seen;
  assert.equal(`${request?.method} ${request?.url}`, 'POST /api/v1/messages');
  assert.deepEqual(JSON.parse(request?.body ?? ''), { to: '+12025550100', text: 'hello', connector: 'sandbox' });
  assert.equal(request?.headers.authorization, 'Bearer hk_test_x');
  assert.equal(request?.headers['hermod-workspace'], 'wsp_1');
  assert.equal(request?.headers['content-type'], 'application/json');
});

test('sendMessage takes a message object, and wait goes into the query', async () => {
  await using server = await fakeServer(json(202, message));

  await client(server.url).sendMessage({ email: 'ana@example.com' }, { text: 'hi', subject: 'Hello', wait: 5 });

  assert.equal(server.seen[0]?.url, '/api/v1/messages?wait=5');
  assert.deepEqual(JSON.parse(server.seen[0]?.body ?? ''), { to: { email: 'ana@example.com' }, text: 'hi', subject: 'Hello' });
});

test('the bare sendMessage uses the client made last', async () => {
  await using server = await fakeServer(json(202, message));
  client(server.url);

  await sendMessage('+12025550100', 'hello');

  assert.equal(server.seen.length, 1);
});

for (const [name, answer] of [
  ['a lost connection', hangUp],
  ['408', problem(408, 'request_timeout')],
  ['429', problem(429, 'rate_limited')],
  ['502 of a proxy', json(502, 'Bad gateway')],
  ['503', problem(503, 'overloaded')],
  ['504', json(504, 'Gateway timeout')],
] as const) {
  test(`after ${name} a POST is sent again under the same idempotency key`, async () => {
    await using server = await fakeServer(answer, answer, json(202, message));

    const sent = await client(server.url).sendMessage('+12025550100', 'hello');

    assert.equal(sent.id, 'msg_1');
    assert.equal(server.seen.length, 3);
    const keys = new Set(server.seen.map(({ headers }) => headers['idempotency-key']));
    assert.equal(keys.size, 1);
    assert.match([...keys][0] as string, /^[0-9a-f-]{36}$/);
  });
}

test('two calls have two idempotency keys', async () => {
  await using server = await fakeServer(json(202, message));
  const hermod = client(server.url);

  await hermod.sendMessage('+12025550100', 'hello');
  await hermod.sendMessage('+12025550100', 'hello');

  assert.notEqual(server.seen[0]?.headers['idempotency-key'], server.seen[1]?.headers['idempotency-key']);
});

test('an idempotency key of the caller is the one that is sent', async () => {
  await using server = await fakeServer(json(202, message));

  await client(server.url).sendMessage('+12025550100', 'hello', undefined, { idempotencyKey: 'order-7' });

  assert.equal(server.seen[0]?.headers['idempotency-key'], 'order-7');
});

for (const status of [400, 401, 403, 404, 409, 410, 422, 500])
  test(`a ${status} is not tried again`, async () => {
    await using server = await fakeServer(problem(status, 'internal'));

    await assert.rejects(client(server.url).sendMessage('+12025550100', 'hello'), { status });

    assert.equal(server.seen.length, 1);
  });

test('it gives up after the retries and throws the last error', async () => {
  await using server = await fakeServer(problem(503, 'storage_unavailable'));

  await assert.rejects(client(server.url, { retry: { ...fast, retries: 2 } }).people.list().page(),
    { code: 'storage_unavailable', status: 503 });

  assert.equal(server.seen.length, 3);
});

test('Retry-After is waited for', async () => {
  await using server = await fakeServer(problem(429, 'rate_limited', { 'retry-after': '1' }), json(202, message));
  const before = performance.now();

  await client(server.url).sendMessage('+12025550100', 'hello');

  assert.ok(performance.now() - before >= 990);
});

test('a Retry-After beyond patience is reported instead', async () => {
  await using server = await fakeServer(problem(429, 'rate_limited', { 'retry-after': '3600' }));

  await assert.rejects(client(server.url).sendMessage('+12025550100', 'hello'), { code: 'rate_limited', retryAfter: 3600 });

  assert.equal(server.seen.length, 1);
});

test('a PATCH whose outcome is unknown is not repeated', async () => {
  await using server = await fakeServer(hangUp);

  await assert.rejects(client(server.url).people.update('per_1', { name: 'Ana' }), { code: 'connection_failed', status: 0 });

  assert.equal(server.seen.length, 1);
});

test('a PATCH that was refused for now is repeated', async () => {
  await using server = await fakeServer(problem(429, 'rate_limited'), json(200, { id: 'per_1' }));

  await client(server.url).people.update('per_1', { name: 'Ana' });

  assert.equal(server.seen.length, 2);
});

test('registering has no idempotency key and is not repeated when its outcome is unknown', async () => {
  await using server = await fakeServer(hangUp);
  const body = { email: 'a@example.com', password: 'correct horse battery', name: 'A', workspace_name: 'W' };

  await assert.rejects(client(server.url).auth.register(body), { code: 'connection_failed' });

  assert.equal(server.seen.length, 1);
  assert.equal(server.seen[0]?.headers['idempotency-key'], undefined);
});

test('a deletion whose first answer was lost has succeeded when the second finds nothing', async () => {
  await using server = await fakeServer(hangUp, problem(404, 'person_not_found'));

  await client(server.url).people.delete('per_1');

  assert.equal(server.seen.length, 2);
});

test('a deletion of what is not there is an error', async () => {
  await using server = await fakeServer(problem(404, 'person_not_found'));

  await assert.rejects(client(server.url).people.delete('per_1'), { code: 'person_not_found' });
});

test('a try that takes too long ends as timed_out', async () => {
  await using server = await fakeServer(silence);

  await assert.rejects(client(server.url, { timeoutMs: 30, retry: { ...fast, retries: 1 } }).people.list().page(), { code: 'timed_out' });

  assert.equal(server.seen.length, 2);
});

test("the caller's signal ends a call under way with its own reason", async () => {
  await using server = await fakeServer(silence);
  const controller = new AbortController();
  const reason = new Error('the user left');
  const call = client(server.url).people.list({}, { signal: controller.signal }).page();

  await server.requests(1);
  controller.abort(reason);

  await assert.rejects(call, reason);
  assert.equal(server.seen.length, 1);
});

test("the caller's signal ends the wait before another try", async () => {
  await using server = await fakeServer(problem(429, 'rate_limited', { 'retry-after': '2' }));
  const controller = new AbortController();
  const call = client(server.url).sendMessage('+12025550100', 'hello', undefined, { signal: controller.signal });

  await server.requests(1);
  controller.abort();

  await assert.rejects(call, { name: 'AbortError' });
});

test('a signal that was aborted before sends nothing', async () => {
  await using server = await fakeServer(json(202, message));

  await assert.rejects(client(server.url).sendMessage('+1', 'x', undefined, { signal: AbortSignal.abort() }), { name: 'AbortError' });

  assert.equal(server.seen.length, 0);
});

test('an error has everything the problem says', async () => {
  const body = { type: 'x', title: 'A field is not valid', status: 422, code: 'invalid_body', detail: null,
    errors: [{ field: 'to.phone', message: 'must be a string' }], request_id: 'req_9' };
  await using server = await fakeServer(json(422, body, { 'content-type': 'application/problem+json' }));

  const error: unknown = await client(server.url).sendMessage('+1', 'x').catch((caught: unknown) => caught);

  assert.ok(error instanceof HermodError);
  assert.equal(error.code, 'invalid_body');
  assert.equal(error.status, 422);
  assert.equal(error.requestId, 'req_9');
  assert.deepEqual(error.errors, body.errors);
  assert.equal(error.message, 'A field is not valid: to.phone must be a string');
});

test('an error says a thing once: its title, what goes beyond it, and the fields', async () => {
  const body = { title: 'A title', status: 422, code: 'invalid_body', errors: [{ field: 'to', message: 'is bad' }], request_id: 'r' };
  await using server = await fakeServer(json(422, body), json(422, { ...body, detail: 'A title' }), json(422, { ...body, detail: 'More' }));
  const message = async () => {
    try {
      await client(server.url).people.get('per_1');
    } catch (error) {
      return (error as Error).message;
    }
    return null;
  };

  assert.equal(await message(), 'A title: to is bad');
  assert.equal(await message(), 'A title: to is bad');
  assert.equal(await message(), 'A title: More: to is bad');
});

test('init without an address says what it needs', () => {
  assert.throws(() => init({} as ClientOptions), { name: 'TypeError', message: /baseUrl/ });
  assert.throws(() => init(undefined as unknown as ClientOptions), { name: 'TypeError', message: /baseUrl/ });
});

test('an error page of somebody else becomes bad_response with its status', async () => {
  await using server = await fakeServer((response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>no</h1>'));

  await assert.rejects(client(server.url).people.get('per_1'), { code: 'bad_response', status: 404 });
});

test('a success that is not JSON becomes bad_response', async () => {
  await using server = await fakeServer((response) => response.end('<h1>welcome</h1>'));

  await assert.rejects(client(server.url).people.get('per_1'), { code: 'bad_response', status: 200 });
});

test('path values are encoded and an empty one is refused', async () => {
  await using server = await fakeServer(json(200, {}));
  const hermod = client(server.url);

  await hermod.people.upsert('a/b ?#', {});

  assert.equal(server.seen[0]?.url, '/api/v1/people/by_external_id/a%2Fb%20%3F%23');
  for (const bad of ['', '.', '..'])
    await assert.rejects(hermod.people.get(bad), TypeError);
  assert.equal(server.seen.length, 1);
});

test('an access token may be a function, asked for every try', async () => {
  await using server = await fakeServer(problem(503, 'overloaded'), json(200, {}));
  let asked = 0;
  const hermod = init({ baseUrl: server.url, accessToken: () => `token-${++asked}`, retry: fast });

  await hermod.people.get('per_1');

  assert.deepEqual(server.seen.map(({ headers }) => headers.authorization), ['Bearer token-1', 'Bearer token-2']);
});

test('a 204 answers undefined', async () => {
  await using server = await fakeServer((response) => response.writeHead(204).end());

  assert.equal(await client(server.url).people.delete('per_1'), undefined);
});
