// Tenants are walls: for every route that names something in its path, the id of another
// workspace's thing is 404, and the same request by its owner is not: each cell has its control.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Account, Person } from '@hermod/client';
import { openapi } from '../harness/contract.ts';
import { freshNumber, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let owner: Tenant;
let stranger: Tenant;

before(async () => {
  world = await startWorld();
  owner = await world.tenant();
  stranger = await world.tenant();
  await stranger.sandbox();
});
after(() => world?.stop());

interface Things {
  person: Person;
  extra: Person;
  merged: Person;
  account: Account;
  ids: Record<string, string>;
}

/** Nobody listens there. */
const unheard = 'http://127.0.0.1:9/hook';

/** One of each kind, new for each route, as some routes take theirs away. */
async function make(tenant: Tenant): Promise<Things> {
  const { hermod } = tenant;
  const account = await tenant.sandbox();
  const person = await hermod.people.create({ name: 'Ana', addresses: [{ kind: 'phone', value: freshNumber() }] });
  const extra = await hermod.people.create({ name: 'Bo' });
  const conversation = await hermod.conversations.create({
    kind: 'group', participants: [person.id, extra.id, tenant.bot].map((person_id) => ({ person_id })) });
  const said = await hermod.conversations.messages.create(conversation.id, { text: 'hello' });
  const key = await hermod.apiKeys.create({ name: 'k', scopes: ['people:read'] });
  const failed = await hermod.sendMessage('+15005550003', { text: 'x', account_id: account.id, wait: 10 });
  const merged = await hermod.people.create({ name: 'Ana, too' });
  await hermod.people.merge(person.id, { person_id: merged.id });
  const imported = await hermod.people.imports.create({ csv: `phone\n${freshNumber()}` });
  const webhook = await hermod.webhooks.create({ url: unheard, filter: { types: ['webhook.disabled'] } });
  const delivery = await hermod.webhooks.test(webhook.id);
  const job = (await hermod.jobs.list().page()).data.find(({ message_id }) => message_id === failed.id);
  return {
    person, extra, merged, account,
    ids: {
      workspace_id: tenant.id,
      person_id: person.id,
      address_id: person.addresses[0]?.id ?? '',
      conversation_id: conversation.id,
      account_id: account.id,
      message_id: said.id,
      failed_id: failed.id,
      emoji: '👍',
      job_id: job?.id ?? '',
      key_id: key.id,
      import_id: imported.id,
      webhook_id: webhook.id,
      delivery_id: delivery.id,
      session_id: (await tenant.owner.auth.sessions.list().page()).data[0]?.id ?? '',
    },
  };
}

/** Where a route means another person than most: a member of the team, for whom there is the owner. */
const idsFor: Record<string, (tenant: Tenant) => Record<string, string>> = {
  'PATCH /api/v1/workspaces/{workspace_id}/members/{person_id}': ownerOf,
  'DELETE /api/v1/workspaces/{workspace_id}/members/{person_id}': ownerOf,
};
function ownerOf(tenant: Tenant) {
  return { person_id: tenant.session.workspaces[0]?.person_id ?? '' };
}

/** What each route needs to succeed for the owner. */
const bodies: Record<string, (things: Things) => unknown> = {
  'PATCH /api/v1/workspaces/{workspace_id}': () => ({ name: 'Renamed' }),
  'PATCH /api/v1/workspaces/{workspace_id}/members/{person_id}': () => ({ role: 'owner' }),
  'POST /api/v1/people/{person_id}/tokens': () => ({}),
  'PATCH /api/v1/people/{person_id}': () => ({ name: 'Ana' }),
  'POST /api/v1/people/{person_id}/addresses': () => ({ kind: 'email', value: `${freshNumber().slice(1)}@example.com` }),
  'POST /api/v1/people/{person_id}/merge': ({ extra }) => ({ person_id: extra.id }),
  'POST /api/v1/people/{person_id}/unmerge': ({ merged }) => ({ person_id: merged.id }),
  'PATCH /api/v1/conversations/{conversation_id}': () => ({ title: 'New' }),
  'PUT /api/v1/conversations/{conversation_id}/participants/{person_id}': () => ({ role: 'member' }),
  'POST /api/v1/conversations/{conversation_id}/messages': () => ({ text: 'hello' }),
  'PATCH /api/v1/accounts/{account_id}': () => ({ name: 'Renamed' }),
  'PATCH /api/v1/conversations/{conversation_id}/me': () => ({ archived: true }),
  'POST /api/v1/conversations/{conversation_id}/read': () => ({ seq: 1 }),
  'PATCH /api/v1/messages/{message_id}': () => ({ text: 'hello again' }),
  'PATCH /api/v1/webhooks/{webhook_id}': () => ({ description: 'Renamed' }),
  'POST /api/v1/webhooks/{webhook_id}/replay': () => ({ since: '2020-01-01T00:00:00Z' }),
  'POST /api/v1/messages/{message_id}/forward': (things) => ({ conversation_id: things.ids.conversation_id }),
};
const queries: Record<string, string> = {
  'GET /api/v1/conversations/{conversation_id}/changes': '?after_rev=0',
};
/** Which message a route needs: one that failed, not one that was said in a conversation. */
const ofFailed = ['POST /api/v1/messages/{message_id}/resend'];
/** Where even the owner is refused for another reason than absence, with that reason. */
const refusedForOwner: Record<string, string> = {
  'POST /api/v1/jobs/{job_id}/retry': 'not_retriable',
  'POST /api/v1/deliveries/{delivery_id}/retry': 'not_retriable',
  // The owner asks by an API key, which has no session and may not remove an owner.
  'DELETE /api/v1/me/sessions/{session_id}': 'session_not_found',
  'DELETE /api/v1/workspaces/{workspace_id}/members/{person_id}': 'forbidden',
};

const routes = Object.entries(openapi.paths).flatMap(([template, item]) =>
  Object.entries(item).flatMap(([method, operation]) => operation.parameters?.some((one) => one.in === 'path' && one.schema.pattern) ? [`${method.toUpperCase()} ${template}`] : []));

for (const route of routes)
  test(`${route} knows no other workspace's things`, async () => {
    const [method = '', template = ''] = route.split(' ');
    const things = await make(owner);
    Object.assign(things.ids, idsFor[route]?.(owner));
    const json = bodies[route]?.(things);
    const fill = (ids: Record<string, string>) => template.replace(/\{(\w+)\}/g, (_, name: string) => {
      const id = name === 'message_id' && ofFailed.includes(route) ? ids.failed_id : ids[name];
      assert.ok(id, `make() gives no ${name}`);
      return encodeURIComponent(id);
    }) + (queries[route] ?? '');

    const foreign = await stranger.raw(method, fill(things.ids), { json });
    assert.equal(foreign.status, 404, `${foreign.status} ${foreign.text}`);
    assert.match(foreign.body.code, /_not_found$/);
    // Their own thing within it does not open ours, nor ours theirs.
    const names = (template.match(/(?<=\{)\w+_id(?=\})/g) ?? []);
    if (names.length > 1) {
      const own = await make(stranger);
      Object.assign(own.ids, idsFor[route]?.(stranger));
      for (const name of names) {
        const mixed = await stranger.raw(method, fill({ ...own.ids, [name]: things.ids[name] ?? '' }), { json });
        assert.equal(mixed.status, 404, `${name}: ${mixed.status} ${mixed.text}`);
      }
    }

    const control = await owner.raw(method, fill(things.ids), { json });
    if (refusedForOwner[route]) assert.ok(control.status < 300 || control.body.code === refusedForOwner[route], control.text);
    else assert.ok(control.status < 300, `the owner: ${control.status} ${control.text}`);
  });

test('ids of another workspace in a body do not exist either', async () => {
  const theirs = await make(stranger);
  const { hermod } = owner;
  const mine = await hermod.conversations.create({ kind: 'group' });
  const own = await hermod.people.create({ name: 'Ours' });
  const account = await owner.sandbox();

  for (const [call, code] of [
    [() => hermod.sendMessage(freshNumber(), { text: 'x', account_id: theirs.account.id }), 'account_not_found'],
    [() => hermod.sendMessage({ person_id: theirs.person.id }, { text: 'x', account_id: account.id }), 'person_not_found'],
    [() => hermod.sendMessage(freshNumber(), { text: 'x', account_id: account.id, reply_to: theirs.ids.message_id ?? '' }), 'message_not_found'],
    [() => hermod.conversations.create({ kind: 'group', participants: [{ person_id: theirs.person.id }] }), 'person_not_found'],
    [() => hermod.people.merge(own.id, { person_id: theirs.person.id }), 'person_not_found'],
    [() => hermod.people.unmerge(own.id, { person_id: theirs.merged.id }), 'person_not_found'],
    [() => hermod.conversations.create({ kind: 'external', account_id: theirs.account.id, to: freshNumber() }), 'account_not_found'],
    [() => hermod.conversations.messages.create(mine.id, { text: 'x', from: { person_id: theirs.person.id } }), 'participant_not_found'],
    [() => hermod.deliveries.retryMany({ filter: { webhook_id: theirs.ids.webhook_id ?? '' } }), 'webhook_not_found'],
    [() => hermod.sandbox.inbound({ account_id: theirs.account.id, from: freshNumber(), text: 'x' }), 'account_not_found'],
  ] as const)
    await assert.rejects(call, (error: { code: string; status: number }) => {
      assert.equal(error.status, 404, error.code);
      assert.equal(error.code, code);
      return true;
    });
});

test('lists and the log of one workspace hold nothing of another', async () => {
  const theirs = await make(stranger);
  const secrets = Object.entries(theirs.ids).filter(([name]) => name.endsWith('_id')).map(([, id]) => id);

  for (const path of ['people', 'conversations', 'messages', 'accounts', 'api_keys', 'jobs', 'webhooks', 'workspaces']) {
    const { text, status } = await owner.raw('GET', `/api/v1/${path}?limit=200`.replace(/(workspaces|api_keys)\?.*/, '$1'));
    if (status !== 200) continue;
    for (const secret of secrets) assert.ok(!text.includes(secret), `${path} shows ${secret}`);
  }
  const log = JSON.stringify(await owner.log().drain());
  for (const secret of secrets) assert.ok(!log.includes(secret), `the log shows ${secret}`);
});
