// Follows a workspace's log by long-poll, so that a test waits for what it needs and never sleeps.
import assert from 'node:assert/strict';
import type { Client, EventName, HermodEvent } from '@hermod/client';

export type EventOf<T extends EventName> = Extract<HermodEvent, { type: T }>;

const patienceMs = 20_000;

export class EventLog {
  /** Every event seen so far, in order. */
  readonly events: HermodEvent[] = [];
  readonly #client: Client;
  #cursor: string;

  constructor(client: Client, after = 'start') {
    this.#client = client;
    this.#cursor = after;
  }

  get cursor(): string {
    return this.#cursor;
  }

  /** One page more, waiting at most that long for it. */
  async read(waitSeconds = 0): Promise<HermodEvent[]> {
    const page = await this.#client.events.page({ after: this.#cursor, wait: waitSeconds });
    for (const event of page.data as HermodEvent[]) {
      const last = this.events.at(-1);
      if (last) assert.ok(event.offset > last.offset, `offset ${event.offset} comes after ${last.offset}`);
      this.events.push(event);
    }
    this.#cursor = page.next;
    return page.data as HermodEvent[];
  }

  /** Reads until nothing more is there; what came by that. */
  async drain(): Promise<HermodEvent[]> {
    const known = this.events.length;
    while ((await this.read()).length > 0);
    return this.events.slice(known);
  }

  /** The first event, of those seen and those to come, that fits. */
  async until(fits: (event: HermodEvent) => boolean, what: string): Promise<HermodEvent> {
    const deadline = Date.now() + patienceMs;
    for (let at = 0; ; ) {
      for (; at < this.events.length; ++at) {
        const event = this.events[at];
        if (event && fits(event)) return event;
      }
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no event within ${patienceMs} ms: ${what}; seen: ${this.describe()}`);
      await this.read(Math.min(5, Math.ceil(left / 1000)));
    }
  }

  /** Waits until the message has the status. Other than waiting, it checks that none goes back. */
  async untilStatus(messageId: string, status: string): Promise<EventOf<'message.status'>> {
    const event = await this.until(
      (one) => one.type === 'message.status' && one.data.message.id === messageId && one.data.message.status === status,
      `${messageId} ${status}`);
    return event as EventOf<'message.status'>;
  }

  /** The statuses that a message has had, oldest first. */
  statusesOf(messageId: string): (string | null)[] {
    return this.events.flatMap((event) => {
      if (event.type === 'message.created' && event.data.message.id === messageId) return [event.data.message.status];
      return event.type === 'message.status' && event.data.message.id === messageId ? [event.data.message.status] : [];
    });
  }

  describe(): string {
    return this.events.map((event) => event.type === 'message.status'
      ? `${event.offset} ${event.type} ${event.data.message.status}` : `${event.offset} ${event.type}`).join(', ');
  }
}
