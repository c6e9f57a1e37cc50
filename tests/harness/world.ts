// What most tests need: a running server, and workspaces in it with keys and accounts.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { init, type Account, type Client, type Routes } from '@hermod/client';
import { createCheckedFetch } from './checked-fetch.ts';
import { EventLog } from './event-log.ts';
import { startServer, type Server, type ServerOptions } from './server.ts';

export type SignedIn = Routes['POST /api/v1/auth/register']['response'];

export const password = 'correct horse battery staple';

export interface Raw {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined where it is none. */
  body: any;
}

export interface RawOptions {
  token?: string | undefined;
  json?: unknown;
  body?: string | undefined;
  headers?: Record<string, string>;
}

/** One workspace with its owner, an API key that may do everything, and a client with that key. */
export interface Tenant {
  id: string;
  email: string;
  session: SignedIn;
  key: string;
  /** The person the key acts as. */
  bot: string;
  hermod: Client;
  /** As the owner, by session. */
  owner: Client;
  log(after?: string): EventLog;
  sandbox(settings?: Record<string, unknown>): Promise<Account>;
  /** A request that the SDK would not make. */
  raw(method: string, path: string, options?: RawOptions): Promise<Raw>;
  /** A client with a key of these scopes. */
  clientWith(scopes: string[], environment?: 'live' | 'test'): Promise<Client>;
}

export interface World {
  server: Server;
  client(options: { apiKey?: string; accessToken?: string; workspace?: string }): Client;
  tenant(): Promise<Tenant>;
  raw(method: string, path: string, options?: RawOptions): Promise<Raw>;
  /** Moves the server's time. */
  advance(ms: number): Promise<void>;
  /** Moves it step by step until the promise is settled, at most that many steps. */
  advanceUntil<T>(promise: Promise<T>, stepMs: number, steps?: number): Promise<T>;
  /** Stops the server. Throws where an answer or event broke the contract. */
  stop(): Promise<void>;
}

export const instantly = { delays_ms: { sent: 0, delivered: 0, read: 0 } };

export async function startWorld(options: ServerOptions = {}): Promise<World> {
  const server = await startServer(options);
  const { fetch, violations, clockMoved } = createCheckedFetch();

  const client: World['client'] = (credentials) =>
    init({ baseUrl: server.url, fetch, retry: { retries: 2, baseDelayMs: 20 }, ...credentials });

  async function raw(method: string, path: string, { token, json, body, headers }: RawOptions = {}): Promise<Raw> {
    const response = await fetch(server.url + path, {
      method,
      body: json === undefined ? body : JSON.stringify(json),
      headers: {
        ...(json === undefined && body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  }

  async function tenant(): Promise<Tenant> {
    const email = `${randomUUID()}@example.com`;
    const session = await client({}).auth.register({ email, password, name: 'Olive Owner', workspace_name: 'Test' });
    const workspace = session.workspaces[0];
    assert.ok(workspace);
    const owner = client({ accessToken: session.access_token });
    const issued = await owner.apiKeys.create({ name: 'tests', environment: 'live', scopes: ['admin'] });
    assert.ok(issued.key);
    const key = issued.key;
    const hermod = client({ apiKey: key });
    return {
      id: workspace.id,
      email,
      session,
      key,
      bot: issued.person_id,
      hermod,
      owner,
      log: (after) => new EventLog(hermod, after),
      sandbox: (settings = instantly) => connectedSandbox(hermod, settings),
      raw: (method, path, rawOptions) => raw(method, path, { token: key, ...rawOptions }),
      async clientWith(scopes, environment = 'live') {
        const made = await hermod.apiKeys.create({ name: 'scoped', environment, scopes });
        return client({ apiKey: made.key ?? '' });
      },
    };
  }

  async function advance(ms: number): Promise<void> {
    clockMoved();
    const answer = await raw('POST', '/api/v1/testing/clock', { json: { advance_ms: ms } });
    assert.ok(answer.status < 300, `the clock did not move: ${answer.status} ${answer.text}`);
    clockMoved();
  }

  async function advanceUntil<T>(promise: Promise<T>, stepMs: number, steps = 100): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => { settled = true; });
    watched.catch(() => {});
    for (let step = 0; step < steps && !settled; ++step) {
      await advance(stepMs);
      await Promise.race([watched.catch(() => {}), new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    return watched;
  }

  return {
    server,
    client,
    tenant,
    raw,
    advance,
    advanceUntil,
    async stop() {
      await server.stop();
      assert.deepEqual([...new Set(violations)], [], 'answers or events broke the contract');
    },
  };
}

async function connectedSandbox(hermod: Client, settings: Record<string, unknown>): Promise<Account> {
  const account = await hermod.accounts.create({ connector: 'sandbox', name: 'Sandbox', settings });
  return account.state === 'connected' ? account : waitForAccount(hermod, account.id, 'connected');
}

/** Waits until the account has the state. */
export async function waitForAccount(hermod: Client, id: string, state: Account['state']): Promise<Account> {
  const log = new EventLog(hermod);
  await log.until((event) => event.type === 'account.state' && event.data.account.id === id && event.data.account.state === state, `${id} ${state}`);
  return hermod.accounts.get(id);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

let numbers = 0;

/** A phone number that no other test uses and that is delivered, then read. */
export function freshNumber(): string {
  numbers += 1;
  return `+1202555${String(1000 + numbers).padStart(4, '0')}`;
}
