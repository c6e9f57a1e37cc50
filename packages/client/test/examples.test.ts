import assert from 'node:assert/strict';
import { test } from 'node:test';
import { init } from '../src/index.ts';
import { errors, first, kinds, listening, lists } from './examples/examples.ts';
import { fakeServer, json, problem } from './fake-server.ts';

const message = { id: 'msg_1', status: 'queued' };

test('the first example sends a message', async () => {
  await using server = await fakeServer(json(202, message));

  assert.equal((await first(server.url, 'hk_test_x')).id, 'msg_1');
});

test('the example of recipients sends to three', async () => {
  await using server = await fakeServer(json(202, message));

  await kinds(init({ baseUrl: server.url }));

  assert.deepEqual(server.seen.map(({ url }) => url), ['/api/v1/messages', '/api/v1/messages', '/api/v1/messages?wait=10']);
});

test('the example of lists walks and pages', async () => {
  await using server = await fakeServer(json(200, { data: [{ name: 'Ana' }], next: null }), json(200, { data: [], next: 'c' }), json(200, { data: [], next: null }));

  const { names, following } = await lists(init({ baseUrl: server.url }));

  assert.deepEqual(names, ['Ana']);
  assert.equal(following?.next, null);
});

test('the example of listening sees statuses and keeps its place', async () => {
  const status = (name: string) => ({ cursor: `of ${name}`, type: 'message.status', data: { message: { id: 'msg_1', status: name } } });
  await using server = await fakeServer(json(200, { data: [status('sent')], next: 'c1' }), json(200, { data: [status('read')], next: 'c2' }));
  const saved: string[] = [];

  const seen = await listening(init({ baseUrl: server.url }), { load: () => 'start', save: (cursor) => saved.push(cursor) });

  assert.deepEqual(seen, ['msg_1 sent', 'msg_1 read']);
  assert.deepEqual(saved, ['of sent', 'c1', 'of read']);
});

test('the example of errors knows the code, names the field, or the request', async () => {
  await using server = await fakeServer(
    problem(422, 'invalid_phone_number'),
    json(422, { title: 'x', status: 422, code: 'invalid_body', errors: [{ field: 'to', message: 'is bad' }], request_id: 'r' }),
    problem(404, 'person_not_found'));
  const hermod = init({ baseUrl: server.url });

  assert.deepEqual(await errors(hermod), ['Please check the number.']);
  assert.deepEqual(await errors(hermod), ['to is bad']);
  assert.deepEqual(await errors(hermod), ['person_not_found, request req_1']);
});
