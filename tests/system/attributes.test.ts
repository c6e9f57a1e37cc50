// What a workspace says of its people's attributes is held to.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
});
after(() => world?.stop());

test('a declared attribute takes values of its type alone', async () => {
  const declared = await tenant.hermod.people.attributes.set('age', { type: 'number' });

  assert.deepEqual((await tenant.hermod.people.attributes.list().page()).data, [declared]);
  assert.deepEqual((await tenant.hermod.people.create({ attributes: { age: 7, other: 'x' } })).attributes, { age: 7, other: 'x' });
  await assert.rejects(tenant.hermod.people.create({ attributes: { age: 'seven' } }), { code: 'invalid_body' });
  await tenant.hermod.people.attributes.delete('age');
  assert.deepEqual((await tenant.hermod.people.create({ attributes: { age: 'seven' } })).attributes, { age: 'seven' });
});

test('a strict workspace takes declared attributes alone', async () => {
  assert.deepEqual(await tenant.hermod.people.attributes.settings(), { strict: false });
  await tenant.hermod.people.attributes.set('plan', { type: 'text' });

  assert.deepEqual(await tenant.hermod.people.attributes.updateSettings({ strict: true }), { strict: true });

  await assert.rejects(tenant.hermod.people.create({ attributes: { unheard: 1 } }), { code: 'invalid_body' });
  assert.deepEqual((await tenant.hermod.people.create({ attributes: { plan: 'gold' } })).attributes, { plan: 'gold' });
});
