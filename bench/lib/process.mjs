// Programs under measurement: started, waited for, and ended by their own id.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

const running = new Set();

/** Ends whatever is still running: for the end of the bench, however it comes. */
export async function stopAll() {
  await Promise.all([...running].map((program) => program.stop()));
}

/** A program that serves until it is stopped. */
export function startProgram(name, file, args, options = {}) {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-20_000);
    });
  const ended = once(child, 'close').catch((error) => {
    output += error.message;
  });
  const program = {
    pid: child.pid,
    output: () => output,
    hasEnded: () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null,
    async waitUntilReady(url) {
      const deadline = Date.now() + startTimeoutMs;
      while (!program.hasEnded() && Date.now() < deadline) {
        const answer = await fetch(url).catch(() => null);
        await answer?.arrayBuffer();
        if (answer?.ok) return;
        await delay(20);
      }
      throw new Error(`${name} did not start:\n${output}`);
    },
    async stop() {
      running.delete(program);
      if (program.hasEnded()) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      await ended;
      clearTimeout(timer);
    },
  };
  running.add(program);
  return program;
}

const execute = promisify(execFile);

/** Runs a program to its end and returns what it printed; throws where it fails. */
export async function runProgram(file, args, options = {}) {
  const { stdout } = await execute(file, args.map(String), { maxBuffer: 1 << 24, ...options });
  return stdout;
}

export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
