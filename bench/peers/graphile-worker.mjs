// node graphile-worker.mjs DATABASE_URL ORIGIN CONCURRENCY: delivers what is in the queue.
import { Logger, run } from 'graphile-worker';
import { makeDeliver } from './deliver.mjs';

const [connectionString, origin, concurrency] = process.argv.slice(2);
const deliver = makeDeliver(origin, Number(concurrency));

// Its documented settings for throughput: a local queue, and completions in batches.
await run({
  taskList: { deliver },
  noHandleSignals: true,
  logger: new Logger(() => () => {}),
  preset: {
    worker: {
      connectionString,
      maxPoolSize: 16,
      concurrentJobs: Number(concurrency),
      localQueue: { size: 500 },
      completeJobBatchDelay: 5,
      failJobBatchDelay: 5,
    },
  },
});
process.on('SIGTERM', () => process.exit(0));
console.log('ready');
