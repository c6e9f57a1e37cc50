// What becomes of a message after it was sent, what people have read, and how one who was away
// catches up.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Message } from '@hermod/client';
import { freshNumber, startWorld, type Tenant, type World } from '../harness/world.ts';

let world: World;
let tenant: Tenant;
let bot: string;

before(async () => {
  world = await startWorld();
  tenant = await world.tenant();
  bot = tenant.bot;
});
after(() => world?.stop());

async function group(...names: string[]) {
  const people = await Promise.all(names.map((name) => tenant.hermod.people.create({ name })));
  const participants = [bot, ...people.map(({ id }) => id)].map((person_id) => ({ person_id }));
  const room = await tenant.hermod.conversations.create({ kind: 'group', participants });
  return { id: room.id, people: people.map(({ id }) => id) };
}
const say = (room: string, text: string, more = {}) => tenant.hermod.conversations.messages.create(room, { text, ...more });
const wholeLog = async () => JSON.stringify((await tenant.hermod.events.page({ after: 'start', limit: 200 })).data);

test('an edited message says the new, keeps the old and its place', async () => {
  const room = await group('Ana');
  const log = tenant.log();
  await log.drain();
  const said = await say(room.id, 'helo');

  const edited = await tenant.hermod.messages.edit(said.id, { text: 'hello' });

  assert.deepEqual(edited.content, { text: 'hello' });
  assert.equal(edited.seq, said.seq);
  assert.ok(edited.rev > said.rev && edited.edited_at);
  assert.deepEqual(await tenant.hermod.messages.get(said.id), edited);
  const edits = (await tenant.hermod.messages.edits(said.id).page()).data;
  assert.deepEqual(edits.map(({ n, content, replaced_by }) => ({ n, content, replaced_by })), [{ n: 1, content: { text: 'helo' }, replaced_by: bot }]);
  const events = (await log.drain()).filter(({ conversation_id }) => conversation_id === room.id);
  assert.deepEqual(events.map(({ type }) => type), ['message.created', 'message.updated']);
  assert.deepEqual(events[1]?.data, { message: edited });
  // The same again is no change.
  assert.equal((await tenant.hermod.messages.edit(said.id, { text: 'hello' })).rev, edited.rev);
  await assert.rejects(tenant.hermod.messages.edit(said.id, { content: { latitude: 1 } }), { code: 'invalid_body' });
});

test('only its author edits a message, or a key that may write for others', async () => {
  const room = await group('Ana');
  const said = await say(room.id, 'mine');
  const plain = await tenant.clientWith(['messages:send', 'messages:read']);
  const writer = await tenant.clientWith(['messages:send', 'messages:send_as']);

  await assert.rejects(plain.messages.edit(said.id, { text: 'theirs' }), { code: 'forbidden', status: 403 });
  assert.deepEqual((await writer.messages.edit(said.id, { text: 'for them' })).content, { text: 'for them' });
});

test('what was handed to a network stays as it is; what waits can be changed or cancelled', async () => {
  const account = await tenant.sandbox();
  const sent = await tenant.hermod.sendMessage(freshNumber(), { text: 'gone', account_id: account.id, wait: 10 });
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const waiting = await tenant.hermod.sendMessage(freshNumber(), { text: 'later', account_id: account.id, send_at: later });

  await assert.rejects(tenant.hermod.messages.edit(sent.id, { text: 'x' }), { code: 'not_editable', status: 409 });
  await assert.rejects(tenant.hermod.messages.delete(sent.id), { code: 'not_editable' });
  await assert.rejects(tenant.hermod.messages.react(sent.id, '👍'), { code: 'unsupported_content' });
  assert.equal(waiting.send_at, later);
  assert.deepEqual((await tenant.hermod.messages.edit(waiting.id, { text: 'better' })).content, { text: 'better' });
  await tenant.hermod.messages.delete(waiting.id);
  assert.ok((await tenant.hermod.messages.get(waiting.id)).deleted_at);
});

