// What a sender of webhooks does for one delivery, whatever queue it came from: signs as Standard
// Webhooks asks and POSTs over kept connections.
import { createHmac, randomBytes } from 'node:crypto';
import { Pool } from 'undici';

const timeoutMs = 15_000;

/** `{endpoint, id, body}` → sends it, or throws, so that the queue tries again. */
export function makeDeliver(origin, connections) {
  const pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  const secrets = new Map();
  return async ({ endpoint, id, body }) => {
    if (!secrets.has(endpoint)) secrets.set(endpoint, randomBytes(32));
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', secrets.get(endpoint)).update(`${id}.${timestamp}.${body}`).digest('base64');
    const { statusCode, body: answer } = await pool.request({
      method: 'POST',
      path: `/hook/${endpoint}`,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': `v1,${signature}`,
      },
      body,
    });
    await answer.dump();
    if (statusCode < 200 || statusCode > 299) throw new Error(`answered ${statusCode}`);
  };
}
