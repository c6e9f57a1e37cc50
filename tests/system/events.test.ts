import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EventLog } from '../harness/event-log.ts';
import { eventsDocument } from '../harness/contract.ts';
import { startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
});
after(() => world?.stop());

test('the log has no gap from its floor to its head, in order', async () => {
  const own = await world.tenant();
  await Promise.all(Array.from({ length: 30 }, (_, at) => own.hermod.people.create({ name: `P${at}` })));

  const events = await own.log().drain();

  assert.deepEqual(events.map(({ offset }) => offset), events.map((_, at) => at + 1));
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length);
  assert.equal(events.filter(({ type }) => type === 'person.created').length, 32);
});

test('every cursor continues right behind its event', async () => {
  const own = await world.tenant();
  for (let at = 0; at < 5; ++at) await own.hermod.people.create({ name: `P${at}` });
  const events = await own.log().drain();

  for (const [at, event] of events.entries()) {
    const rest = await own.log(event.cursor).drain();
    assert.deepEqual(rest.map(({ offset }) => offset), events.slice(at + 1).map(({ offset }) => offset));
  }
});

test('pages hold at most the limit and lead through the whole log', async () => {
  const own = await world.tenant();
  for (let at = 0; at < 9; ++at) await own.hermod.people.create({ name: `P${at}` });
  const all = await own.log().drain();
  const seen: number[] = [];

  for (let after = 'start'; ;) {
    const page = await own.hermod.events.page({ after, limit: 4 });
    assert.ok(page.data.length <= 4);
    seen.push(...page.data.map(({ offset }) => offset));
    if (page.data.length === 0) break;
    after = page.next;
  }

  assert.deepEqual(seen, all.map(({ offset }) => offset));
});

test('without a cursor one starts at the head', async () => {
  await tenant.hermod.people.create({ name: 'before' });

  const page = await tenant.hermod.events.page();
  const made = await tenant.hermod.people.create({ name: 'after' });
  const next = await tenant.hermod.events.page({ after: page.next });

  assert.deepEqual(page.data, []);
  assert.deepEqual(next.data.map(({ data }) => data), [{ person: made }]);
});

test('a waiting request is answered as soon as something happens', async () => {
  const { next } = await tenant.hermod.events.page();
  const started = performance.now();

  const waiting = tenant.hermod.events.page({ after: next, wait: 20 });
  const made = await tenant.hermod.people.create({ name: 'wake' });
  const page = await waiting;

  assert.deepEqual(page.data[0]?.data, { person: made });
  assert.ok(performance.now() - started < 10_000);
});

test('a waiting request in which nothing happens answers with nothing and where to go on', async () => {
  const own = await world.tenant();
  const { next } = await own.hermod.events.page();

  const page = await own.hermod.events.page({ after: next, wait: 1 });

  assert.deepEqual(page.data, []);
  assert.ok(page.next);
});

test('fifty waiting requests each get the event', async () => {
  const { next } = await tenant.hermod.events.page();
  const waiting = Array.from({ length: 50 }, () => tenant.hermod.events.page({ after: next, wait: 20 }));

  const made = await tenant.hermod.people.create({ name: 'all' });

  for (const page of await Promise.all(waiting)) assert.deepEqual(page.data[0]?.data, { person: made });
});

test('listening through the SDK meets every event once', async () => {
  const own = await world.tenant();
  const { next } = await own.hermod.events.page();
  const names: (string | null)[] = [];

  const adding = (async () => {
    for (let at = 0; at < 10; ++at) await own.hermod.people.create({ name: `L${at}` });
  })();
  for await (const event of own.hermod.events.listen({ after: next })) {
    if (event.type === 'person.created') names.push(event.data.person.name);
    if (names.length === 10) break;
  }
  await adding;

  assert.deepEqual(names, Array.from({ length: 10 }, (_, at) => `L${at}`));
});

test("another workspace's events are not there, whatever the cursor", async () => {
  const [mine, theirs] = [await world.tenant(), await world.tenant()];
  const hidden = await theirs.hermod.people.create({ name: 'Hidden' });
  const foreignCursor = (await theirs.log().drain())[0]?.cursor ?? '';

  const events = await mine.log().drain();
  const byForeign = await mine.raw('GET', `/api/v1/events?after=${encodeURIComponent(foreignCursor)}`);

  assert.ok(!JSON.stringify(events).includes(hidden.id));
  assert.ok(!byForeign.text.includes(hidden.id));
  assert.ok([200, 410].includes(byForeign.status));
});

test('a key sees what its scopes give, and its cursor moves on past the rest', async () => {
  const own = await world.tenant();
  const reader = await own.clientWith(['events:read', 'people:read']);
  const log = new EventLog(reader);
  await own.sandbox();
  const made = await own.hermod.people.create({ name: 'seen' });

  const events = await log.drain();
  const head = (await own.log().drain()).at(-1);

  assert.ok(events.length > 0);
  for (const { type } of events) assert.match(type, /^person\./);
  assert.ok(events.some(({ data }) => JSON.stringify(data).includes(made.id)));
  const rest = await new EventLog(own.hermod, log.cursor).drain();
  assert.deepEqual(rest, [], `the cursor stands behind ${head?.offset}`);
});

test('a cursor of another epoch is expired', async () => {
  const elsewhere = await startWorld();
  try {
    const foreign = await elsewhere.tenant();
    const cursor = (await foreign.log().drain())[0]?.cursor ?? '';

    await assert.rejects(tenant.hermod.events.page({ after: cursor }), { code: 'cursor_expired', status: 410 });
  } finally {
    await elsewhere.stop();
  }
});

for (const after of ['x', '%20', '0', '-1', 'startx', 'a'.repeat(300), 'AAAAAAAA'])
  test(`${after.slice(0, 20)} is no cursor`, async () => {
    const answer = await tenant.raw('GET', `/api/v1/events?after=${after}`);

    assert.ok(['invalid_cursor', 'invalid_query', 'cursor_expired'].includes(answer.body.code), answer.text);
  });

for (const query of ['wait=-1', 'wait=x', 'wait=99999', 'limit=0', 'limit=1000', 'since=1'])
  test(`GET /events?${query} is refused`, async () => {
    assert.equal((await tenant.raw('GET', `/api/v1/events?${query}`)).body.code, 'invalid_query');
  });

test('the types are documented with the schemas that api/events.json has', async () => {
  const { data } = await tenant.hermod.events.types();

  assert.deepEqual(data.map(({ name }) => name).sort(), eventsDocument.types.map(({ name }) => name).sort());
  for (const { summary } of data) assert.ok(summary.length > 10);
});

test('a client that leaves while it waits costs the next one nothing', async () => {
  const { next } = await tenant.hermod.events.page();
  for (let at = 0; at < 20; ++at) {
    const leaving = new AbortController();
    const waiting = tenant.hermod.events.page({ after: next, wait: 20 }, { signal: leaving.signal });
    setTimeout(() => leaving.abort(), 5);
    await assert.rejects(waiting);
  }

  const made = await tenant.hermod.people.create({ name: 'still here' });
  assert.deepEqual((await tenant.hermod.events.page({ after: next, wait: 5 })).data[0]?.data, { person: made });
});
