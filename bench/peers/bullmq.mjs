// node bullmq.mjs REDIS_PORT ORIGIN CONCURRENCY: delivers what is in the queue `deliveries`.
import { Worker } from 'bullmq';
import { makeDeliver } from './deliver.mjs';

const [redisPort, origin, concurrency] = process.argv.slice(2);
const deliver = makeDeliver(origin, Number(concurrency));

const worker = new Worker('deliveries', (job) => deliver(job.data), {
  connection: { host: '127.0.0.1', port: Number(redisPort), maxRetriesPerRequest: null },
  concurrency: Number(concurrency),
});
await worker.waitUntilReady();
process.on('SIGTERM', () => process.exit(0));
console.log('ready');
