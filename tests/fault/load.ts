// Writes without pause against a server that may die at any moment, and what must be true of it
// afterwards. Each party is one kind of client; another kind is one more party.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Account, HermodEvent } from '@hermod/client';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { EventLog } from '../harness/event-log.ts';
import { accept, verify, type Received, type Receiver } from '../harness/receiver.ts';
import type { Tenant } from '../harness/world.ts';

/** What a party is held against, once all is quiet. */
export interface Aftermath {
  tenant: Tenant;
  /** The whole log. */
  events: readonly HermodEvent[];
  /** The statuses that each message has had, in order. */
  statuses: ReadonlyMap<string, readonly (string | null)[]>;
  ledger: Ledger;
}

/** How far a run is. */
export interface Run {
  /** Writers go on. */
  going: boolean;
  /** The test has failed: nobody insists on an answer any more. */
  over: boolean;
}

export interface Party {
  /** Writes while the run goes on, each write again and again until it was answered. */
  write(run: Run): Promise<void>;
  /** Throws where anything is missing or doubled. */
  check(after: Aftermath): Promise<void>;
  /** What was accepted of it. */
  accepted: readonly string[];
  /** Whether its messages go out, so that their last status is `read`. */
  goesOut: boolean;
}

// A message that met trouble and two kills may be at its fourth try, which waits two minutes.
const patienceMs = 200_000;

/** Waits until all that was accepted has come to its end. */
async function whenQuiet(log: EventLog, outgoing: readonly string[]): Promise<Map<string, (string | null)[]>> {
  const statuses = new Map<string, (string | null)[]>();
  const open = new Set(outgoing);
  const note = (event: HermodEvent) => {
    if (event.type !== 'message.created' && event.type !== 'message.status') return;
    const { id, status } = event.data.message;
    statuses.set(id, [...statuses.get(id) ?? [], status]);
    if (status === 'read') open.delete(id);
  };
  for (let deadline = Date.now() + patienceMs; open.size > 0;) {
    for (const event of await log.read(1)) {
      deadline = Date.now() + patienceMs;
      note(event);
    }
    assert.ok(Date.now() < deadline, `${open.size} of ${outgoing.length} messages came to no end, among them ${[...open][0]}`);
  }
  for (const event of await log.drain()) note(event);
  return statuses;
}

/** Holds everything against what was accepted. Returns the figures, in a line. */
export async function holdAgainst(tenant: Tenant, ledger: Ledger, parties: Party[]): Promise<string> {
  const log = tenant.log();
  const statuses = await whenQuiet(log, parties.flatMap((party) => party.goesOut ? party.accepted : []));
  const { events } = log;
  for (const party of parties) await party.check({ tenant, events, statuses, ledger });
  assert.deepEqual(events.map(({ offset }) => offset), events.map((_, at) => at + 1), 'the log has a gap');
  ledger.checkRepeats();
  const accepted = parties.reduce((sum, party) => sum + party.accepted.length, 0);
  return `${accepted} writes accepted, ${events.length} events, ${ledger.deliveries.length} deliveries`;
}

/** Asks until there is an answer that is none of a server that is gone, starting or full. */
export async function insist(tenant: Tenant, run: Run, path: string, json: Record<string, unknown>): Promise<{ id: string }> {
  while (!run.over) {
    const answer = await tenant.raw('POST', path, { json }).catch(() => null);
    if (answer && answer.status >= 200 && answer.status < 300) return answer.body as { id: string };
    if (answer && answer.status !== 503) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    await delay(20);
  }
  throw new Error(`${path}: the run was over before it was answered`);
}

/** All parties at once, while `meanwhile` disturbs them. */
export async function underLoad(parties: Party[], meanwhile: () => Promise<void>): Promise<void> {
  const run: Run = { going: true, over: false };
  const writing = Promise.all(parties.map((party) => party.write(run)));
  try {
    await Promise.race([meanwhile(), writing]);
    run.going = false;
    await writing;
  } finally {
    run.going = false;
    run.over = true;
    await writing.catch(() => {}); // why the run is over was told already
  }
}

/**
 * One who sends to one number, the next message when the last was accepted. Where the time is set
 * back, what was to go out by a clock that was ahead is overtaken.
 */
export function sender(tenant: Tenant, account: Account, to: string, order: 'kept' | 'any' = 'kept'): Party {
  const accepted: string[] = [];
  return {
    async write(run) {
      for (let n = 0; run.going; ++n) {
        const text = `${to} ${n}`;
        accepted.push((await insist(tenant, run, '/api/v1/messages', { to, text, account_id: account.id, client_id: text })).id);
      }
    },
    async check({ events, statuses, ledger }) {
      assert.equal(new Set(accepted).size, accepted.length, 'a repeated client_id made a second message');
      for (const id of accepted) {
        const had = statuses.get(id) ?? [];
        assert.equal(had[0], 'queued', id);
        for (const status of ['queued', 'sent', 'delivered', 'read'])
          assert.equal(had.filter((one) => one === status).length, 1, `${id} was ${status} not once: ${had}`);
      }
      // What left, left in the order in which it was accepted, and nothing else left.
      const taken = ledger.takenBy(to);
      if (order === 'kept') assert.deepEqual(taken, accepted);
      else assert.deepEqual([...taken].sort(), [...accepted].sort());
      const kept = new Set(accepted);
      for (const event of events)
        if (event.type === 'message.created' && event.data.message.to?.[0]?.address === to)
          assert.ok(kept.delete(event.data.message.id), `${event.data.message.id} was created twice, or by nobody`);
      assert.equal(kept.size, 0, `without an event: ${[...kept]}`);
    },
    accepted,
    goesOut: true,
  };
}

