import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;
let other: Tenant;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
  other = await world.tenant();
});
after(() => world?.stop());

const person = (name: string) => tenant.hermod.people.create({ name });
const participantsOf = async (conversation: string) => {
  const ids: string[] = [];
  for await (const { person_id } of tenant.hermod.conversations.participants.list(conversation)) ids.push(person_id);
  return ids.sort();
};

test('a group is made with its participants and found again', async () => {
  const [ana, bo] = [await person('Ana'), await person('Bo')];

  const made = await tenant.hermod.conversations.create({ kind: 'group', title: 'Lunch', participants: [{ person_id: ana.id }, { person_id: bo.id }] });

  assert.equal(made.kind, 'group');
  assert.equal(made.title, 'Lunch');
  assert.equal(made.seq, 0);
  assert.equal(made.account_id, null);
  const participants = await participantsOf(made.id);
  assert.ok(participants.includes(ana.id) && participants.includes(bo.id));
  assert.deepEqual(await tenant.hermod.conversations.get(made.id), made);
});

test('two people have one direct conversation', async () => {
  const [ana, bo] = [await person('Ana'), await person('Bo')];
  const between = (one: string, two: string) => tenant.hermod.conversations.create({ kind: 'direct', participants: [{ person_id: one }, { person_id: two }] });

  const first = await between(ana.id, bo.id);
  const again = await between(bo.id, ana.id);
  const race = await Promise.all([between(ana.id, bo.id), between(bo.id, ana.id), between(ana.id, bo.id)]);

  assert.equal(again.id, first.id);
  for (const { id } of race) assert.equal(id, first.id);
});

test('making one names nobody of another workspace, and makes nothing then', async () => {
  const foreign = await other.hermod.people.create({ name: 'Hidden' });
  const log = tenant.log();
  await log.drain();

  await assert.rejects(
    tenant.hermod.conversations.create({ kind: 'group', participants: [{ person_id: foreign.id }] }), { code: 'person_not_found' });

  const before = log.events.length;
  await log.drain();
  assert.equal(log.events.length, before);
});

test('participants come and go, each an event that raises rev', async () => {
  const [ana, bo] = [await person('Ana'), await person('Bo')];
  const made = await tenant.hermod.conversations.create({ kind: 'group', participants: [{ person_id: ana.id }] });
  const log = tenant.log();
  await log.drain();

  const added = await tenant.hermod.conversations.participants.add(made.id, bo.id);
  const afterAdding = await tenant.hermod.conversations.get(made.id);
  await tenant.hermod.conversations.participants.remove(made.id, ana.id);
  const afterRemoving = await tenant.hermod.conversations.get(made.id);

  assert.equal(added.person_id, bo.id);
  assert.ok(afterAdding.rev > made.rev && afterRemoving.rev > afterAdding.rev);
  const participants = await participantsOf(made.id);
  assert.ok(participants.includes(bo.id) && !participants.includes(ana.id));
  const types = (await log.drain()).filter(({ conversation_id, type }) => conversation_id === made.id && type.startsWith('participant.')).map(({ type }) => type);
  assert.deepEqual(types.slice(-2), ['participant.added', 'participant.removed']);
  await assert.rejects(tenant.hermod.conversations.participants.remove(made.id, ana.id), { code: 'participant_not_found' });
});

test('a participant who joins later starts at the newest message', async () => {
  const [ana, bo] = [await person('Ana'), await person('Bo')];
  const made = await tenant.hermod.conversations.create({ kind: 'group', participants: [{ person_id: ana.id }] });
  await tenant.hermod.conversations.messages.create(made.id, { text: 'before' });

  const added = await tenant.hermod.conversations.participants.add(made.id, bo.id);

  assert.equal(added.joined_seq, 1);
});

test('the title changes by an event', async () => {
  const made = await tenant.hermod.conversations.create({ kind: 'group', title: 'Old' });
  const log = tenant.log();
  await log.drain();

  const changed = await tenant.hermod.conversations.update(made.id, { title: 'New' });
  const event = await log.until(({ type, conversation_id }) => type === 'conversation.updated' && conversation_id === made.id, 'conversation.updated');

  assert.equal(changed.title, 'New');
  assert.ok(changed.rev > made.rev);
  assert.equal((event.data as { conversation: { title: string } }).conversation.title, 'New');
});

test('a deleted conversation is gone, messages included', async () => {
  const made = await tenant.hermod.conversations.create({ kind: 'group', title: 'Short' });
  const message = await tenant.hermod.conversations.messages.create(made.id, { text: 'secret' });

  await tenant.hermod.conversations.delete(made.id);

  await assert.rejects(tenant.hermod.conversations.get(made.id), { code: 'conversation_not_found' });
  await assert.rejects(tenant.hermod.conversations.messages.create(made.id, { text: 'x' }), { code: 'conversation_not_found' });
  await assert.rejects(tenant.hermod.conversations.messages.list(made.id).page(), { code: 'conversation_not_found' });
  await assert.rejects(tenant.hermod.messages.get(message.id), { status: 404 });
});

test("another workspace's conversation does not exist", async () => {
  const foreign = await other.hermod.conversations.create({ kind: 'group', title: 'Hidden' });
  const ana = await person('Ana');
  const { conversations } = tenant.hermod;

  for (const call of [
    () => conversations.get(foreign.id),
    () => conversations.update(foreign.id, { title: 'x' }),
    () => conversations.delete(foreign.id),
    () => conversations.participants.list(foreign.id).page(),
    () => conversations.participants.add(foreign.id, ana.id),
    () => conversations.messages.list(foreign.id).page(),
    () => conversations.messages.create(foreign.id, { text: 'x' }),
  ]) await assert.rejects(call, { code: 'conversation_not_found', status: 404 });
  assert.equal((await other.hermod.conversations.get(foreign.id)).title, 'Hidden');
});