test('a deleted message leaves a tombstone, and nothing of what it said', async () => {
  const room = await group('Ana');
  const said = await say(room.id, 'a secret one', { metadata: { note: 'secret two' } });
  await tenant.hermod.messages.edit(said.id, { text: 'a secret three' });
  await tenant.hermod.messages.react(said.id, '👍');
  const log = tenant.log();
  await log.drain();

  await tenant.hermod.messages.delete(said.id);
  await tenant.hermod.messages.delete(said.id);

  const left = await tenant.hermod.messages.get(said.id);
  assert.deepEqual([left.content, left.metadata, left.reactions, left.seq], [{}, {}, [], said.seq]);
  assert.ok(left.deleted_at && left.rev > said.rev);
  assert.deepEqual((await tenant.hermod.messages.edits(said.id).page()).data, []);
  const events = (await log.drain()).filter(({ conversation_id }) => conversation_id === room.id);
  assert.deepEqual(events.map(({ type }) => type), ['message.deleted']);
  assert.deepEqual(events[0]?.data, { message: left });
  assert.ok(!(await wholeLog()).includes('secret'));
  for (const attempt of [() => tenant.hermod.messages.edit(said.id, { text: 'x' }), () => tenant.hermod.messages.react(said.id, '👍'),
    () => tenant.hermod.messages.pin(said.id), () => tenant.hermod.messages.forward(said.id, { conversation_id: room.id })])
    await assert.rejects(attempt, { code: 'not_editable' });
});

test('reactions are one of each kind per person', async () => {
  const room = await group('Ana');
  const said = await say(room.id, 'hello');
  const log = tenant.log();
  await log.drain();

  await tenant.hermod.messages.react(said.id, '👍');
  await tenant.hermod.messages.react(said.id, '👍');
  const both = await tenant.hermod.messages.react(said.id, '🎉');
  const one = await tenant.hermod.messages.unreact(said.id, '👍');
  await tenant.hermod.messages.unreact(said.id, '👍');

  assert.deepEqual(both.reactions, [{ person_id: bot, emoji: '👍' }, { person_id: bot, emoji: '🎉' }]);
  assert.deepEqual(one.reactions, [{ person_id: bot, emoji: '🎉' }]);
  const events = (await log.drain()).filter(({ conversation_id }) => conversation_id === room.id);
  assert.deepEqual(events.map(({ type }) => type), ['reaction.added', 'reaction.added', 'reaction.removed']);
  assert.deepEqual(events[2]?.data, { message_id: said.id, person_id: bot, emoji: '👍', message: one });
  for (const emoji of ['a b', 'x'.repeat(65), '\n'])
    await assert.rejects(tenant.hermod.messages.react(said.id, emoji), { code: 'invalid_body' });
});

test('a message takes fifty kinds of emoji and no more', async () => {
  const room = await group('Ana');
  const said = await say(room.id, 'hello');
  for (let n = 0; n < 50; ++n) await tenant.hermod.messages.react(said.id, `:e${n}:`);

  await assert.rejects(tenant.hermod.messages.react(said.id, ':one-more:'), { code: 'limit_reached', status: 422 });
});

test('two hundred clients react to one message at once, and none is lost', async () => {
  const room = await group('Ana');
  const said = await say(room.id, 'hello');
  const keys = await Promise.all(Array.from({ length: 20 }, () => tenant.clientWith(['messages:send'])));

  await Promise.all(Array.from({ length: 200 }, (_, n) => keys[n % 20]?.messages.react(said.id, `:e${Math.floor(n / 20)}:`)));

  const { reactions, rev } = await tenant.hermod.messages.get(said.id);
  assert.equal(new Set(reactions.map(({ person_id, emoji }) => person_id + emoji)).size, 200);
  assert.equal(rev, said.rev + 200);
});

test('pinned messages are listed, at most a hundred', async () => {
  const room = await group('Ana');
  const said: Message[] = [];
  for (let n = 0; n < 101; ++n) said.push(await say(room.id, `${n}`));

  for (const { id } of said.slice(0, 100)) await tenant.hermod.messages.pin(id);

  await assert.rejects(tenant.hermod.messages.pin(said[100]?.id ?? ''), { code: 'limit_reached' });
  assert.equal((await tenant.hermod.messages.unpin(said[0]?.id ?? '')).pinned_at, null);
  await tenant.hermod.messages.pin(said[100]?.id ?? '');
  const pinned = await tenant.hermod.conversations.messages.list(room.id, { pinned: true, limit: 200 }).page();
  assert.deepEqual(pinned.data.map(({ seq }) => seq), said.slice(1).map(({ seq }) => seq).reverse());
});

test('a forwarded message says where it came from and is one of its own', async () => {
  const [one, two] = [await group('Ana'), await group('Bo')];
  const said = await say(one.id, 'hello', { metadata: { a: 1 } });

  const first = await tenant.hermod.messages.forward(said.id, { conversation_id: two.id, client_id: 'f1' });
  const again = await tenant.hermod.messages.forward(said.id, { conversation_id: two.id, client_id: 'f1' });

  assert.equal(again.id, first.id);
  assert.deepEqual([first.content, first.forwarded_from, first.conversation_id, first.metadata], [said.content, said.id, two.id, {}]);
  await tenant.hermod.messages.delete(said.id);
  assert.deepEqual((await tenant.hermod.messages.get(first.id)).content, { text: 'hello' });
});

