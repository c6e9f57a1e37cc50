// Starts the built binary in a folder of its own, on a free port, and stops it by its own id.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { get, type RequestOptions } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { createDatabase, type TestDatabase } from './postgres.ts';

declare const ROOT: string;

/** The repository's root. */
export const root = ROOT;
export const engine = process.env.HERMOD_TEST_ENGINE ?? 'sqlite';

const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;
// What a sanitizer or a broken invariant prints; none may be overlooked because a test passed.
const fatalOutput = /(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|check failed:)/;

export interface ServerOptions {
  /** More settings, as environment variables; undefined takes one away. */
  env?: Record<string, string | undefined>;
  /** The PostgreSQL cluster to use, as superuser, instead of that of all tests. */
  cluster?: string;
  /** Serves TLS with these files. */
  tls?: { certFile: string; keyFile: string; caFile: string };
}

export interface Server {
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Its settings, as environment variables. */
  readonly env: Record<string, string>;
  /** Everything it has printed, over all its lives. */
  output(): string;
  /** Asks it to drain, waits for its end, and removes what it left. Throws where it ended badly. */
  stop(): Promise<void>;
  /** `kill -9`: nothing is flushed, nothing is said. */
  kill(): Promise<void>;
  /** A signal that does not end it. */
  signal(name: 'SIGHUP'): void;
  /** SIGTERM, and the exit status. */
  terminate(): Promise<number | null>;
  /** The next life, on the same data and the same port. */
  start(): Promise<void>;
}

export function binaryPath(): string {
  const candidates = process.env.HERMOD_BINARY
    ? [process.env.HERMOD_BINARY]
    : ['asan', 'dev', 'release'].map((preset) => join(root, 'build', preset, 'server/hermod'));
  const found = candidates.find((path) => existsSync(path));
  if (!found) throw new Error(`no server was built: ${candidates.join(', ')}`);
  return found;
}

/** The environment without what is not the server's: it refuses keys it does not know. */
export function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('HERMOD_') && name !== 'NODE_OPTIONS');
  return Object.fromEntries(entries) as Record<string, string>;
}

// A test process that is ended from outside takes its servers and folders with it.
const alive = new Set<ChildProcess>();
const folders = new Set<string>();
process.once('SIGTERM', () => process.exit(143));
process.once('SIGINT', () => process.exit(130));
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const dataDir = mkdtempSync(join(tmpdir(), 'hermod-test-'));
  folders.add(dataDir);
  const port = await freePort();
  const database: TestDatabase | null = engine === 'postgres' ? await createDatabase(options.cluster) : null;
  const url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const env = defined({
    ...cleanEnvironment(),
    HERMOD_LISTEN: `127.0.0.1:${port}`,
    HERMOD_DATA_DIR: dataDir,
    HERMOD_MASTER_KEY: `test:${randomBytes(32).toString('hex')}`,
    HERMOD_DATABASE_URL: database?.url ?? `sqlite:${join(dataDir, 'hermod.db')}`,
    ...(database ? { HERMOD_DATABASE_MIGRATE_URL: database.ownerUrl } : {}),
    ...(options.tls ? { HERMOD_NET_TLS_CERTIFICATE_FILE: options.tls.certFile, HERMOD_NET_TLS_KEY_FILE: options.tls.keyFile } : {}),
    HERMOD_TESTING_CLOCK: 'true',
    HERMOD_NET_ALLOW_PRIVATE_NETWORKS: 'true',
    HERMOD_NET_RATE_LIMIT_PER_ADDRESS: '0',
    HERMOD_NET_RATE_LIMIT_PER_KEY: '0',
    HERMOD_NET_RATE_LIMIT_PER_WORKSPACE: '0',
    HERMOD_NET_RATE_LIMIT_SIGN_IN_PER_ADDRESS: '0',
    ...options.env,
  });
  let output = '';
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    const started = spawn(binaryPath(), ['serve'], { env, stdio: ['ignore', 'pipe', 'pipe'], cwd: dataDir });
    child = started;
    alive.add(started);
    started.once('close', () => alive.delete(started));
    for (const stream of [started.stdout, started.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => { output += text; });
    await waitUntilReady(started, () => isReady(url, options.tls?.caFile), () => output);
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const ending = child;
    child = null;
    if (!ending) return null;
    if (ending.exitCode !== null || ending.signalCode !== null) return ending.exitCode;
    const gone = once(ending, 'close');
    ending.kill(signal);
    const timer = setTimeout(() => {
      output += `\ncheck failed: still running ${stopTimeoutMs} ms after ${signal}\n`;
      ending.kill('SIGKILL');
    }, stopTimeoutMs);
    await gone;
    clearTimeout(timer);
    return ending.exitCode;
  }

  async function cleanUp(): Promise<void> {
    await database?.drop();
    rmSync(dataDir, { recursive: true, force: true });
    folders.delete(dataDir);
  }

  try {
    await start();
  } catch (error) {
    await end('SIGKILL');
    await cleanUp();
    throw error;
  }
  return {
    url,
    dataDir,
    env,
    get pid() { return child?.pid ?? 0; },
    output: () => output,
    start,
    kill: async () => { await end('SIGKILL'); },
    signal: (name) => { child?.kill(name); },
    terminate: () => end('SIGTERM'),
    async stop() {
      const wasRunning = child !== null;
      const status = await end('SIGTERM');
      const wrong = wasRunning ? await findings(env) : '';
      await cleanUp();
      if (fatalOutput.test(output)) throw new Error(`the server printed:\n${aroundFatal(output)}`);
      if (wasRunning && status !== 0) throw new Error(`the server ended with ${status}:\n${tail(output)}`);
      if (wrong) throw new Error(`hermod verify says:\n${wrong}`);
    },
  };
}

