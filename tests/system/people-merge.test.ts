// Two people that turn out to be one: what follows the survivor, what goes back, and that many who
// say so at once leave one result.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Person } from '@hermod/client';
import { freshNumber, instantly, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
});
after(() => world?.stop());

const person = (body: Parameters<Tenant['hermod']['people']['create']>[0]): Promise<Person> => tenant.hermod.people.create(body);
const participantsOf = async (conversation: string) => (await tenant.hermod.conversations.participants.list(conversation).page()).data;

test('the survivor takes over fields, addresses and external id, and the merged id stands for them', async () => {
  const phone = freshNumber();
  const mail = `${phone.slice(1)}@example.com`;
  const survivor = await person({ name: 'Ana', attributes: { plan: 'gold' }, addresses: [{ kind: 'phone', value: phone }] });
  const other = await person({ name: 'A. Silva', external_id: `crm-${phone}`, attributes: { plan: 'free', city: 'Recife' }, addresses: [{ kind: 'email', value: mail }] });
  const log = tenant.log();
  await log.drain();

  const merged = await tenant.hermod.people.merge(survivor.id, { person_id: other.id });

  assert.equal(merged.id, survivor.id);
  assert.equal(merged.name, 'Ana');
  assert.equal(merged.kind, 'user');
  assert.equal(merged.external_id, `crm-${phone}`);
  assert.deepEqual(merged.attributes, { plan: 'gold', city: 'Recife' });
  assert.deepEqual(merged.addresses.map(({ value }) => value).sort(), [phone, mail].sort());
  const [event, ...more] = await log.drain();
  assert.equal(event?.type, 'person.merged');
  assert.deepEqual(event?.data, { person: merged, merged_person_id: other.id });
  assert.deepEqual(more, []);
  assert.deepEqual(await tenant.hermod.people.get(other.id), merged);
  assert.deepEqual((await tenant.hermod.people.list({ email: mail }).page()).data, [merged]);
  assert.equal((await tenant.hermod.people.upsert(`crm-${phone}`, { name: 'Ana S.' })).id, survivor.id);
  for await (const { id } of tenant.hermod.people.list({ limit: 200 })) assert.notEqual(id, other.id);
});

test('a second external id goes on finding the survivor', async () => {
  const survivor = await person({ external_id: 'both-1' });
  const other = await person({ external_id: 'both-2' });

  await tenant.hermod.people.merge(survivor.id, { person_id: other.id });

  assert.equal((await tenant.hermod.people.upsert('both-2', { name: 'One' })).id, survivor.id);
  assert.equal((await tenant.hermod.people.list({ external_id: 'both-2' }).page()).data[0]?.id, survivor.id);
  await assert.rejects(person({ external_id: 'both-2' }), { code: 'external_id_taken' });
});

test('what is undone goes back, and what is new stays', async () => {
  const phone = freshNumber();
  const later = freshNumber();
  const survivor = await person({ attributes: { plan: 'gold' } });
  const other = await person({ name: 'Bo', external_id: `undo-${phone}`, attributes: { city: 'Porto' }, addresses: [{ kind: 'phone', value: phone }] });
  await tenant.hermod.people.merge(survivor.id, { person_id: other.id });
  await tenant.hermod.people.addresses.create(survivor.id, { kind: 'phone', value: later });
  const log = tenant.log();
  await log.drain();

  const back = await tenant.hermod.people.unmerge(survivor.id, { person_id: other.id });

  assert.deepEqual({ ...back, updated_at: '' }, { ...other, updated_at: '' });
  const left = await tenant.hermod.people.get(survivor.id);
  assert.deepEqual({ name: left.name, kind: left.kind, external_id: left.external_id, attributes: left.attributes },
    { name: null, kind: 'contact', external_id: null, attributes: { plan: 'gold' } });
  assert.deepEqual(left.addresses.map(({ value, primary }) => [value, primary]), [[later, true]]);
  assert.deepEqual((await log.drain()).map(({ type, data }) => [type, data]),
    [['person.updated', { person: left }], ['person.unmerged', { person: back, survivor_person_id: survivor.id, aliases: [] }]]);
  await assert.rejects(tenant.hermod.people.unmerge(survivor.id, { person_id: other.id }), { code: 'not_merged', status: 409 });
});

test('who may not be merged is told', async () => {
  const one = await person({ name: 'One' });
  const owner = (await tenant.hermod.people.list({ kind: 'member' }).page()).data[0];
  assert.ok(owner);

  for (const [survivor, other, code] of [
    [one.id, one.id, 'invalid_body'],
    [one.id, tenant.bot, 'not_mergeable'],
    [tenant.bot, one.id, 'not_mergeable'],
    [one.id, owner.id, 'not_mergeable'],
  ] as const)
    await assert.rejects(tenant.hermod.people.merge(survivor, { person_id: other }), { code });
  await assert.rejects(tenant.hermod.people.unmerge(one.id, { person_id: owner.id }), { code: 'not_merged' });

  const kept = await tenant.hermod.people.merge(owner.id, { person_id: one.id });
  assert.equal(kept.kind, 'member');
});

