import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freshNumber, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;
let other: Tenant;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
  other = await world.tenant();
});
after(() => world?.stop());

test('a person is made, read, changed and deleted, each with its event', async () => {
  const log = tenant.log();
  await log.drain();

  const made = await tenant.hermod.people.create({ name: 'Ana', attributes: { plan: 'gold' } });
  assert.equal(made.kind, 'contact');
  assert.deepEqual(await tenant.hermod.people.get(made.id), made);
  const changed = await tenant.hermod.people.update(made.id, { name: 'Ana Maria', attributes: { plan: 'silver' } });
  assert.deepEqual(changed.attributes, { plan: 'silver' });
  assert.equal((await tenant.hermod.people.update(made.id, { name: null })).name, null);
  const before = (await log.drain()).filter((event) => JSON.stringify(event.data).includes(made.id));
  assert.deepEqual(before.map(({ type }) => type), ['person.created', 'person.updated', 'person.updated']);
  assert.deepEqual(before[0]?.data, { person: made });

  await tenant.hermod.people.delete(made.id);

  await assert.rejects(tenant.hermod.people.get(made.id), { code: 'person_not_found' });
  assert.deepEqual((await log.drain()).map(({ type }) => type), ['person.deleted']);
  const whole = (await tenant.hermod.events.page({ after: 'start', limit: 200 })).data
    .filter((event) => JSON.stringify(event.data).includes(made.id));
  assert.equal(whole.length, 4);
  assert.ok(!JSON.stringify(whole).includes('Ana') && !JSON.stringify(whole).includes('gold'));
});

test('a person with an external id is a user, and the id is taken once', async () => {
  const made = await tenant.hermod.people.create({ external_id: 'customer-1' });

  assert.equal(made.kind, 'user');
  await assert.rejects(tenant.hermod.people.create({ external_id: 'customer-1' }), { code: 'external_id_taken', status: 409 });
  assert.equal((await other.hermod.people.create({ external_id: 'customer-1' })).external_id, 'customer-1');
});

test('upserting by external id makes the person once, then changes it', async () => {
  const first = await tenant.raw('PUT', '/api/v1/people/by_external_id/u%2F1%20%C3%A4', { json: { name: 'Bo' } });
  const again = await tenant.raw('PUT', '/api/v1/people/by_external_id/u%2F1%20%C3%A4', { json: { attributes: { a: 1 } } });

  assert.ok(first.status === 201 || first.status === 200);
  assert.equal(first.body.external_id, 'u/1 ä');
  assert.equal(again.status, 200);
  assert.equal(again.body.id, first.body.id);
  assert.equal(again.body.name, 'Bo');
  assert.deepEqual(again.body.attributes, { a: 1 });
});

test('many upserts of one external id at once make one person', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, (_, at) => tenant.hermod.people.upsert('race', { name: `N${at}` })));

  assert.equal(new Set(all.map(({ id }) => id)).size, 1);
});

test('phone numbers are kept as E.164, and one belongs to one person', async () => {
  const made = await tenant.hermod.people.create({ addresses: [{ kind: 'phone', value: '+1 (202) 555-0188' }] });

  assert.equal(made.addresses[0]?.value, '+12025550188');
  assert.equal(made.addresses[0]?.primary, true);
  await assert.rejects(tenant.hermod.people.create({ addresses: [{ kind: 'phone', value: '+12025550188' }] }), { code: 'address_taken', status: 409 });
  await other.hermod.people.create({ addresses: [{ kind: 'phone', value: '+12025550188' }] });
});

test('a Brazilian mobile with and without its ninth digit is one address', async () => {
  const made = await tenant.hermod.people.create({ addresses: [{ kind: 'phone', value: '+5511987654321' }] });

  await assert.rejects(tenant.hermod.people.create({ addresses: [{ kind: 'phone', value: '+551187654321' }] }), { code: 'address_taken' });
  const account = await tenant.sandbox();
  const sent = await tenant.hermod.sendMessage('+551187654321', { text: 'oi', account_id: account.id });
  assert.equal(sent.to?.[0]?.person_id, made.id);
});

for (const value of ['12025550100', '+1', '+1202555010012345678', 'call me', '+१२०२५५५०१००x', ''])
  test(`${JSON.stringify(value)} is not a phone number`, async () => {
    const answer = await tenant.raw('POST', '/api/v1/people', { json: { addresses: [{ kind: 'phone', value }] } });

    assert.equal(answer.status, 422);
    assert.ok(['invalid_phone_number', 'invalid_body'].includes(answer.body.code), answer.text);
    assert.match(answer.body.errors[0].field, /addresses\[0\]\.value/);
  });

test('a number of a range that no table knows yet is taken', async () => {
  const made = await tenant.hermod.people.create({ addresses: [{ kind: 'phone', value: '+12000000000' }] });

  assert.equal(made.addresses[0]?.value, '+12000000000');
});

test('addresses are added, listed and taken away', async () => {
  const person = await tenant.hermod.people.create({ name: 'Cy' });

  const phone = await tenant.hermod.people.addresses.create(person.id, { kind: 'phone', value: freshNumber() });
  const mail = await tenant.hermod.people.addresses.create(person.id, { kind: 'email', value: 'Cy@Example.com' });
  const listed: string[] = [];
  for await (const { id } of tenant.hermod.people.addresses.list(person.id)) listed.push(id);
  await tenant.hermod.people.addresses.delete(person.id, phone.id);

  assert.deepEqual(listed.sort(), [phone.id, mail.id].sort());
  assert.deepEqual((await tenant.hermod.people.get(person.id)).addresses.map(({ id }) => id), [mail.id]);
  await assert.rejects(tenant.hermod.people.addresses.delete(person.id, phone.id), { code: 'address_not_found' });
});

test('a list is walked page by page without a gap or a double, while people are added', async () => {
  const busy = await world.tenant();
  for (let at = 0; at < 12; ++at) await busy.hermod.people.create({ name: `P${at}` });
  const seen: string[] = [];

  for await (const page of busy.hermod.people.list({ limit: 5 }).pages()) {
    assert.ok(page.data.length <= 5);
    seen.push(...page.data.map(({ id }) => id));
    if (seen.length === 5) await busy.hermod.people.create({ name: 'late' });
  }

  assert.equal(new Set(seen).size, seen.length);
  assert.ok(seen.length >= 14);
});

test('lists refuse bad limits and cursors', async () => {
  for (const query of ['limit=0', 'limit=201', 'limit=x', 'limit=1&limit=2', 'nonsense=1'])
    assert.equal((await tenant.raw('GET', `/api/v1/people?${query}`)).body.code, 'invalid_query', query);
  for (const cursor of ['x', 'AAAA', '%20', 'a'.repeat(400)])
    assert.ok(['invalid_cursor', 'invalid_query'].includes((await tenant.raw('GET', `/api/v1/people?cursor=${cursor}`)).body.code), cursor);
});

test("another workspace's person does not exist", async () => {
  const foreign = await other.hermod.people.create({ name: 'Hidden' });

  await assert.rejects(tenant.hermod.people.get(foreign.id), { code: 'person_not_found', status: 404 });
  await assert.rejects(tenant.hermod.people.update(foreign.id, { name: 'x' }), { code: 'person_not_found' });
  await assert.rejects(tenant.hermod.people.delete(foreign.id), { code: 'person_not_found' });
  await assert.rejects(tenant.hermod.people.addresses.create(foreign.id, { kind: 'email', value: 'x@example.com' }), { code: 'person_not_found' });
  assert.equal((await other.hermod.people.get(foreign.id)).name, 'Hidden');
});
