// A customer's endpoint of the test's own: an HTTP server that verifies what it gets as the
// Standard Webhooks library does, and answers as the test says.
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HermodEvent } from '@hermod/client';
import { Webhook } from 'standardwebhooks';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  event: HermodEvent & { timestamp: string };
}

/** Answers one delivery; without a call of `response` it hangs. */
export type Reaction = (delivery: Received, response: ServerResponse) => void;

export const accept: Reaction = (_, response) => { response.writeHead(204).end(); };

export interface Receiver extends AsyncDisposable {
  url: string;
  /** All that came, repeats included, in order of arrival. */
  received: Received[];
  react: Reaction;
  /** Resolves once that many have come that fit. */
  count(deliveries: number, fits?: (delivery: Received) => boolean): Promise<void>;
  /** Those of these events' types, oldest first. */
  of(type: string): Received[];
}

export async function startReceiver(): Promise<Receiver> {
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { body += chunk; });
    request.on('error', () => {});
    request.on('end', () => {
      const delivery = { path: request.url ?? '', headers: request.headers, body, event: JSON.parse(body) };
      receiver.received.push(delivery);
      receiver.react(delivery, response);
      for (const wake of waiting) wake();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    react: accept,
    of: (type) => receiver.received.filter(({ event }) => event.type === type),
    async count(deliveries, fits = () => true) {
      const enough = () => receiver.received.filter(fits).length >= deliveries;
      const deadline = Date.now() + 20_000;
      while (!enough()) {
        if (Date.now() > deadline)
          throw new Error(`${receiver.received.filter(fits).length} of ${deliveries} deliveries came; all: ${receiver.received.map(({ event }) => event.type).join(', ')}`);
        await new Promise<void>((resolve) => {
          const wake = () => { clearTimeout(timer); waiting.delete(wake); resolve(); };
          const timer = setTimeout(wake, 1000);
          waiting.add(wake);
        });
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}

/** Throws unless the delivery is signed with the secret, in both ways. The server's clock may have
 *  been moved, so its time is taken from the header, which the signature covers. */
export function verify(delivery: Received, secret: string): void {
  const headers = delivery.headers as Record<string, string>;
  const real = Date.now;
  try {
    Date.now = () => Number(headers['webhook-timestamp']) * 1000;
    new Webhook(secret).verify(delivery.body, headers);
  } finally {
    Date.now = real;
  }
  if (headers['webhook-id'] !== delivery.event.id) throw new Error(`webhook-id ${headers['webhook-id']} of ${delivery.event.id}`);
  if (headers['x-webhook-event'] !== delivery.event.type) throw new Error(`X-Webhook-Event ${headers['x-webhook-event']}`);
  if (!headers['hermod-delivery']?.startsWith('dlv_')) throw new Error(`Hermod-Delivery ${headers['hermod-delivery']}`);
}

/** The signature for simple receivers, of the newest secret. */
export const simpleSignature = (delivery: Received, secret: string) =>
  `sha256=${createHmac('sha256', secret).update(delivery.body).digest('hex')}`;
