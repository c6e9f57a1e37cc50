// A real browser, driven over its debugging pipe: what a page of some origin can do and see.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

export interface Page {
  /** Runs in the page and gives what it returns, which must be JSON. */
  run<T, A extends unknown[]>(script: (...args: A) => T | Promise<T>, ...args: A): Promise<T>;
}

export interface Browser {
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

interface Answer {
  id?: number;
  method?: string;
  sessionId?: string;
  result?: any;
  error?: { message: string };
}

const patienceMs = 30_000;

export async function startBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'hermod-chromium-'));
  const child = spawn('chromium', ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--remote-debugging-pipe', `--user-data-dir=${profile}`],
  { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  const [input, output] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  input.on('error', () => {});
  const waiting = new Map<number, (answer: Answer) => void>();
  const loads = new Map<string, () => void>();
  let text = '';
  output.setEncoding('utf8').on('data', (more: string) => {
    const messages = (text + more).split('\0');
    text = messages.pop() ?? '';
    for (const message of messages.map((one) => JSON.parse(one) as Answer)) {
      if (message.id !== undefined) waiting.get(message.id)?.(message);
      if (message.method === 'Page.loadEventFired') loads.get(message.sessionId ?? '')?.();
    }
  });

  let ids = 0;
  async function call(method: string, params: object, sessionId?: string): Promise<any> {
    const id = ++ids;
    const answer = within(new Promise<Answer>((resolve) => waiting.set(id, resolve)), method);
    input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { result, error } = await answer;
    waiting.delete(id);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  return {
    async open(url) {
      const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
      await call('Page.enable', {}, sessionId);
      const loaded = within(new Promise<void>((resolve) => loads.set(sessionId, resolve)), url);
      await call('Page.navigate', { url }, sessionId);
      await loaded;
      return {
        async run(script, ...args) {
          const expression = `(${script.toString()})(...${JSON.stringify(args)})`;
          const { result, exceptionDetails } = await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId);
          assert.ok(!exceptionDetails, JSON.stringify(exceptionDetails));
          return result.value;
        },
      };
    },
    async close() {
      await call('Browser.close', {});
      await ended;
      // Its helpers may be at work a moment longer.
      rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
    },
  };
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms: ${what}`)), patienceMs); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Serves empty pages: their port is an origin. As `localhost` it is another site than as 127.0.0.1. */
export async function startOrigin(): Promise<{ port: number; stop(): void }> {
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<!doctype html>'));
  }).listen(0);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, stop: () => void server.close() };
}