test('mentions name people who are there, and are counted until read', async () => {
  const room = await group('Ana');
  const [ana = ''] = room.people;
  const outsider = await tenant.hermod.people.create({ name: 'Bo' });
  const key = await tenant.hermod.apiKeys.create({ name: 'reader', scopes: ['messages:send', 'conversations:write'] });
  const reader = world.client({ apiKey: key.key ?? '' });
  await tenant.hermod.conversations.participants.add(room.id, key.person_id);

  const said = await say(room.id, 'look', { mentions: [key.person_id, key.person_id, ana, bot] });

  assert.deepEqual(said.mentions, [key.person_id, ana]);
  assert.equal((await reader.conversations.get(room.id)).me?.mentions, 1);
  await tenant.hermod.messages.edit(said.id, { text: 'look!', mentions: [ana] });
  assert.equal((await reader.conversations.get(room.id)).me?.mentions, 0);
  await tenant.hermod.messages.edit(said.id, { text: 'look again', mentions: [key.person_id] });
  await reader.conversations.read(room.id, { seq: said.seq });
  assert.equal((await reader.conversations.get(room.id)).me?.mentions, 0);
  await assert.rejects(say(room.id, 'x', { mentions: [outsider.id] }), { code: 'participant_not_found' });
});

test('unread leaves out one\'s own, silent and deleted messages', async () => {
  const room = await group('Ana');
  const key = await tenant.hermod.apiKeys.create({ name: 'reader', scopes: ['messages:send', 'conversations:write'] });
  const reader = world.client({ apiKey: key.key ?? '' });
  await tenant.hermod.conversations.participants.add(room.id, key.person_id);
  const unread = async () => (await reader.conversations.get(room.id)).unread;

  await say(room.id, 'one');
  await say(room.id, 'psst', { silent: true });
  const doomed = await say(room.id, 'two');
  await say(room.id, 'three');
  assert.equal(await unread(), 3);
  await tenant.hermod.messages.delete(doomed.id);
  assert.equal(await unread(), 2);
  await reader.conversations.messages.create(room.id, { text: 'mine' });
  assert.equal(await unread(), 0);
  await say(room.id, 'four');
  assert.equal(await unread(), 1);
});

test('cursors go forward only, and what is not there cannot be read', async () => {
  const room = await group('Ana');
  for (let n = 0; n < 5; ++n) await say(room.id, `${n}`);
  const key = await tenant.hermod.apiKeys.create({ name: 'reader', scopes: ['conversations:write'] });
  const reader = world.client({ apiKey: key.key ?? '' });
  await assert.rejects(reader.conversations.read(room.id, { seq: 1 }), { code: 'participant_not_found' });
  const set = await tenant.hermod.conversations.create({ kind: 'group', history: 'start', participants: [{ person_id: bot }] });
  await say(set.id, 'one');
  await tenant.hermod.conversations.participants.add(set.id, key.person_id);
  await say(set.id, 'two');
  const log = tenant.log();
  await log.drain();

  assert.deepEqual(await reader.conversations.read(set.id, { recv_seq: 2 }), { person_id: key.person_id, recv_seq: 2, read_seq: 1 });
  assert.deepEqual(await reader.conversations.read(set.id, { seq: 2 }), { person_id: key.person_id, recv_seq: 2, read_seq: 2 });
  assert.deepEqual(await reader.conversations.read(set.id, { seq: 0 }), { person_id: key.person_id, recv_seq: 2, read_seq: 2 });
  await assert.rejects(reader.conversations.read(set.id, { seq: 3 }), { code: 'invalid_body' });

  const events = (await log.drain()).filter(({ conversation_id }) => conversation_id === set.id);
  assert.deepEqual(events.map(({ type, data }) => [type, data]), [
    ['receipt.updated', { person_id: key.person_id, recv_seq: 2, read_seq: 1 }],
    ['receipt.updated', { person_id: key.person_id, recv_seq: 2, read_seq: 2 }],
  ]);
});

test('many reads within a second are one write', async () => {
  const room = await group('Ana');
  for (let n = 0; n < 20; ++n) await say(room.id, `${n}`);
  const reader = await tenant.hermod.apiKeys.create({ name: 'reader', scopes: ['conversations:write'] });
  const set = await tenant.hermod.conversations.create({ kind: 'group', participants: [{ person_id: bot }, { person_id: reader.person_id }] });
  for (let n = 0; n < 20; ++n) await say(set.id, `${n}`);
  const log = tenant.log();
  await log.drain();

  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => world.client({ apiKey: reader.key ?? '' }).conversations.read(set.id, { seq: n + 1 })));

  assert.ok(answers.every(({ read_seq }, n) => read_seq >= n + 1));
  const events = (await log.drain()).filter(({ type }) => type === 'receipt.updated');
  assert.ok(events.length <= 3, `${events.length} receipts`);
  assert.equal((events.at(-1)?.data as { read_seq: number }).read_seq, 20);
});

