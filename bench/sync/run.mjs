// script/bench sync: what coming back costs, and whether it follows what changed or how much there is.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Databases } from '../lib/databases.mjs';
import { callApi, serveHermod } from '../lib/hermod.mjs';
import { describeMachine } from '../lib/machine.mjs';
import { runProgram, stopAll } from '../lib/process.mjs';
import { Figures, grouped, median, table } from '../lib/report.mjs';
import { decodeId } from '../peers/ids.mjs';
import { fill } from './rows.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    runs: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
  },
});
const engines = ['sqlite', 'postgres'].filter((engine) => options.only.length === 0 || options.only.includes(`hermod/${engine}`));
const runs = options.quick ? 1 : Number(options.runs);
const [repeats, messages] = options.quick ? [20, 20_000] : [100, 100_000];
const own = 2_000;
const changed = 50;
const sizes = { '1x': 1, '10x': 10 };
const most = 1.5;

const say = (line) => process.stderr.write(`${line}\n`);
const figures = new Figures();
const databases = new Databases();
const ticksPerSecond = Number(await runProgram('getconf', ['CLK_TCK']));

/** Seconds of CPU that the server, and for PostgreSQL the backends of the cluster, have used. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

async function timed(repeat, action) {
  await action();
  const times = [];
  for (let i = 0; i < repeat; ++i) {
    const start = performance.now();
    await action();
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

async function measure(engine, size, factor) {
  const folder = mkdtempSync(join(databases.folder, 'subject-'));
  const database = await databases.open(engine);
  try {
    let server = await serveHermod(database, folder);
    const owner = { email: 'bench@example.com', password: 'a bench has no secrets', name: 'Owner', workspace_name: 'Bench' };
    const { workspaces: [workspace] } = await callApi(server.url, 'POST', '/auth/register', null, owner);
    await server.program.stop();
    const big = await fill(database, {
      workspace: decodeId('wsp', workspace.id), person: decodeId('per', workspace.person_id), own, others: own * factor, messages: messages * factor });
    server = await serveHermod(database, folder);
    try {
      const { access_token: token } = await callApi(server.url, 'POST', '/auth/login', null, { email: owner.email, password: owner.password });
      await comeBack((method, path, body) => callApi(server.url, method, path, token, body), server.program.pid,
        (metric, unit, value) => figures.add(`sync/${size}`, `hermod/${engine}`, metric, unit, value), big, messages * factor);
    } catch (error) {
      throw new Error(`${error.message}\n${server.program.output()}`);
    } finally {
      await server.program.stop();
    }
  } finally {
    await database.drop();
  }
}

async function comeBack(call, pid, add, big, newest) {
  const { conversations, cursor } = await call('GET', '/sync?limit=5000');
  if (conversations.length !== own + 1) throw new Error(`${conversations.length} conversations instead of ${own + 1}`);
  const known = new Map(conversations.map(({ id, rev }) => [id, rev]));
  for (const { id } of conversations.filter(({ id }) => id !== big).slice(0, changed))
    await call('POST', `/conversations/${id}/messages`, { text: 'news' });

  const catchUp = async () => {
    const synced = await call('GET', `/sync?after=${cursor}`);
    if (synced.conversations.length !== changed) throw new Error(`${synced.conversations.length} changed instead of ${changed}`);
    for (const { id } of synced.conversations) {
      const { messages: news } = await call('GET', `/conversations/${id}/changes?after_rev=${known.get(id)}`);
      if (news.length !== 1) throw new Error(`${news.length} changes instead of 1`);
    }
  };
  add('sync_us', 'us', await timed(repeats, () => call('GET', `/sync?after=${cursor}`)));
  const before = cpuSeconds(pid);
  add('catch_up_us', 'us', await timed(repeats, catchUp));
  add('catch_up_cpu_us', 'us', ((cpuSeconds(pid) - before) / (repeats + 1)) * 1e6);

  const room = `/conversations/${big}`;
  add('list_newest_us', 'us', await timed(repeats, () => call('GET', `${room}/messages`)));
  add('list_oldest_us', 'us', await timed(repeats, () => call('GET', `${room}/messages?after_seq=0`)));
  add('changes_newest_us', 'us', await timed(repeats, () => call('GET', `${room}/changes?after_rev=${newest - 50}`)));
  add('changes_oldest_us', 'us', await timed(repeats, () => call('GET', `${room}/changes?after_rev=0&limit=50`)));
  const unread = async () => (await call('GET', room)).unread;
  if ((await unread()) !== newest - newest / 100) throw new Error(`${await unread()} unread`);
  add('unread_all_us', 'us', await timed(repeats, unread));
  await call('POST', `${room}/read`, { seq: newest - 10 });
  if ((await unread()) !== 9) throw new Error(`${await unread()} unread`);
  add('unread_few_us', 'us', await timed(repeats, unread));
}

function printTable() {
  const names = [...new Set(figures.toJSON().map(({ metric }) => metric))];
  const rows = engines.flatMap((engine) => names.map((metric) => {
    const [small, large] = Object.keys(sizes).map((size) => figures.find(`sync/${size}`, `hermod/${engine}`, metric).value);
    const ratio = large / small;
    return [`hermod/${engine}`, metric.replace(/_us$/, '').replaceAll('_', ' '), grouped(small), grouped(large), `${ratio.toFixed(2)}${ratio > most ? ' NOT flat' : ''}`];
  }));
  console.log(table(['subject', 'what', '1× µs', '10× µs', 'ratio'], rows));
  console.log(`\nexpected: at most ${most} with ten times as much data`);
}

async function main() {
  for (const line of await describeMachine(databases.folder)) console.log(line);
  console.log(
    `method: a person in ${own} conversations, of which ${changed} changed by one message, among as many (ten times as many) of others;\n` +
      `  one conversation of ${messages} (${messages * 10}) messages, one in 100 silent; over HTTP, one request at a time, median of ${repeats}\n` +
      `  repetitions and ${runs} run${runs > 1 ? 's' : ''}; catch up = /sync and ${changed} × /changes; CPU is user + system of the server process\n`);
  for (let run = 1; run <= runs; ++run)
    for (const engine of engines)
      for (const [size, factor] of Object.entries(sizes)) {
        await measure(engine, size, factor);
        say(`run ${run}  ${size.padEnd(4)} hermod/${engine}`);
      }
  printTable();
  if (options.json) writeFileSync(options.json, `${JSON.stringify(figures.toJSON(), null, 2)}\n`);
}

async function end(status) {
  await stopAll();
  await databases.close();
  process.exit(status);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end(130));

try {
  await main();
  await end(0);
} catch (error) {
  say(`script/bench sync: ${error.message}`);
  await end(1);
}
