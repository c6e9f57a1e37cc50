// script/bench webhooks: deliveries per second, what one costs, and who waits for a dead endpoint.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Databases } from '../lib/databases.mjs';
import { describeMachine } from '../lib/machine.mjs';
import { stopAll } from '../lib/process.mjs';
import { Figures, grouped, table } from '../lib/report.mjs';
import { answerMs, Receiver } from './receiver.mjs';
import { concurrency, endpoints, subjects } from './subjects.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
  },
});
const runs = Number(options.runs ?? (options.quick ? 1 : 3));
const unknown = options.only.find((name) => !subjects.some((subject) => subject.name === name));
if (unknown !== undefined) usageError(`there is no subject ${unknown}; there are ${subjects.map(({ name }) => name).join(', ')}`);
if (!Number.isInteger(runs) || runs < 1) usageError('--runs takes a number');
const chosen = options.only.length > 0 ? subjects.filter(({ name }) => options.only.includes(name)) : subjects;

const mostWaiting = 5_000;
const eventsPerSecond = 10;
const deadShare = 0.1;
const saturated = options.quick ? { warm_up_ms: 1_000, window_ms: 3_000 } : { warm_up_ms: 3_000, window_ms: 10_000 };
// Dead endpoints are known to be dead only after their first requests timed out.
const steady = options.quick ? { warm_up_ms: 1_000, window_ms: 5_000 } : { warm_up_ms: 5_000, window_ms: 20_000 };

function usageError(message) {
  process.stderr.write(`script/bench webhooks: ${message}\n`);
  process.exit(2);
}

const say = (line) => process.stderr.write(`${line}\n`);
const figures = new Figures();
const databases = new Databases();

/** Makes events so that there is always something to deliver, but never more than so much. */
async function keepBusy(receiver, makeEvent, isOver) {
  let made = 0;
  while (!isOver()) {
    const waiting = made * endpoints - (await receiver.count());
    const missing = Math.floor((mostWaiting - waiting) / endpoints);
    await Promise.all(Array.from({ length: Math.max(0, Math.min(missing, 16)) }, makeEvent));
    made += Math.max(0, Math.min(missing, 16));
    await delay(2);
  }
}

async function keepPace(receiver, makeEvent, isOver) {
  const begin = performance.now();
  for (let made = 1; !isOver(); ++made) {
    await makeEvent();
    await delay(Math.max(0, begin + (made * 1000) / eventsPerSecond - performance.now()));
  }
}

async function measureOnce(subject, dead, plan, produce) {
  const folder = mkdtempSync(join(databases.folder, 'subject-'));
  const receiver = await Receiver.start(dead);
  const system = await subject.start(databases, folder, receiver.origin);
  try {
    let over = false;
    const report = receiver.measure({ ...plan, server_pid: system.serverPid, database_pid: system.databasePid ?? 0 });
    const producing = produce(receiver, system.makeEvent, () => over);
    const result = await Promise.race([report, producing.then(() => report)]);
    over = true;
    await producing;
    if (result.failures > 0) throw new Error(`${result.failures} failures, the first: ${result.first_failure}`);
    if (result.accepted === 0) throw new Error('nothing was delivered');
    return result;
  } finally {
    await system.stop();
    await receiver.stop();
  }
}

async function measure(subject) {
  const add = (metric, unit, value) => figures.add('webhooks', subject.name, metric, unit, value);
  const busy = await measureOnce(subject, 0, saturated, keepBusy);
  const cpu = busy.server_cpu_s + busy.postgres_cpu_s;
  add('deliveries_per_second', 'deliveries/s', busy.accepted / busy.seconds);
  add('cpu_us_per_delivery', 'us', (cpu / busy.accepted) * 1e6);
  add('server_cpu_us_per_delivery', 'us', (busy.server_cpu_s / busy.accepted) * 1e6);
  const calm = await measureOnce(subject, 0, steady, keepPace);
  add('p50_us', 'us', calm.p50_us);
  add('p99_us', 'us', calm.p99_us);
  const disturbed = await measureOnce(subject, endpoints * deadShare, steady, keepPace);
  add('healthy_p99_us', 'us', disturbed.p99_us);
  const least = eventsPerSecond * endpoints * (1 - deadShare) * disturbed.seconds;
  add('healthy_delivered_share', '', Math.min(1, disturbed.accepted / least));
  say(`${subject.name.padEnd(16)}  ${grouped(busy.accepted / busy.seconds).padStart(8)} deliveries/s`);
}

