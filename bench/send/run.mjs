// script/bench send: accepted durable messages per second, and what one costs.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Databases } from '../lib/databases.mjs';
import { describeMachine } from '../lib/machine.mjs';
import { stopAll } from '../lib/process.mjs';
import { Figures, grouped, table } from '../lib/report.mjs';
import { checkRows } from '../lib/world.mjs';
import { poolSize, subjects, textBytes } from './subjects.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    clients: { type: 'string', multiple: true, default: [] },
  },
});
const runs = Number(options.runs ?? (options.quick ? 1 : 3));
const { warmUpMs, windowMs } = options.quick ? { warmUpMs: 1_000, windowMs: 3_000 } : { warmUpMs: 2_000, windowMs: 10_000 };
const clientCounts = options.clients.length > 0 ? options.clients.map(Number) : [1, 64, 256];
const unknown = options.only.find((name) => !subjects.some((subject) => subject.name === name));
if (unknown !== undefined) usageError(`there is no subject ${unknown}; there are ${subjects.map(({ name }) => name).join(', ')}`);
if (!Number.isInteger(runs) || runs < 1) usageError('--runs takes a number');
if (clientCounts.some((count) => !Number.isInteger(count) || count < 1)) usageError('--clients takes a number');
const chosen = options.only.length > 0 ? subjects.filter(({ name }) => options.only.includes(name)) : subjects;

function usageError(message) {
  process.stderr.write(`script/bench send: ${message}\n`);
  process.exit(2);
}

const say = (line) => process.stderr.write(`${line}\n`);
const figures = new Figures();
const databases = new Databases();

async function measureOnce(subject, clients) {
  const folder = mkdtempSync(join(databases.folder, 'subject-'));
  const database = await databases.open(subject.engine);
  try {
    const result = await subject.measure(database, folder, { clients, warmUpMs, windowMs });
    if (result.failures > 0) throw new Error(`${result.failures} requests failed, the first: ${result.first_failure}`);
    await checkRows(database, result.accepted_total, textBytes);
    return result;
  } finally {
    await database.drop();
  }
}

function record(workload, subject, result) {
  const add = (metric, unit, value) => figures.add(workload, subject.name, metric, unit, value);
  add('messages_per_second', 'messages/s', result.accepted / result.seconds);
  add('cpu_us_per_message', 'us', (result.cpu_s / result.accepted) * 1e6);
  if (subject.engine === 'postgres') add('postgres_cpu_us_per_message', 'us', (result.postgres_cpu_s / result.accepted) * 1e6);
  add('p50_us', 'us', result.p50_us);
  add('p99_us', 'us', result.p99_us);
  if (result.loadgen_share !== undefined) add('loadgen_cpu_share', 'cores', result.loadgen_share);
}

async function measureAll() {
  for (let run = 1; run <= runs; ++run)
    for (const clients of clientCounts)
      for (const subject of chosen) {
        const workload = `send/${clients}`;
        const result = await measureOnce(subject, clients).catch((error) => {
          throw new Error(`${workload} ${subject.name}: ${error.message}`);
        });
        record(workload, subject, result);
        say(`run ${run}  ${workload.padEnd(8)}  ${subject.name.padEnd(22)}  ${grouped(result.accepted / result.seconds).padStart(8)} messages/s`);
      }
}

function printTable() {
  const rows = [];
  for (const clients of clientCounts)
    for (const { name, engine } of chosen) {
      const of = (metric) => figures.find(`send/${clients}`, name, metric);
      const rate = of('messages_per_second');
      const spread = ((Math.max(...rate.runs) - Math.min(...rate.runs)) / rate.value) * 100;
      const cpu = `${of('cpu_us_per_message').value.toFixed(1)}`;
      const milliseconds = (metric) => (of(metric).value / 1000).toFixed(2);
      rows.push([
        String(clients),
        name,
        grouped(rate.value),
        runs > 1 ? `${spread.toFixed(0)} %` : '',
        cpu,
        engine === 'postgres' ? of('postgres_cpu_us_per_message').value.toFixed(1) : '',
        milliseconds('p50_us'),
        milliseconds('p99_us'),
      ]);
    }
  console.log(table(['clients', 'subject', 'messages/s', 'spread', 'CPU µs/message', '+ PostgreSQL', 'p50 ms', 'p99 ms'], rows));
}

// What is expected of the rate at 64 clients.
const expectations = [
  ['hermod/sqlite', 'express+better-sqlite3', 8],
  ['hermod/sqlite', 'limit/sqlite', 0.5],
  ['hermod/postgres', 'express+pg', 3],
  ['hermod/postgres', 'limit/postgres', null],
];

function printRatios() {
  for (const [subject, other, least] of expectations)
    for (const clients of clientCounts) {
      const [ours, theirs] = [subject, other].map((name) => figures.find(`send/${clients}`, name, 'messages_per_second'));
      if (!ours || !theirs) continue;
      const ratio = ours.value / theirs.value;
      const goal = least !== null && clients === 64 ? `  (expected: at least ${least}: ${ratio >= least ? 'met' : 'NOT met'})` : '';
      console.log(`${subject} / ${other} at ${clients}: ${ratio.toFixed(2)}${goal}`);
    }
}

function warnOfLoadgen() {
  for (const { workload, subject, metric, value } of figures.toJSON())
    if (metric === 'loadgen_cpu_share' && value > 0.8)
      console.log(`${workload} ${subject}: the load generator itself took ${(value * 100).toFixed(0)} % of a core: its limit is near`);
}

async function main() {
  for (const line of await describeMachine(databases.folder)) console.log(line);
  console.log(
    `method: one workspace, 64 direct conversations in turn, ${textBytes}-byte texts, author the key's bot; closed loop, keep-alive;\n` +
      `  ${windowMs / 1000} s after ${warmUpMs / 1000} s of warm-up, median of ${runs} run${runs > 1 ? 's, subjects taking turns' : ''};` +
      ` fresh process and database each time; nothing pinned;\n` +
      `  CPU is user + system of the server process; PostgreSQL of default settings over TCP, express+pg with a pool of ${poolSize};\n` +
      `  after each run every accepted message is found in the database, with its event\n`,
  );
  await measureAll();
  printTable();
  console.log();
  printRatios();
  warnOfLoadgen();
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
  say(`script/bench send: ${error.message}`);
  await end(1);
}
