import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Message } from '@hermod/client';
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

const room = async (...people: string[]) =>
  (await tenant.hermod.conversations.create({ kind: 'group', participants: people.map((person_id) => ({ person_id })) })).id;
const say = (conversation: string, text: string) => tenant.hermod.conversations.messages.create(conversation, { text });

test('a message in a conversation has the next seq, a risen rev and its author', async () => {
  const id = await room();

  const first = await say(id, 'one');
  const second = await say(id, 'two');

  assert.equal(first.seq, 1);
  assert.equal(second.seq, 2);
  assert.ok(second.rev > first.rev);
  assert.equal(first.from.person_id, tenant.bot);
  assert.deepEqual(first.content, { text: 'one' });
  for (const field of ['direction', 'account_id', 'to', 'status', 'error'] as const) assert.equal(first[field], null, field);
  assert.deepEqual(await tenant.hermod.messages.get(first.id), first);
  assert.equal((await tenant.hermod.conversations.get(id)).seq, 2);
});

test('one message is one event that holds it whole', async () => {
  const id = await room();
  const log = tenant.log();
  await log.drain();

  const message = await say(id, 'hello');

  const events = (await log.drain()).filter(({ conversation_id, type }) => conversation_id === id && type === 'message.created');
  assert.equal(events.length, 1);
  assert.deepEqual(events[0]?.data, { message });
});

test('messages sent at once have gap-free seqs', async () => {
  const id = await room();

  const all = await Promise.all(Array.from({ length: 40 }, (_, at) => say(id, `m${at}`)));

  assert.deepEqual(all.map(({ seq }) => seq).sort((a, b) => a - b), Array.from({ length: 40 }, (_, at) => at + 1));
  assert.equal(new Set(all.map(({ rev }) => rev)).size, 40);
});

test('a client_id makes one message however often it is sent', async () => {
  const id = await room();
  const body = { text: 'once', client_id: 'c-1' };

  const first = await tenant.hermod.conversations.messages.create(id, body);
  const again = await tenant.hermod.conversations.messages.create(id, body);
  const race = await Promise.all(Array.from({ length: 6 }, () => tenant.hermod.conversations.messages.create(id, { text: 'race', client_id: 'c-2' })));

  assert.deepEqual(again, first);
  assert.equal(first.client_id, 'c-1');
  assert.equal(new Set(race.map((message) => message.id)).size, 1);
  assert.equal((await tenant.hermod.conversations.get(id)).seq, 2);
});

test('a client_id with another text is refused', async () => {
  const id = await room();
  await tenant.hermod.conversations.messages.create(id, { text: 'one', client_id: 'c-3' });

  await assert.rejects(tenant.hermod.conversations.messages.create(id, { text: 'other', client_id: 'c-3' }), { code: 'client_id_reused', status: 422 });
});

test('a client_id belongs to its author', async () => {
  const id = await room();
  const second = await tenant.clientWith(['admin']);
  await tenant.hermod.conversations.messages.create(id, { text: 'mine', client_id: 'same' });
  const bot = (await second.auth.me()).person_id ?? '';
  await tenant.hermod.conversations.participants.add(id, bot);

  const theirs = await second.conversations.messages.create(id, { text: 'theirs', client_id: 'same' });

  assert.deepEqual(theirs.content, { text: 'theirs' });
});

