// What is measured: each starts on a fresh database and hands over how it is loaded.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callApi, serveHermod } from '../lib/hermod.mjs';
import { limit, loadgen, peers } from '../lib/paths.mjs';
import { freePort, runProgram, startProgram } from '../lib/process.mjs';
import { authorName, createWorld } from '../lib/world.mjs';

export const poolSize = 16;
const conversations = 64;
export const textBytes = 200;

/** In the order of the table. `measure(database, {clients, warmUpMs, windowMs})` → what loadgen reports. */
export const subjects = [
  { name: 'hermod/sqlite', engine: 'sqlite', measure: measureServer(startHermod) },
  { name: 'express+better-sqlite3', engine: 'sqlite', measure: measureServer(startPeer('express-better-sqlite3.mjs')) },
  { name: 'limit/sqlite', engine: 'sqlite', measure: measureLimit },
  { name: 'hermod/postgres', engine: 'postgres', measure: measureServer(startHermod) },
  { name: 'express+pg', engine: 'postgres', measure: measureServer(startPeer('express-pg.mjs', poolSize)) },
  { name: 'limit/postgres', engine: 'postgres', measure: measureLimit },
];

function measureServer(start) {
  return async (database, folder, load) => {
    const { program, port, world } = await start(database, folder);
    try {
      const scenario = join(folder, 'scenario.json');
      writeFileSync(scenario, JSON.stringify({
        host: '127.0.0.1',
        port,
        paths: world.conversation_ids.map((id) => `/api/v1/conversations/${id}/messages`),
        headers: { Authorization: `Bearer ${world.key}` },
        text_bytes: textBytes,
        client_ids: false,
      }));
      const report = JSON.parse(await runProgram(loadgen, ['--scenario', scenario, '--server-pid', program.pid, ...options(database, load)]));
      return { ...report, cpu_s: report.server_cpu_s, loadgen_share: report.own_cpu_s / report.seconds, info: program.output() };
    } catch (error) {
      throw new Error(`${error.message}\n${program.output()}`);
    } finally {
      await program.stop();
    }
  };
}

async function measureLimit(database, folder, load) {
  const path = join(folder, 'world.json');
  writeFileSync(path, JSON.stringify(await createWorld(database, conversations)));
  const args = [database.engine, '--database', database.address, '--world', path, '--text-bytes', textBytes];
  const report = JSON.parse(await runProgram(limit, [...args, ...options(database, load)]));
  return { ...report, cpu_s: report.own_cpu_s };
}

function options(database, { clients, warmUpMs, windowMs }) {
  const cluster = database.postmasterPid ? ['--postmaster-pid', database.postmasterPid] : [];
  return ['--clients', clients, '--warm-up-ms', warmUpMs, '--window-ms', windowMs, ...cluster];
}

function startPeer(file, ...args) {
  return async (database) => {
    const world = await createWorld(database, conversations);
    const port = await freePort();
    const program = startProgram(file, process.execPath, [join(peers, file), port, database.address, ...args].map(String), {
      cwd: peers,
      env: { ...process.env, NODE_ENV: 'production' },
    });
    await program.waitUntilReady(`http://127.0.0.1:${port}/readyz`);
    return { program, port, world };
  };
}

async function startHermod(database, folder) {
  const server = await serveHermod(database, folder);
  try {
    return { ...server, world: await createWorldOf(server.url) };
  } catch (error) {
    await server.program.stop();
    throw new Error(`${error.message}\n${server.program.output()}`);
  }
}

/** The same world as createWorld's, through the API. */
async function createWorldOf(url) {
  const call = (path, token, body) => callApi(url, 'POST', path, token, body);
  const password = randomBytes(12).toString('base64url');
  const owner = { email: 'bench@example.com', password, name: 'Owner', workspace_name: 'Bench' };
  const { access_token: token } = await call('/auth/register', null, owner);
  const { key } = await call('/api_keys', token, { name: authorName, scopes: ['admin'] });
  const ids = [];
  for (let i = 0; i < conversations; ++i) {
    const person = await call('/people', key, { name: `Person ${i}` });
    const conversation = await call('/conversations', key, { kind: 'direct', participants: [{ person_id: person.id }] });
    ids.push(conversation.id);
  }
  return { key, conversation_ids: ids };
}
