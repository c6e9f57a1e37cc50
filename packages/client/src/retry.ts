import type { HermodError } from './errors.ts';

export interface RetryOptions {
  /** Tries after the first; 0 for none. Default 3. */
  retries: number;
  /** The first wait is up to this, each further one up to twice the one before. Default 250. */
  baseDelayMs: number;
  /** No wait is longer; a server that asks for more gets no further try. Default 20 000. */
  maxDelayMs: number;
}

export const defaultRetry: RetryOptions = { retries: 3, baseDelayMs: 250, maxDelayMs: 20_000 };

const transientStatuses = new Set([0, 408, 429, 502, 503, 504]);

/**
 * Whether the same request may be sent again. A repeatable one (GET, PUT, DELETE, or a POST with an
 * idempotency key) may after anything that can pass; any other only where the server said that it
 * did nothing.
 */
export function mayRetry(error: HermodError, repeatable: boolean): boolean {
  if (repeatable) return transientStatuses.has(error.status);
  return error.code === 'rate_limited' || error.code === 'overloaded' || error.code === 'draining';
}

/** Milliseconds before try `attempt` + 1 (the first try is 0); null where it is not worth it. */
export function delayBefore(
  attempt: number,
  error: HermodError,
  options: RetryOptions,
  random: () => number,
): number | null {
  const ceiling = Math.min(options.maxDelayMs, options.baseDelayMs * 2 ** attempt);
  const backoff = ceiling / 2 + (ceiling / 2) * random();
  if (error.retryAfter === null) return backoff;
  const asked = error.retryAfter * 1000;
  return asked > options.maxDelayMs ? null : Math.max(asked, backoff);
}

/** Waits, or rejects with the signal's reason as soon as it is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
