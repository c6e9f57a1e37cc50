import type { RouteName, Routes } from '@hermod/protocol';
import { errorOfResponse, HermodError } from './errors.ts';
import { defaultRetry, delayBefore, mayRetry, sleep, type RetryOptions } from './retry.ts';

export interface ClientOptions {
  /** Where Hermod is, such as `https://hermod.example.com`; a path before `/api/v1` is kept. */
  baseUrl: string;
  /** An API key (`hk_…`). Never put one into a browser. */
  apiKey?: string;
  /** A session's or person's token, or a function that gives the current one for each try. */
  accessToken?: string | (() => string | Promise<string>);
  /** For a page of Hermod's own origin: the session is a cookie, from `auth.loginBrowser`. */
  cookie?: boolean;
  /** The workspace (`wsp_…`), where the credentials reach several. */
  workspace?: string;
  /** One try may last this long. Default 30 000; a call that waits on purpose gets that on top. */
  timeoutMs?: number;
  retry?: Partial<RetryOptions>;
  /** Another `fetch`, for tests or proxies. */
  fetch?: typeof fetch;
}

/** What any call takes besides its own arguments. */
export interface CallOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
  retries?: number;
  /** Yours instead of a random one, so that a repeat after a restart is still the same request. */
  idempotencyKey?: string;
}

type Part<R extends RouteName, K extends 'path' | 'query' | 'body'> =
  Routes[R][K] extends undefined ? { [P in K]?: undefined }
  : Routes[R][K] extends Record<string, never> ? { [P in K]?: undefined }
  : K extends 'query' ? { [P in K]?: Routes[R][K] }
  : { [P in K]: Routes[R][K] };

/** What goes into a route: only the parts it has. */
export type Input<R extends RouteName> = Part<R, 'path'> & Part<R, 'query'> & Part<R, 'body'>;

export interface Transport {
  call<R extends RouteName>(route: R, input: Input<R>, options?: InternalOptions): Promise<Routes[R]['response']>;
}

export interface InternalOptions extends CallOptions {
  /** A POST that the server cannot tell from its repeat: no session, hence no idempotency. */
  repeatable?: boolean;
  /** The server holds the answer back this long on purpose. */
  waitMs?: number;
}

interface Parts {
  path?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
}

export function createTransport(options: ClientOptions): Transport {
  if (typeof options?.baseUrl !== 'string') throw new TypeError('init needs a baseUrl, such as https://hermod.example.com');
  const base = options.baseUrl.replace(/\/+$/, '');
  const retry: RetryOptions = { ...defaultRetry, ...options.retry };
  const send = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args));

  async function headers(hasBody: boolean, idempotencyKey: string | null): Promise<Headers> {
    const result = new Headers({ accept: 'application/json' });
    const token = typeof options.accessToken === 'function' ? await options.accessToken() : options.accessToken;
    const credential = options.apiKey ?? token;
    if (credential) result.set('authorization', `Bearer ${credential}`);
    // What changes something by cookie must carry a header that no other site's page can add.
    if (options.cookie) result.set('hermod-csrf', '1');
    if (options.workspace) result.set('hermod-workspace', options.workspace);
    if (hasBody) result.set('content-type', 'application/json');
    if (idempotencyKey) result.set('idempotency-key', idempotencyKey);
    return result;
  }

  async function attempt(url: string, method: string, body: string | undefined, key: string | null,
    timeoutMs: number, signal: AbortSignal | undefined): Promise<unknown> {
    signal?.throwIfAborted();
    const head = await headers(body !== undefined, key);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timeoutMs);
    const onAbort = () => deadline.abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const response = await send(url, { method, headers: head, body, signal: deadline.signal });
      const text = await response.text();
      if (!response.ok) throw errorOfResponse(response, text);
      return text === '' ? undefined : parseBody(response, text);
    } catch (error) {
      if (error instanceof HermodError) throw error;
      signal?.throwIfAborted();
      throw lost(error, deadline.signal.aborted, timeoutMs);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async function call<R extends RouteName>(route: R, input: Input<R>, callOptions: InternalOptions = {}):
    Promise<Routes[R]['response']> {
    const [method = '', template = ''] = route.split(' ');
    const { path, query, body } = input as Parts;
    const url = base + fillPath(template, path) + queryText(query);
    const repeatable = callOptions.repeatable ?? method !== 'PATCH';
    const key = method === 'POST' && repeatable ? callOptions.idempotencyKey ?? crypto.randomUUID() : null;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const timeoutMs = (callOptions.timeoutMs ?? options.timeoutMs ?? 30_000) + (callOptions.waitMs ?? 0);
    const retries = callOptions.retries ?? retry.retries;
    for (let tries = 0, unsure = false; ; ++tries) {
      try {
        return await attempt(url, method, text, key, timeoutMs, callOptions.signal) as Routes[R]['response'];
      } catch (error) {
        if (!(error instanceof HermodError)) throw error;
        // The lost answer was the deletion's: what we wanted has happened.
        if (method === 'DELETE' && unsure && error.status === 404) return undefined as Routes[R]['response'];
        const delay = tries < retries && mayRetry(error, repeatable)
          ? delayBefore(tries, error, retry, Math.random) : null;
        if (delay === null) throw error;
        unsure ||= error.status !== 429;
        await sleep(delay, callOptions.signal);
      }
    }
  }

  return { call };
}

function parseBody(response: Response, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HermodError({
      code: 'bad_response',
      status: response.status,
      title: 'The answer is not JSON: is this the address of a Hermod server?',
      detail: null,
      errors: [],
      requestId: response.headers.get('x-request-id'),
      retryAfter: null,
      cause,
    });
  }
}

function lost(cause: unknown, timedOut: boolean, timeoutMs: number): HermodError {
  return new HermodError({
    code: timedOut ? 'timed_out' : 'connection_failed',
    status: 0,
    title: timedOut ? `No answer within ${timeoutMs} ms` : 'The server cannot be reached',
    detail: cause instanceof Error && !timedOut ? describe(cause) : null,
    errors: [],
    requestId: null,
    retryAfter: null,
    cause,
  });
}

// `fetch` says only "fetch failed" and keeps the reason in `cause`.
function describe(error: Error): string {
  return error.cause instanceof Error && error.cause.message ? error.cause.message : error.message;
}

function fillPath(template: string, path: Record<string, string> = {}): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = path[name];
    // An empty segment would silently name another route.
    if (!value || value === '.' || value === '..') throw new TypeError(`${name} must not be ${JSON.stringify(value)}`);
    return encodeURIComponent(value);
  });
}

function queryText(query: Record<string, unknown> = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  if (pairs.length === 0) return '';
  return `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}