function printTable() {
  const milliseconds = (value) => (value / 1000).toFixed(1);
  const rows = chosen.map(({ name }) => {
    const of = (metric) => figures.find('webhooks', name, metric).value;
    return [
      name,
      '',
      grouped(of('deliveries_per_second')),
      of('cpu_us_per_delivery').toFixed(0),
      of('server_cpu_us_per_delivery').toFixed(0),
      milliseconds(of('p50_us')),
      milliseconds(of('p99_us')),
      milliseconds(of('healthy_p99_us')),
      `${(of('healthy_delivered_share') * 100).toFixed(0)} %`,
    ];
  });
  const header = ['subject', '', 'deliveries/s', 'CPU µs/delivery', 'of the server', 'p50 ms', 'p99 ms', 'p99 ms, 10 % dead', 'healthy delivered'];
  console.log(table(header, rows));
}

function printRatios() {
  const of = (name, metric) => figures.find('webhooks', name, metric)?.value;
  const fastest = chosen
    .filter(({ name }) => !name.startsWith('hermod/'))
    .sort((a, b) => of(a.name, 'cpu_us_per_delivery') - of(b.name, 'cpu_us_per_delivery'))[0]?.name;
  for (const { name } of chosen.filter((subject) => subject.name.startsWith('hermod/'))) {
    if (fastest) {
      const ratio = of(fastest, 'cpu_us_per_delivery') / of(name, 'cpu_us_per_delivery');
      console.log(`${name} / ${fastest}, deliveries per CPU second: ${ratio.toFixed(2)}  (expected: at least 3: ${ratio >= 3 ? 'met' : 'NOT met'})`);
    }
    const harm = of(name, 'healthy_p99_us') / of(name, 'p99_us');
    console.log(`${name}: p99 of healthy endpoints beside dead ones / undisturbed: ${harm.toFixed(2)}  (expected: at most 1.5: ${harm <= 1.5 ? 'met' : 'NOT met'})`);
  }
}

async function main() {
  for (const line of await describeMachine(databases.folder)) console.log(line);
  console.log(
    `method: ${endpoints} endpoints on kept connections, each answer takes ${answerMs} ms, events of about 1 KB, signed; every event goes to all;\n` +
      `  deliveries/s and CPU with at most ${mostWaiting} deliveries waiting, ${saturated.window_ms / 1000} s after ${saturated.warm_up_ms / 1000} s of warm-up;\n` +
      `  latency from before the event is handed in to its POST, at ${eventsPerSecond} events/s, undisturbed and with ${deadShare * 100} % of the endpoints never answering;\n` +
      `  median of ${runs} run${runs > 1 ? 's' : ''}, fresh process and database each time; CPU of the server and its database together, the makers of events apart for the peers;\n` +
      `  bullmq: Redis with appendfsync always; both peers: ${concurrency} jobs at once\n`,
  );
  for (let run = 1; run <= runs; ++run)
    for (const subject of chosen)
      await measure(subject).catch((error) => {
        throw new Error(`${subject.name}: ${error.message}`);
      });
  printTable();
  console.log();
  printRatios();
  if (options.json) writeFileSync(options.json, `${JSON.stringify(figures.toJSON(), null, 2)}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end(130));

async function end(status) {
  await stopAll();
  await databases.close();
  process.exit(status);
}

try {
  await main();
  await end(0);
} catch (error) {
  say(`script/bench webhooks: ${error.message}`);
  await end(1);
}
