import type { HermodEvent } from '@hermod/protocol';
import { HermodError } from './errors.ts';
import { delayBefore, mayRetry, sleep, type RetryOptions } from './retry.ts';
import type { Transport } from './transport.ts';

export interface ListenOptions {
  /** The cursor of the last event you have, or `start`. Without it: from now on. */
  after?: string;
  /** Ends the iteration with the signal's reason. */
  signal?: AbortSignal;
  /** Seconds that one request may wait for an event. Default 25. */
  waitSeconds?: number;
  /**
   * Called with each event's cursor once you ask for the next one, having handled it, and with
   * every new cursor where nothing came: keep it to go on after a restart. Who leaves the loop
   * keeps `event.cursor` of the last event themselves, or gets that event again.
   */
  onCursor?: (cursor: string) => void;
}

const patience: RetryOptions = { retries: Infinity, baseDelayMs: 250, maxDelayMs: 30_000 };

/**
 * Every event after the cursor, in order and without gaps, for as long as you iterate. A lost
 * connection or a restarting server is waited out. `cursor_expired` ends it: what happened since
 * is no longer kept, so load what you need afresh and listen from now on.
 */
export async function* listen(transport: Transport, options: ListenOptions = {}): AsyncGenerator<HermodEvent, void, void> {
  const wait = options.waitSeconds ?? 25;
  let after = options.after;
  for (;;) {
    // Without a cursor the first request only asks where the end is: had it waited and its answer
    // been lost, the next would begin further on and an event would be missed.
    const page = await patiently(transport, after, after === undefined ? 0 : wait, options.signal);
    for (const event of page.data as HermodEvent[]) {
      yield event;
      after = event.cursor;
      options.onCursor?.(after);
    }
    if (after !== page.next) options.onCursor?.(page.next); // beyond events of others
    after = page.next;
  }
}

async function patiently(transport: Transport, after: string | undefined, wait: number, signal?: AbortSignal) {
  for (let tries = 0; ; ++tries) {
    try {
      return await transport.call('GET /api/v1/events', { query: { after, wait } },
        { signal, waitMs: wait * 1000, retries: 0 });
    } catch (error) {
      if (!(error instanceof HermodError) || !mayRetry(error, true)) throw error;
      const asked = error.retryAfter === null ? error : new HermodError({ ...error, retryAfter: Math.min(error.retryAfter, 30) });
      await sleep(delayBefore(Math.min(tries, 10), asked, patience, Math.random) ?? patience.maxDelayMs, signal);
    }
  }
}
