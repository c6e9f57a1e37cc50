// A network of the test's own for the sandbox connector: each send is a POST to it, and a GET asks
// what became of one.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface NetworkMessage {
  id: string;
  from: string;
  to: string;
  type: string;
  content: Record<string, unknown>;
}

/** Answers one delivery; without a call of `response` it hangs. */
export type Reaction = (message: NetworkMessage, response: ServerResponse) => void;

export const accept: Reaction = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
};

export interface SandboxNetwork extends AsyncDisposable {
  url: string;
  /** All that was handed over, repeats included, in order of arrival. */
  received: NetworkMessage[];
  react: Reaction;
  /** How often it was asked what became of a message. */
  questions: number;
  /** Whether it knows of what it has received; else it says that it never got it. */
  remembers: boolean;
  /** Resolves once that many deliveries have come. */
  count(messages: number): Promise<void>;
}

export async function startNetwork(): Promise<SandboxNetwork> {
  const received: NetworkMessage[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { body += chunk; });
    request.on('end', () => {
      if (request.method === 'GET') {
        // Asked what became of a message: it has it, or never got it.
        const has = received.some(({ id }) => request.url?.endsWith(`/${id}`));
        network.questions += 1;
        response.writeHead(has && network.remembers ? 200 : 404).end();
        for (const wake of waiting.splice(0)) wake();
        return;
      }
      const message = JSON.parse(body) as NetworkMessage;
      received.push(message);
      network.react(message, response);
      for (const wake of waiting.splice(0)) wake();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const network: SandboxNetwork = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/network`,
    received,
    react: accept,
    questions: 0,
    remembers: true,
    async count(messages) {
      while (received.length < messages) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return network;
}