test('a list is walked backwards from the newest and forwards from any seq', async () => {
  const id = await room();
  for (let at = 1; at <= 7; ++at) await say(id, `m${at}`);
  const seqs = (page: { data: Message[] }) => page.data.map(({ seq }) => seq);
  const list = (query: { before_seq?: number; after_seq?: number; limit?: number }) =>
    tenant.hermod.conversations.messages.list(id, query).page();

  assert.deepEqual(seqs(await list({})).sort(), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(seqs(await list({ limit: 3 })), [7, 6, 5]);
  assert.deepEqual(seqs(await list({ before_seq: 5, limit: 2 })), [4, 3]);
  assert.deepEqual(seqs(await list({ after_seq: 5 })), [6, 7]);
  assert.deepEqual(seqs(await list({ after_seq: 0, limit: 2 })), [1, 2]);
  assert.deepEqual(seqs(await list({ before_seq: 1 })), []);
  assert.deepEqual(seqs(await list({ after_seq: 7 })), []);
});

test('walking the pages of a conversation meets every message once', async () => {
  const id = await room();
  for (let at = 1; at <= 7; ++at) await say(id, `m${at}`);
  const seen: number[] = [];

  for await (const { seq } of tenant.hermod.conversations.messages.list(id, { limit: 3 })) seen.push(seq);

  assert.deepEqual(seen, [7, 6, 5, 4, 3, 2, 1]);
});

test('a reply names a message of the same conversation', async () => {
  const [one, two] = [await room(), await room()];
  const first = await say(one, 'question');

  const reply = await tenant.hermod.conversations.messages.create(one, { text: 'answer', reply_to: first.id });

  assert.equal(reply.reply_to, first.id);
  await assert.rejects(tenant.hermod.conversations.messages.create(two, { text: 'x', reply_to: first.id }), { code: 'message_not_found' });
});

test('metadata comes back as it was given', async () => {
  const id = await room();
  const metadata = { order: 7, nested: { list: [1, 'two', null, true, 0.5] }, 'ключ': 'значение' };

  const message = await tenant.hermod.conversations.messages.create(id, { text: 'x', metadata });

  assert.deepEqual(message.metadata, metadata);
  assert.deepEqual((await tenant.hermod.messages.get(message.id)).metadata, metadata);
});

test('any text that is Unicode comes back unchanged', async () => {
  const id = await room();
  for (const text of ['😀👨‍👩‍👧‍👦', 'نص من اليمين', 'a\u0301', '\u2028\u2029', 'line\nline\ttab "quoted" \\ </script>', "'; DROP TABLE messages; --", '\u{10FFFF}'])
    assert.deepEqual((await say(id, text)).content, { text });
});

test('a text of 16384 characters is taken and one more is not', async () => {
  const id = await room();

  assert.equal((await say(id, '😀'.repeat(16_384))).seq, 1);
  const answer = await tenant.raw('POST', `/api/v1/conversations/${id}/messages`, { json: { text: 'a'.repeat(16_385) } });

  assert.equal(answer.status, 422);
});

for (const [what, json] of [
  ['nothing to say', {}],
  ['an empty text', { text: '' }],
  ['a NUL', { text: 'a\0b' }],
  ['both text and content', { text: 'x', type: 'text', content: { text: 'y' } }],
  ['an unknown type', { type: 'smell', content: {} }],
] as const)
  test(`a message with ${what} is refused`, async () => {
    const id = await room();

    const answer = await tenant.raw('POST', `/api/v1/conversations/${id}/messages`, { json });

    assert.equal(answer.status, 422, answer.text);
    assert.equal((await tenant.hermod.conversations.get(id)).seq, 0);
  });

test('another participant is named as author only with the scope for it', async () => {
  const ana = await tenant.hermod.people.create({ name: 'Ana', external_id: 'ana' });
  const outsider = await tenant.hermod.people.create({ name: 'Out' });
  const id = await room(ana.id);
  const limited = await tenant.clientWith(['conversations:write', 'messages:write', 'messages:send']);
  await tenant.hermod.conversations.participants.add(id, (await limited.auth.me()).person_id ?? '');

  const asAna = await tenant.hermod.conversations.messages.create(id, { text: 'I', from: { person_id: ana.id } });
  const byExternalId = await tenant.hermod.conversations.messages.create(id, { text: 'I', from: { external_id: 'ana' } });

  assert.equal(asAna.from.person_id, ana.id);
  assert.equal(byExternalId.from.person_id, ana.id);
  await assert.rejects(limited.conversations.messages.create(id, { text: 'x', from: { person_id: ana.id } }), { code: 'missing_scope' });
  await assert.rejects(tenant.hermod.conversations.messages.create(id, { text: 'x', from: { person_id: outsider.id } }), { code: 'participant_not_found' });
});

test("another workspace's message does not exist", async () => {
  const theirs = await other.hermod.conversations.create({ kind: 'group' });
  const foreign = await other.hermod.conversations.messages.create(theirs.id, { text: 'hidden' });
  const { messages } = tenant.hermod;

  await assert.rejects(messages.get(foreign.id), { code: 'message_not_found', status: 404 });
  await assert.rejects(messages.attempts(foreign.id).page(), { code: 'message_not_found' });
  await assert.rejects(messages.resend(foreign.id), { code: 'message_not_found' });
  const id = await room();
  await assert.rejects(tenant.hermod.conversations.messages.create(id, { text: 'x', reply_to: foreign.id }), { code: 'message_not_found' });
});
