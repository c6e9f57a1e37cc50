import assert from 'node:assert/strict';
import { test } from 'node:test';
import { init } from '../src/index.ts';
import { fakeServer, hangUp, json, problem, silence } from './fake-server.ts';

const event = (offset: number) => ({ offset, cursor: `c${offset}`, type: 'message.created', data: {} });

test('listening asks for the end first and then waits behind it', async () => {
  await using server = await fakeServer(json(200, { data: [], next: 'c4' }), json(200, { data: [event(5), event(6)], next: 'c6' }), silence);
  const offsets: number[] = [];

  for await (const { offset } of init({ baseUrl: server.url }).events.listen({ waitSeconds: 7 })) {
    offsets.push(offset);
    if (offset === 6) break;
  }

  assert.deepEqual(offsets, [5, 6]);
  assert.deepEqual(server.seen.map(({ url }) => url), ['/api/v1/events?wait=0', '/api/v1/events?after=c4&wait=7']);
});

test('every new cursor is reported, also of an empty page', async () => {
  await using server = await fakeServer(json(200, { data: [], next: 'c1' }), json(200, { data: [], next: 'c2' }),
    json(200, { data: [], next: 'c2' }), json(200, { data: [event(3)], next: 'c3' }));
  const cursors: string[] = [];

  for await (const _ of init({ baseUrl: server.url }).events.listen({ after: 'start', onCursor: (cursor) => cursors.push(cursor) })) break;

  assert.deepEqual(cursors, ['c1', 'c2']);
});

test('each event is reported when the next is asked for, and what lies behind the last one', async () => {
  await using server = await fakeServer(json(200, { data: [event(5), event(6)], next: 'c9' }), json(200, { data: [], next: 'c9' }), silence);
  const cursors: string[] = [];
  const controller = new AbortController();
  const listening = init({ baseUrl: server.url }).events.listen({ after: 'c4', signal: controller.signal, onCursor: (cursor) => cursors.push(cursor) });

  await listening.next();
  assert.deepEqual(cursors, []);
  await listening.next();
  assert.deepEqual(cursors, ['c5']);
  const waiting = listening.next();
  await server.requests(3);
  assert.deepEqual(cursors, ['c5', 'c6', 'c9']);
  controller.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
});

test('an event whose handling failed is not reported, so it comes again', async () => {
  await using server = await fakeServer(json(200, { data: [event(5), event(6)], next: 'c6' }));
  const cursors: string[] = [];

  await assert.rejects(async () => {
    for await (const { offset } of init({ baseUrl: server.url }).events.listen({ after: 'c4', onCursor: (cursor) => cursors.push(cursor) }))
      if (offset === 6) throw new Error('handler');
  }, { message: 'handler' });

  assert.deepEqual(cursors, ['c5']);
});

test('a lost connection and a restarting server are waited out at the same place', async () => {
  await using server = await fakeServer(hangUp, problem(503, 'draining', { 'retry-after': '0' }), json(200, { data: [event(9)], next: 'c9' }));
  const listening = init({ baseUrl: server.url }).events.listen({ after: 'c8' });

  const { value } = await listening.next();

  assert.equal(value?.offset, 9);
  assert.deepEqual(server.seen.map(({ url }) => url), Array(3).fill('/api/v1/events?after=c8&wait=25'));
});

test('an expired cursor ends it', async () => {
  await using server = await fakeServer(problem(410, 'cursor_expired'));

  await assert.rejects(init({ baseUrl: server.url }).events.listen({ after: 'old' }).next(), { code: 'cursor_expired' });

  assert.equal(server.seen.length, 1);
});

test('an aborted signal ends it while it waits', async () => {
  await using server = await fakeServer(silence);
  const controller = new AbortController();
  const waiting = init({ baseUrl: server.url }).events.listen({ after: 'c1', signal: controller.signal }).next();

  await server.requests(1);
  controller.abort();

  await assert.rejects(waiting, { name: 'AbortError' });
});
