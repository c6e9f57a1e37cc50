// node express-pg.mjs PORT DATABASE_URL POOL_SIZE
import pg from 'pg';
import { listen, makeApp, rowsOf } from './app.mjs';

const [port, connectionString, poolSize] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString, max: Number(poolSize), min: Number(poolSize), keepAlive: true, idleTimeoutMillis: 0 });

// Named, so that each connection prepares them once.
const statements = {
  findCaller: `
    SELECT c.workspace_id AS workspace, k.person_id AS person FROM credentials c
    JOIN api_keys k ON k.workspace_id = c.workspace_id AND k.id = c.subject_id
    WHERE c.hash = $1 AND c.kind = 'api_key'`,
  findStanding: `
    SELECT c.kind, p.role, h.name FROM conversations c
    JOIN participants p ON p.workspace_id = c.workspace_id AND p.conversation_id = c.id AND p.person_id = $3
    JOIN people h ON h.workspace_id = c.workspace_id AND h.id = p.person_id
    WHERE c.workspace_id = $1 AND c.id = $2 AND c.deleted_at IS NULL`,
  // The counter of the workspace is what all transactions wait for: it is taken late, and in one statement.
  nextNumbers: `
    WITH counter AS (
      UPDATE workspace_counters SET event_offset = event_offset + 1 WHERE workspace_id = $1 RETURNING event_offset)
    UPDATE conversation_heads SET seq = seq + 1, rev = rev + 1, last_offset = counter.event_offset,
      activity_offset = counter.event_offset, updated_at = $3
    FROM counter WHERE workspace_id = $1 AND conversation_id = $2 RETURNING seq, rev, last_offset`,
  insertEvent: `
    INSERT INTO events (workspace_id, log_offset, id, type, conversation_id, person_id, data, created_at)
    VALUES ($1, $2, $3, 'message.created', $4, NULL, $5, $6)`,
  insertMessage: `
    INSERT INTO messages (workspace_id, conversation_id, seq, id, created_rev, rev, author_id, type, content, visibility,
      silent, metadata, log_offset, created_at)
    VALUES ($1, $2, $3, $4, $5, $5, $6, 'text', $7, 'all', false, '{}', $8, $9)`,
  advanceAuthor: `
    UPDATE cursors SET recv_seq = $4, read_seq = $4
    WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3`,
};

const run = (client, name, values) => client.query({ name, text: statements[name], values });
const hex = (bytes) => bytes.toString('hex');

async function findCaller(hash) {
  const { rows } = await run(pool, 'findCaller', [hash]);
  return rows[0] && { workspace: toBytes(rows[0].workspace), person: toBytes(rows[0].person) };
}

const toBytes = (uuid) => Buffer.from(uuid.replaceAll('-', ''), 'hex');

async function send(caller, message) {
  const client = await pool.connect();
  let failed;
  try {
    await client.query('BEGIN');
    const json = await write(client, caller, message);
    await client.query(json === undefined ? 'ROLLBACK' : 'COMMIT');
    return json;
  } catch (error) {
    failed = error;
    throw error;
  } finally {
    client.release(failed);
  }
}

async function write(client, caller, message) {
  const workspace = hex(caller.workspace);
  const conversation = hex(message.conversation);
  const person = hex(caller.person);
  const standing = (await run(client, 'findStanding', [workspace, conversation, person])).rows[0];
  if (!standing) return undefined;
  const now = Date.now();
  const at = now * 1000;
  const numbers = (await run(client, 'nextNumbers', [workspace, conversation, at])).rows[0];
  const { last_offset: offset, seq, rev } = numbers;
  const rows = rowsOf(caller, message, { seq: Number(seq), rev: Number(rev), name: standing.name }, now);
  // Queued on the connection together: the driver sends one after the other, without a turn between.
  const writes = [
    run(client, 'insertEvent', [workspace, offset, hex(rows.eventId), conversation, rows.data, at]),
    run(client, 'insertMessage', [workspace, conversation, seq, hex(rows.id), rev, person, rows.content, offset, at]),
    run(client, 'advanceAuthor', [workspace, conversation, person, seq]),
  ];
  await Promise.all(writes);
  return rows.json;
}

const { rows } = await pool.query('SHOW server_version');
console.log(`pg, PostgreSQL ${rows[0].server_version}, pool of ${poolSize}`);
listen(makeApp({ findCaller, send }), Number(port));