/** What `hermod verify` finds wrong in the database; nothing where all is as it must be. */
export async function findings(env: Record<string, string>): Promise<string> {
  const { status, stdout, stderr } = await runCommand(['verify'], env);
  return status === 0 ? '' : stdout + stderr;
}

function defined(env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)) as Record<string, string>;
}

/** Runs one command of the binary to its end. */
export async function runCommand(args: string[], env: Record<string, string> = {}, input = ''):
  Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(binaryPath(), args, { env: { ...cleanEnvironment(), ...env }, stdio: ['pipe', 'pipe', 'pipe'], cwd: tmpdir() });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  child.stdin.on('error', () => {}).end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs);
  await once(child, 'close');
  clearTimeout(timer);
  return { status: child.exitCode, stdout, stderr };
}

async function isReady(url: string, caFile?: string): Promise<boolean> {
  if (caFile) return (await httpsGet(`${url}/readyz`, { ca: readFileSync(caFile) }).catch(() => null))?.status === 200;
  const response = await fetch(`${url}/readyz`).catch(() => null);
  await response?.arrayBuffer();
  return response?.ok ?? false;
}

/** GET through node:https, which fetch cannot be told an authority for. */
export async function httpsGet(url: string, options: RequestOptions): Promise<{ status: number; headers: IncomingHttpHeaders; body: string; protocol: string | null }> {
  const request = get(url, { agent: false, ...options });
  const [response] = await once(request, 'response') as [IncomingMessage];
  const protocol = (response.socket as TLSSocket).getProtocol();
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, body, protocol };
}

async function waitUntilReady(child: ChildProcess, ready: () => Promise<boolean>, output: () => string): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the server ended with ${child.exitCode ?? child.signalCode} at its start:\n${tail(output())}`);
    if (await ready()) return;
    await delay(20);
  }
  throw new Error(`the server was not ready within ${startTimeoutMs} ms:\n${tail(output())}`);
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

const tail = (text: string) => text.split('\n').slice(-40).join('\n');

function aroundFatal(text: string): string {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => fatalOutput.test(line));
  return lines.slice(Math.max(0, at - 2), at + 60).join('\n');
}