test('messages, conversations and the next send follow the survivor', async () => {
  const account = await tenant.sandbox(instantly);
  const [phone, mobile] = [freshNumber(), freshNumber()];
  await tenant.hermod.sandbox.inbound({ account_id: account.id, from: mobile, text: 'hello' });
  const other = (await tenant.hermod.people.list({ phone: mobile }).page()).data[0];
  assert.ok(other);
  const external = (await tenant.hermod.conversations.list({ person_id: other.id }).page()).data[0];
  assert.ok(external);
  const survivor = await person({ name: 'Cy', addresses: [{ kind: 'phone', value: phone }] });
  const group = await tenant.hermod.conversations.create({ kind: 'group', participants: [{ person_id: survivor.id }, { person_id: other.id, role: 'admin' }] });
  await tenant.hermod.conversations.messages.create(group.id, { text: 'mine', from: { person_id: other.id } });

  await tenant.hermod.people.merge(survivor.id, { person_id: other.id });

  assert.deepEqual((await participantsOf(group.id)).map(({ person_id, role, joined_seq }) => ({ person_id, role, joined_seq })),
    [{ person_id: survivor.id, role: 'admin', joined_seq: 0 }]);
  const said = (await tenant.hermod.conversations.messages.list(group.id).page()).data[0];
  assert.deepEqual([said?.from.person_id, said?.from.name], [survivor.id, 'Cy']);
  const first = (await tenant.hermod.conversations.messages.list(external.id).page()).data[0];
  assert.equal(first?.from.person_id, survivor.id);
  // Both numbers, and a reply, reach the conversation that was there.
  assert.equal((await tenant.hermod.sendMessage(mobile, { text: 'x', account_id: account.id })).conversation_id, external.id);
  assert.equal((await tenant.hermod.sendMessage(phone, { text: 'x', account_id: account.id })).conversation_id, external.id);
  const reply = await tenant.hermod.conversations.messages.create(external.id, { text: 'x' });
  assert.equal(reply.to?.[0]?.address, mobile);
  await tenant.hermod.sandbox.inbound({ account_id: account.id, from: mobile, text: 'again' });
  assert.equal((await tenant.hermod.conversations.list({ account_id: account.id }).page()).data.length, 1);
});

test('a contact who turns out to be a member is still answered, and what each did is written down', async () => {
  const account = await tenant.sandbox(instantly);
  const phone = freshNumber();
  await tenant.hermod.sandbox.inbound({ account_id: account.id, from: phone, text: 'hello' });
  const contact = (await tenant.hermod.people.list({ phone }).page()).data[0];
  const owner = (await tenant.hermod.people.list({ kind: 'member' }).page()).data[0];
  assert.ok(contact && owner);
  const chat = (await tenant.hermod.conversations.list({ account_id: account.id }).page()).data[0];
  assert.ok(chat);

  await tenant.hermod.people.merge(owner.id, { person_id: contact.id });

  const reply = await tenant.hermod.conversations.messages.create(chat.id, { text: 'so it is you' });
  assert.deepEqual([reply.to?.[0]?.person_id, reply.to?.[0]?.address], [owner.id, phone]);
  await tenant.hermod.people.unmerge(owner.id, { person_id: contact.id });
  const entries = (await tenant.hermod.auditLog.list({ limit: 200 }).page()).data;
  for (const [action, target] of [['person.merged', owner.id], ['person.unmerged', contact.id]]) {
    const entry = entries.find((one) => one.action === action && one.target === target);
    assert.deepEqual([entry?.actor.kind, entry?.actor.person_id], ['api_key', tenant.bot], `${action} of ${target}`);
  }
});

