// A throw-away Redis that answers a write after it is on disk.
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startProgram } from './process.mjs';

export async function startRedis(folder) {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const program = startProgram('redis-server', 'redis-server', [
    '--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always',
  ].map(String));
  for (const deadline = Date.now() + 10_000; !(await answers(port)); await delay(20))
    if (Date.now() > deadline || program.hasEnded()) throw new Error(`redis-server did not start:\n${program.output()}`);
  return { program, port };
}

async function answers(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [reply] = await once(socket, 'data');
    return reply.toString().startsWith('+PONG');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
