// Who delivers: each starts on a fresh database and hands over how an event is made for it.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { callApi, serveHermod } from '../lib/hermod.mjs';
import { peers, requirePeer } from '../lib/paths.mjs';
import { startProgram } from '../lib/process.mjs';
import { startRedis } from '../lib/redis.mjs';
import { setTimeout as delay } from 'node:timers/promises';

export const endpoints = 100;
export const concurrency = 800;
const conversations = 64;
const text = 'x'.repeat(200);

/**
 * `start(databases, folder, origin)` → `{serverPid, databasePid, makeEvent(), stop()}`; makeEvent
 * returns when the event is durable for all endpoints.
 */
export const subjects = [
  { name: 'hermod/sqlite', start: startHermod('sqlite') },
  { name: 'hermod/postgres', start: startHermod('postgres') },
  { name: 'bullmq', start: startBullmq },
  { name: 'graphile-worker', start: startGraphile },
];

const madeNow = () => Number(process.hrtime.bigint());

function startHermod(engine) {
  return async (databases, folder, origin) => {
    const database = await databases.open(engine);
    const server = await serveHermod(database, folder, { HERMOD_NET_ALLOW_PRIVATE_NETWORKS: 'true' });
    const call = (path, token, body) => callApi(server.url, 'POST', path, token, body);
    const owner = { email: 'bench@example.com', password: randomBytes(12).toString('base64url'), name: 'Owner', workspace_name: 'Bench' };
    const { access_token: token } = await call('/auth/register', null, owner);
    const { key } = await call('/api_keys', token, { name: 'Bench', scopes: ['admin'] });
    const ids = [];
    for (let i = 0; i < conversations; ++i) {
      const person = await call('/people', key, { name: `Person ${i}` });
      const conversation = await call('/conversations', key, { kind: 'direct', participants: [{ person_id: person.id }] });
      ids.push(conversation.id);
    }
    for (let i = 0; i < endpoints; ++i)
      await call('/webhooks', key, { url: `${origin}/hook/${i}`, filter: { types: ['message.created'] } });
    let next = 0;
    return {
      serverPid: server.program.pid,
      databasePid: database.postmasterPid,
      makeEvent: () =>
        call(`/conversations/${ids[next++ % conversations]}/messages`, key, { text, metadata: { made_ns: madeNow() } }),
      async stop() {
        await server.program.stop();
        await database.drop();
      },
    };
  };
}

/** An event as Hermod's webhooks have it, in size and shape. */
function eventBody() {
  const id = `evt_${randomBytes(16).toString('hex').slice(0, 26)}`;
  const data = {
    message: {
      id: `msg_${randomBytes(16).toString('hex').slice(0, 26)}`, conversation_id: `cnv_${randomBytes(16).toString('hex').slice(0, 26)}`,
      seq: 12, rev: 31, direction: null, account_id: null, provider_id: null, from: { person_id: `per_${'0'.repeat(26)}`, address: null, name: 'Bench' },
      to: null, type: 'text', content: { text }, status: null, error: null, visibility: 'all', client_id: null, reply_to: null,
      reactions: [], metadata: { made_ns: madeNow() }, created_at: new Date().toISOString(), edited_at: null, deleted_at: null,
    },
  };
  const body = JSON.stringify({ cursor: randomBytes(12).toString('base64url'), offset: 57, id, type: 'message.created',
    conversation_id: data.message.conversation_id, created_at: data.message.created_at, timestamp: data.message.created_at, data });
  return { id, body };
}

const forAll = (event) => Array.from({ length: endpoints }, (_, endpoint) => ({ endpoint, ...event }));

async function untilReady(program, name) {
  for (const deadline = Date.now() + 30_000; !program.output().includes('ready'); await delay(20))
    if (Date.now() > deadline || program.hasEnded()) throw new Error(`${name} did not start:\n${program.output()}`);
}

function startWorker(file, ...args) {
  return startProgram(file, process.execPath, [join(peers, file), ...args].map(String), {
    cwd: peers,
    env: { ...process.env, NODE_ENV: 'production' },
  });
}

async function startBullmq(databases, folder, origin) {
  const redis = await startRedis(join(folder, 'redis'));
  const { Queue } = requirePeer('bullmq');
  const queue = new Queue('deliveries', { connection: { host: '127.0.0.1', port: redis.port } });
  await queue.waitUntilReady();
  const worker = startWorker('bullmq.mjs', redis.port, origin, concurrency);
  await untilReady(worker, 'bullmq');
  const opts = { attempts: 10, backoff: { type: 'exponential', delay: 5000 }, removeOnComplete: true };
  return {
    serverPid: worker.pid,
    databasePid: redis.program.pid,
    makeEvent: () => queue.addBulk(forAll(eventBody()).map((data) => ({ name: 'deliver', data, opts }))),
    async stop() {
      await queue.close();
      await worker.stop();
      await redis.program.stop();
    },
  };
}

async function startGraphile(databases, folder, origin) {
  const database = await databases.open('postgres');
  const { makeWorkerUtils } = requirePeer('graphile-worker');
  const utils = await makeWorkerUtils({ connectionString: database.address });
  await utils.migrate();
  const worker = startWorker('graphile-worker.mjs', database.address, origin, concurrency);
  await untilReady(worker, 'graphile-worker');
  return {
    serverPid: worker.pid,
    databasePid: database.postmasterPid,
    makeEvent: () => utils.addJobs(forAll(eventBody()).map((payload) => ({ identifier: 'deliver', payload, maxAttempts: 10 }))),
    async stop() {
      await utils.release();
      await worker.stop();
      await database.drop();
    },
  };
}