/** One who writes in a conversation of the app; `as` tells several of them apart. */
export function talker(tenant: Tenant, conversation: string, as: string): Party {
  const accepted: string[] = [];
  return {
    async write(run) {
      for (let n = 0; run.going; ++n) {
        const text = `${as} ${n}`;
        accepted.push((await insist(tenant, run, `/api/v1/conversations/${conversation}/messages`, { text, client_id: text })).id);
      }
    },
    async check() {
      const kept: { id: string; seq: number; text: unknown }[] = [];
      for await (const { id, seq, content } of tenant.hermod.conversations.messages.list(conversation, { limit: 200 }))
        kept.push({ id, seq, text: (content as { text?: unknown }).text });
      kept.reverse();
      assert.deepEqual(kept.map(({ seq }) => seq), kept.map((_, at) => at + 1), 'the conversation has a gap');
      const own = kept.filter(({ text }) => String(text).startsWith(`${as} `));
      assert.deepEqual(own.map(({ text }) => text), accepted.map((_, n) => `${as} ${n}`));
      assert.deepEqual(own.map(({ id }) => id), accepted);
    },
    accepted,
    goesOut: false,
  };
}

/** The network of an account, which hands in each message until it is told that it was taken. */
export function correspondent(tenant: Tenant, account: Account, from: string): Party {
  const accepted: string[] = [];
  return {
    async write(run) {
      for (let n = 0; run.going; ++n) {
        accepted.push((await insist(tenant, run, '/api/v1/sandbox/inbound',
          { account_id: account.id, from, text: `in ${n}`, provider_id: `${from}-${n}` })).id);
        await delay(5);
      }
    },
    async check({ events }) {
      const created = events.flatMap((event) =>
        event.type === 'message.created' && event.data.message.from.address === from ? [event.data.message.id] : []);
      assert.deepEqual(created, accepted, 'each provider_id once, in order');
    },
    accepted,
    goesOut: false,
  };
}

/**
 * A customer's endpoint. It writes nothing and gets every event: signed, as the log has it, under
 * one webhook-id and one delivery however often it comes, and of a conversation in order. Once of
 * each conversation it refuses an event, and once it takes another without an answer.
 */
export async function subscriber(tenant: Tenant, receiver: Receiver, random: Random): Promise<Party> {
  const { id, secret } = await tenant.hermod.webhooks.create({ url: receiver.url });
  const troubles = new Map<string, string[]>();
  const troubled = new Set<string>();
  receiver.react = (delivery, response) => {
    const left = troubles.get(place(delivery)) ?? ['refused', 'dropped'];
    troubles.set(place(delivery), left);
    // One event has trouble once: its third try would come after minutes.
    const trouble = random() < 0.05 && !troubled.has(delivery.event.id) ? left.shift() : undefined;
    if (trouble) troubled.add(delivery.event.id);
    if (trouble === 'refused') response.writeHead(500).end();
    else if (trouble === 'dropped') response.destroy();
    else accept(delivery, response);
  };
  return {
    async write() {},
    async check({ events: all }) {
      const made = all.find((event) => event.type === 'webhook.created' && event.data.webhook.id === id);
      assert.ok(made, 'the webhook was made');
      const expected = all.filter(({ offset }) => offset > made.offset);
      await untilReceived(receiver, expected);
      const known = new Map(expected.map((event) => [event.id, event]));
      const deliveries = new Map<string, unknown>();
      const first = new Map<string, HermodEvent[]>();
      for (const delivery of receiver.received) {
        const { timestamp, ...event } = delivery.event;
        verify(delivery, secret ?? '');
        assert.deepEqual(event, known.get(event.id), `${event.id}, told at ${timestamp}, is not in the log`);
        if (!deliveries.has(event.id)) first.set(place(delivery), [...(first.get(place(delivery)) ?? []), event]);
        assert.equal(delivery.headers['hermod-delivery'], deliveries.get(event.id) ?? delivery.headers['hermod-delivery']);
        deliveries.set(event.id, delivery.headers['hermod-delivery']);
      }
      for (const [conversation, events] of first) {
        const offsets = events.map(({ offset }) => offset);
        if (conversation) assert.deepEqual(offsets, [...offsets].sort((a, b) => a - b), `out of order in ${conversation}`);
      }
    },
    accepted: [],
    goesOut: false,
  };
}

const place = (delivery: Received) => delivery.event.conversation_id ?? '';

async function untilReceived(receiver: Receiver, expected: HermodEvent[]): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const received = new Set(receiver.received.map(({ event }) => event.id));
    const missing = expected.filter(({ id }) => !received.has(id));
    if (missing.length === 0) return;
    if (Date.now() > deadline) throw new Error(`${missing.length} of ${expected.length} events were not delivered, the first: ${JSON.stringify(missing[0])}`);
    await delay(100);
  }
}
