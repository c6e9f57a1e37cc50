// Events applied to an old snapshot give a fresh one, for every type of event, wherever in the
// taking of the snapshot it falls.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { EventName } from '@hermod/client';
import { eventsDocument } from '../harness/contract.ts';
import { Replica, stages } from '../harness/replica.ts';
import { freshNumber, instantly, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;

before(async () => {
  world = await startWorld();
});
after(() => world?.stop());

/** What there is before: a room of three with a message of each, and people outside it. */
async function furnish(tenant: Tenant) {
  const { hermod, bot } = tenant;
  const [ana, bo, cy] = await Promise.all(['Ana', 'Bo', 'Cy'].map((name) => hermod.people.create({ name })));
  assert.ok(ana && bo && cy);
  const participants = [{ person_id: bot, role: 'admin' as const }, { person_id: ana.id, role: 'owner' as const }, { person_id: bo.id }];
  const room = await hermod.conversations.create({ kind: 'group', title: 'Room', participants });
  const mine = await hermod.conversations.messages.create(room.id, { text: 'mine' });
  const theirs = await hermod.conversations.messages.create(room.id, { text: 'theirs', from: { person_id: ana.id }, mentions: [bot] });
  await hermod.messages.react(mine.id, '🎉');
  return { room, mine, theirs, ana, bo, cy };
}
type Furniture = Awaited<ReturnType<typeof furnish>>;
type Action = (tenant: Tenant, there: Furniture) => Promise<unknown>;

const ended = async (tenant: Tenant, id: string) => tenant.log().until((event) => event.type === 'import.finished' && event.data.import.id === id, 'the import');

/** Nobody listens there. */
const subscribe = ({ hermod }: Tenant) => hermod.webhooks.create({ url: 'http://127.0.0.1:9/hook' });

/** How each type comes about. */
const actions: Record<EventName, Action> = {
  'account.state': async (tenant) => {
    const account = await tenant.sandbox();
    await tenant.hermod.accounts.pause(account.id);
  },
  'attribute.updated': ({ hermod }) => hermod.people.attributes.set('plan', { type: 'text', description: `${Math.random()}` }),
  'attribute.deleted': async ({ hermod }) => {
    await hermod.people.attributes.set('city', { type: 'text' });
    await hermod.people.attributes.delete('city');
  },
  'attribute_settings.updated': async ({ hermod }) => hermod.people.attributes.updateSettings({ strict: !(await hermod.people.attributes.settings()).strict }),
  'conversation.created': ({ hermod, bot }, { ana }) => hermod.conversations.create({ kind: 'direct', participants: [{ person_id: bot }, { person_id: ana.id }] }),
  'conversation.updated': ({ hermod }, { room }) => hermod.conversations.update(room.id, { title: 'Hall' }),
  'conversation.deleted': ({ hermod }, { room }) => hermod.conversations.delete(room.id),
  'conversation.me_updated': ({ hermod }, { room }) => hermod.conversations.updateMine(room.id, { archived: true, marked_unread: true }),
  'import.finished': async (tenant) => ended(tenant, (await tenant.hermod.people.imports.create({ csv: 'external_id,name\nimported,Im Port\n' })).id),
  'message.created': async (tenant, { room, ana }) => {
    await tenant.hermod.conversations.messages.create(room.id, { text: 'more', from: { person_id: ana.id }, mentions: [tenant.bot] });
    await tenant.hermod.conversations.messages.create(room.id, { text: 'psst', from: { person_id: ana.id }, silent: true });
  },
  'message.updated': async ({ hermod }, { theirs, mine }) => {
    await hermod.messages.edit(theirs.id, { text: 'other', mentions: [] });
    await hermod.messages.pin(mine.id);
  },
  'message.deleted': ({ hermod }, { theirs }) => hermod.messages.delete(theirs.id),
  'message.status': async (tenant) => {
    const account = await tenant.sandbox(instantly);
    const { id } = await tenant.hermod.sendMessage(freshNumber(), { text: 'out', account_id: account.id });
    await tenant.log().untilStatus(id, 'read');
  },
  'participant.added': async ({ hermod }, { room, cy, bo }) => {
    await hermod.conversations.participants.add(room.id, cy.id);
    await hermod.conversations.participants.add(room.id, bo.id, { role: 'admin' });
  },
  'participant.removed': async ({ hermod, bot }, { room, ana }) => {
    await hermod.conversations.participants.remove(room.id, ana.id);
    await hermod.conversations.participants.remove(room.id, bot);
  },
  'person.created': ({ hermod }) => hermod.people.create({ name: 'Di', addresses: [{ kind: 'phone', value: freshNumber() }] }),
  'person.updated': async ({ hermod }, { ana, cy }) => {
    await hermod.people.update(ana.id, { name: 'Ana Bell', attributes: { a: 1 } });
    await hermod.people.addresses.create(cy.id, { kind: 'phone', value: freshNumber() });
  },
  'person.deleted': ({ hermod }, { ana }) => hermod.people.delete(ana.id),
  'person.merged': async ({ hermod }, { ana, bo, cy }) => {
    await hermod.people.merge(cy.id, { person_id: ana.id });
    await hermod.people.merge(bo.id, { person_id: cy.id });
  },
  'person.unmerged': async ({ hermod }, { ana, bo, cy }) => {
    await hermod.people.merge(cy.id, { person_id: ana.id });
    await hermod.people.merge(bo.id, { person_id: cy.id });
    await hermod.people.unmerge(bo.id, { person_id: cy.id });
  },
  'reaction.added': ({ hermod }, { theirs }) => hermod.messages.react(theirs.id, '👍'),
  'reaction.removed': ({ hermod }, { mine }) => hermod.messages.unreact(mine.id, '🎉'),
  'receipt.updated': ({ hermod }, { room, theirs }) => hermod.conversations.read(room.id, { seq: theirs.seq }),
  'webhook.created': subscribe,
  'webhook.updated': async (tenant) => tenant.hermod.webhooks.update((await subscribe(tenant)).id, { description: 'ours' }),
  'webhook.disabled': async (tenant) => tenant.hermod.webhooks.update((await subscribe(tenant)).id, { enabled: false }),
  'webhook.deleted': async (tenant) => tenant.hermod.webhooks.delete((await subscribe(tenant)).id),
  'webhook.test': async (tenant) => tenant.hermod.webhooks.test((await subscribe(tenant)).id),
  'workspace.updated': ({ hermod, id }) => hermod.workspaces.update(id, { name: `Shop ${Math.random()}` }),
};

test('every type of event is made to race here', () => assert.deepEqual(Object.keys(actions).sort(), eventsDocument.types.map(({ name }) => name).sort()));

for (const [type, action] of Object.entries(actions))
  test(`a snapshot during which ${type} happens is made whole by the events`, async () => {
    const tenant = await world.tenant();
    for (let at = 0; at <= stages.length; ++at) {
      const there = await furnish(tenant);
      const log = tenant.log((await tenant.hermod.events.page()).next);
      const held = new Replica(tenant.hermod, tenant.id, tenant.bot);

      for (const stage of stages.slice(0, at)) await held.fetch(stage);
      await action(tenant, there);
      for (const stage of stages.slice(at)) await held.fetch(stage);
      const events = await log.drain();
      for (const event of events) held.apply(event);

      assert.ok(events.some((event) => event.type === type), `${type} did not happen`);
      const fresh = new Replica(tenant.hermod, tenant.id, tenant.bot);
      for (const stage of stages) await fresh.fetch(stage);
      assert.deepEqual(held.view(), fresh.view(), `with ${type} after ${stages[at - 1] ?? 'nothing'} was fetched`);
      for (const [id, { unread, me, rev }] of fresh.conversations) {
        const mine = held.conversations.get(id);
        assert.ok(mine && mine.rev <= rev, 'one who asks for changes is told too much rather than too little');
        const worked = fresh.view().conversations[id];
        assert.deepEqual([worked?.unread, worked?.me], [unread, me], 'what is derived is what the server says');
      }
    }
  });
