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

test('the owner sees the workspace and renames it, which is one event', async () => {
  const log = tenant.log();
  await log.drain();

  const renamed = await tenant.owner.workspaces.update(tenant.id, { name: 'New name' });
  const event = await log.until(({ type }) => type === 'workspace.updated', 'workspace.updated');

  assert.equal(renamed.name, 'New name');
  assert.equal((await tenant.owner.workspaces.get(tenant.id)).name, 'New name');
  assert.deepEqual(event.data, { workspace: renamed });
});

test('a second workspace of a login must be named, and both are listed', async () => {
  const both = await world.tenant();
  const second = await both.owner.workspaces.create({ name: 'Second' });

  const listed: string[] = [];
  for await (const { id } of both.owner.workspaces.list()) listed.push(id);
  const unnamed = await world.raw('GET', '/api/v1/people', { token: both.session.access_token });
  const inSecond = await world.client({ accessToken: both.session.access_token, workspace: second.id }).people.list().page();

  assert.deepEqual(listed.sort(), [both.id, second.id].sort());
  assert.equal(unnamed.status, 400);
  assert.equal(unnamed.body.code, 'workspace_required');
  assert.deepEqual(inSecond.data.map(({ role }) => role), ['owner']);
});

test('members are listed with their roles', async () => {
  const members = await tenant.owner.workspaces.members(tenant.id).page();

  assert.deepEqual(members.data.map(({ email, role }) => [email, role]), [[tenant.email, 'owner']]);
});

test("another's workspace does not exist, for a session or a key", async () => {
  const other = await world.tenant();

  for (const client of [tenant.owner, tenant.hermod]) {
    await assert.rejects(client.workspaces.get(other.id), { code: 'workspace_not_found', status: 404 });
    await assert.rejects(client.workspaces.update(other.id, { name: 'Mine now' }), { code: 'workspace_not_found' });
    await assert.rejects(client.workspaces.members(other.id).page(), { code: 'workspace_not_found' });
  }
  assert.equal((await other.owner.workspaces.get(other.id)).name, 'Test');
});
