// The part of Hermod that the send workload uses, as one would write it with Express.
import { createHash } from 'node:crypto';
import express from 'express';
import { decodeId, encodeId, newId } from './ids.mjs';

class Problem extends Error {
  constructor(status, code) {
    super(code);
    this.status = status;
  }
}

/**
 * `store` answers with promises or at once:
 *   findCaller(hash)       {workspace, person}, undefined where no key has this hash
 *   send(caller, message)  writes the message and its event in one transaction and returns the JSON of
 *                          the message; undefined where the caller is not in the conversation
 */
export function makeApp(store) {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.get('/readyz', (_request, response) => response.json({ status: 'ok' }));
  app.use(express.json({ limit: '64kb' }));
  app.use(authentication(store));
  app.post('/api/v1/conversations/:conversation_id/messages', async (request, response) => {
    const conversation = decodeId('cnv', request.params.conversation_id);
    if (!conversation) throw new Problem(404, 'conversation_not_found');
    const json = await store.send(request.caller, { conversation, ...readBody(request.body) });
    if (json === undefined) throw new Problem(404, 'conversation_not_found');
    response.status(201).type('application/json').send(json);
  });
  app.use((error, _request, response, _next) => {
    if (!error.status) console.error(error);
    response.status(error.status ?? 500).json({ status: error.status ?? 500, code: error.message });
  });
  return app;
}

/** Keys are kept as hashes; who has one is remembered. */
function authentication(store) {
  const callers = new Map();
  return async (request, _response, next) => {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (!token) throw new Problem(401, 'unauthenticated');
    const hash = createHash('sha256').update(token).digest();
    const key = hash.toString('latin1');
    let caller = callers.get(key);
    if (!caller) {
      caller = await store.findCaller(hash);
      if (!caller) throw new Problem(401, 'unauthenticated');
      callers.set(key, caller);
    }
    request.caller = caller;
    next();
  };
}

function readBody(body) {
  const { text, ...others } = body ?? {};
  const wrong = typeof text !== 'string' || text.length < 1 || text.length > 16384 || Object.keys(others).length > 0;
  if (wrong) throw new Problem(422, 'invalid_body');
  return { text };
}

/** What a store writes for a message that has its numbers. `json` is the answer, too. */
export function rowsOf(caller, { conversation, text }, { seq, rev, name }, now) {
  const id = newId(now);
  const content = { text };
  const json = JSON.stringify({
    id: encodeId('msg', id),
    conversation_id: encodeId('cnv', conversation),
    seq,
    rev,
    direction: null,
    account_id: null,
    provider_id: null,
    from: { person_id: encodeId('per', caller.person), address: null, name },
    to: null,
    type: 'text',
    content,
    status: null,
    error: null,
    visibility: 'all',
    client_id: null,
    reply_to: null,
    reactions: [],
    metadata: {},
    created_at: new Date(now).toISOString(),
    edited_at: null,
    deleted_at: null,
  });
  return { id, eventId: newId(now), content: JSON.stringify(content), json, data: `{"message":${json}}` };
}

export function listen(app, port) {
  const server = app.listen(port, '127.0.0.1', (error) => {
    if (error) throw error;
    console.log(`listening on ${port}`);
  });
  process.once('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
