import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Answers one request; may also leave it open or destroy the socket. */
export type Answer = (response: ServerResponse, seen: Seen) => void;

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => (response) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

export const problem = (status: number, code: string, headers: Record<string, string> = {}): Answer =>
  json(status, { type: 'about:blank', title: 'A title', status, code, detail: 'a detail', errors: [], request_id: 'req_1' },
    { 'content-type': 'application/problem+json', ...headers });

export const hangUp: Answer = (response) => response.socket?.destroy();
export const silence: Answer = () => {};

/** A server that gives the answers in turn, the last one for ever, and keeps what it saw. */
export async function fakeServer(...answers: Answer[]) {
  const seen: Seen[] = [];
  const waiters: (() => void)[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { body += chunk; });
    request.on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      const answer = answers[Math.min(seen.length, answers.length - 1)];
      seen.push(one);
      for (const wake of waiters.splice(0)) wake();
      answer?.(response, one);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    seen,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves once that many requests have come. */
    async requests(count: number): Promise<void> {
      while (seen.length < count) await new Promise<void>((resolve) => waiters.push(resolve));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