test('own settings are one\'s own, and reading takes the mark away', async () => {
  const room = await group('Ana');
  await say(room.id, 'hello');
  const until = '2030-01-01T00:00:00.000Z';

  const set = await tenant.hermod.conversations.updateMine(room.id, { archived: true, pinned: true, marked_unread: true, muted_until: until });

  assert.deepEqual(set.me, { mentions: 0, archived: true, pinned: true, marked_unread: true, muted_until: until });
  assert.equal((await tenant.hermod.conversations.updateMine(room.id, { muted_until: null })).me?.muted_until, null);
  await tenant.hermod.conversations.read(room.id, { seq: 1 });
  assert.equal((await tenant.hermod.conversations.get(room.id)).me?.marked_unread, false);
  assert.equal((await tenant.hermod.conversations.get(room.id)).rev, set.rev);
});

test('one who was away is told what changed, and catches up with one question each', async () => {
  const [one, two, three] = [await group('Ana'), await group('Bo'), await group('Cy')];
  const [kept, edited, gone] = [await say(one.id, 'kept'), await say(one.id, 'edited'), await say(one.id, 'gone')];
  await say(two.id, 'hello');
  const { cursor } = await tenant.hermod.sync();
  const known = await tenant.hermod.conversations.get(one.id);

  await tenant.hermod.messages.edit(edited.id, { text: 'otherwise' });
  await tenant.hermod.messages.delete(gone.id);
  await tenant.hermod.messages.react(kept.id, '👍');
  const fresh = await say(one.id, 'fresh');
  await tenant.hermod.conversations.delete(three.id);

  const synced = await tenant.hermod.sync({ after: cursor });
  assert.deepEqual(synced.conversations.map(({ id }) => id), [one.id]);
  assert.deepEqual(synced.left, [three.id]);
  assert.equal(synced.has_more, false);
  const changes = await tenant.hermod.conversations.changes(one.id, { after_rev: known.rev });
  assert.deepEqual(new Set(changes.messages.map(({ id }) => id)), new Set([kept.id, edited.id, gone.id, fresh.id]));
  for (const message of changes.messages) assert.deepEqual(message, await tenant.hermod.messages.get(message.id));
  assert.deepEqual(changes.conversation, await tenant.hermod.conversations.get(one.id));
  assert.equal(changes.participants.length, 2);
  assert.deepEqual((await tenant.hermod.conversations.changes(one.id, { after_rev: changes.rev })).messages, []);
  assert.deepEqual((await tenant.hermod.sync({ after: synced.cursor })).conversations, []);
  await assert.rejects(tenant.hermod.conversations.changes(one.id, { after_rev: changes.rev + 1 }), { code: 'cursor_expired', status: 410 });
  await assert.rejects(tenant.hermod.sync({ after: 'nonsense' }), { code: 'invalid_cursor' });
});

test('catching up goes page by page, and misses nothing that changes meanwhile', async () => {
  const room = await group('Ana');
  const said: Message[] = [];
  for (let n = 0; n < 25; ++n) said.push(await say(room.id, `${n}`));
  const state = new Map<string, Message>();
  let rev = 0;
  for (let page = 0, more = true; more; ++page) {
    const changes = await tenant.hermod.conversations.changes(room.id, { after_rev: rev, limit: 4 });
    for (const message of changes.messages) state.set(message.id, message);
    ({ rev, has_more: more } = changes);
    if (page < 4) await tenant.hermod.messages.edit(said[page]?.id ?? '', { text: `${page} again` });
    assert.ok(page < 20, 'it ends');
  }
  const { data } = await tenant.hermod.conversations.messages.list(room.id, { limit: 200 }).page();
  assert.deepEqual([...state.values()].sort((a, b) => b.seq - a.seq), data);

  const all: string[] = [];
  let after: string | undefined;
  for (let more = true; more;) {
    const page = await tenant.hermod.sync({ ...(after ? { after } : {}), limit: 2 });
    all.push(...page.conversations.map(({ id }) => id));
    ({ cursor: after, has_more: more } = page);
  }
  assert.ok(all.includes(room.id) && new Set(all).size === all.length);
});