test('who was away is told whom ids stand for, and a token that acts for another says so', async () => {
  const { hermod } = tenant;
  const [gone, here, friend] = await Promise.all(['gone', 'here', 'friend'].map((name) => person({ name, external_id: `sync-${name}` })));
  assert.ok(gone && here && friend);
  const room = await hermod.conversations.create({ kind: 'group', participants: [{ person_id: gone.id }, { person_id: friend.id }] });
  const said = await hermod.conversations.messages.create(room.id, { text: 'hi', from: { person_id: gone.id } });
  const stranger = await person({ name: 'stranger', external_id: 'sync-stranger' });
  const [ofFriend, ofGone, ofStranger] = await Promise.all([friend, gone, stranger].map(async ({ id }) =>
    world.client({ accessToken: (await hermod.people.createToken(id)).token ?? '' })));
  assert.ok(ofFriend && ofGone && ofStranger);
  const before = await ofFriend.sync();
  const own = await ofGone.sync();
  assert.equal(own.person_id, gone.id);

  await hermod.people.merge(here.id, { person_id: gone.id });

  const told = [{ person_id: gone.id, merged_into: here.id, name: 'here' }, { person_id: here.id, merged_into: null, name: 'here' }];
  const byId = (a: { name: string | null; merged_into: string | null }, b: typeof a) => String(b.merged_into).localeCompare(String(a.merged_into));
  assert.deepEqual((await ofFriend.sync({ after: before.cursor })).people.sort(byId), [...told].sort(byId));
  assert.deepEqual((await ofStranger.sync({ after: before.cursor })).people, []);
  const actsAs = async (id: string) => {
    const deadline = Date.now() + 1000;
    while ((await ofGone.sync({ after: own.cursor })).person_id !== id) assert.ok(Date.now() < deadline, 'not within a second');
  };
  await actsAs(here.id);
  assert.deepEqual((await ofGone.sync()).people, [told[0]], 'one\'s own other id');
  assert.deepEqual((await ofFriend.sync()).people, [], 'who begins holds nothing of others');
  const now = await hermod.messages.get(said.id);
  assert.deepEqual([now.from.person_id, now.from.name, now.written_as], [here.id, 'here', gone.id]);
  await hermod.people.unmerge(here.id, { person_id: gone.id });
  await actsAs(gone.id);
  assert.deepEqual((await hermod.messages.get(said.id)).from, said.from);
  const later = await ofFriend.sync({ after: before.cursor });
  assert.deepEqual(later.people.find(({ person_id }) => person_id === gone.id), { person_id: gone.id, merged_into: null, name: 'gone' });
});

test('more conversations than one transaction carries are moved, and moved back', async () => {
  const survivor = await person({ name: 'Many' });
  const other = await person({ name: 'Too many' });
  const made = await Promise.all(Array.from({ length: 60 }, () =>
    tenant.hermod.conversations.create({ kind: 'group', participants: [{ person_id: other.id }] })));
  const settled = async (id: string, where: number) => {
    for (;;) {
      const held = await Promise.all(made.map((one) => participantsOf(one.id)));
      assert.ok(held.every((people) => people.length === 1));
      if (held.filter(([one]) => one?.person_id === id).length === where) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  await tenant.hermod.people.merge(survivor.id, { person_id: other.id });
  await settled(survivor.id, 60);
  for (;;)
    try {
      await tenant.hermod.people.unmerge(survivor.id, { person_id: other.id });
      break;
    } catch (error) {
      assert.equal((error as { code: string }).code, 'merge_in_progress');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  await settled(other.id, 60);
});

test('a hundred clients that merge the same two leave one merge', async () => {
  const survivor = await person({ name: 'S' });
  const other = await person({ name: 'O' });
  const log = tenant.log();
  await log.drain();

  const answers = await Promise.all(Array.from({ length: 100 }, () => tenant.hermod.people.merge(survivor.id, { person_id: other.id })));

  assert.deepEqual(new Set(answers.map(({ id }) => id)), new Set([survivor.id]));
  assert.deepEqual((await log.drain()).map(({ type }) => type), ['person.merged']);
});

test('a hundred clients that merge in a circle leave one person, made of all', async () => {
  const phones = Array.from({ length: 5 }, () => freshNumber());
  const people = await Promise.all(phones.map((value, at) => person({ name: `P${at}`, addresses: [{ kind: 'phone', value }] })));
  const log = tenant.log();
  await log.drain();

  await Promise.all(Array.from({ length: 100 }, (_, at) => {
    const from = people[at % 5];
    const into = people[(at + 1) % 5];
    return tenant.hermod.people.merge(into?.id ?? '', { person_id: from?.id ?? '' });
  }));

  const now = await Promise.all(people.map(({ id }) => tenant.hermod.people.get(id)));
  assert.equal(new Set(now.map(({ id }) => id)).size, 1);
  assert.deepEqual(now[0]?.addresses.map(({ value }) => value).sort(), phones.sort());
  assert.deepEqual((await log.drain()).map(({ type }) => type), Array.from({ length: 4 }, () => 'person.merged'));
});

test('a hundred clients that make the same person make one', async () => {
  const account = await tenant.sandbox(instantly);
  const phone = freshNumber();
  const log = tenant.log();
  await log.drain();
  const hundred = <T>(call: (at: number) => Promise<T>) => Promise.allSettled(Array.from({ length: 100 }, (_, at) => call(at)));

  const upserts = await hundred(() => tenant.hermod.people.upsert('once', { name: 'Once' }));
  const creates = await hundred(() => person({ external_id: 'once-more', name: 'Once' }));
  const sends = await hundred(() => tenant.hermod.sendMessage(phone, { text: 'x', account_id: account.id }));

  assert.equal(new Set(upserts.map((one) => one.status === 'fulfilled' && one.value.id)).size, 1);
  assert.equal(creates.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const one of creates) if (one.status === 'rejected') assert.equal(one.reason.code, 'external_id_taken');
  assert.equal(new Set(sends.map((one) => one.status === 'fulfilled' && one.value.to?.[0]?.person_id)).size, 1);
  assert.equal((await log.drain()).filter(({ type }) => type === 'person.created').length, 3);
});
