// node express-better-sqlite3.mjs PORT DATABASE
import Database from 'better-sqlite3';
import { listen, makeApp, rowsOf } from './app.mjs';

const [port, path] = process.argv.slice(2);
const database = new Database(path, { fileMustExist: true });
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.pragma('cache_size = -65536');

const findCaller = database.prepare(`
  SELECT c.workspace_id AS workspace, k.person_id AS person FROM credentials c
  JOIN api_keys k ON k.workspace_id = c.workspace_id AND k.id = c.subject_id
  WHERE c.hash = ? AND c.kind = 'api_key'`);
const findStanding = database.prepare(`
  SELECT c.kind, p.role, h.name FROM conversations c
  JOIN participants p ON p.workspace_id = c.workspace_id AND p.conversation_id = c.id AND p.person_id = @person
  JOIN people h ON h.workspace_id = c.workspace_id AND h.id = p.person_id
  WHERE c.workspace_id = @workspace AND c.id = @conversation AND c.deleted_at IS NULL`);
const nextOffset = database.prepare(`
  UPDATE workspace_counters SET event_offset = event_offset + 1
  WHERE workspace_id = ? RETURNING event_offset`).pluck();
const nextSeq = database.prepare(`
  UPDATE conversation_heads SET seq = seq + 1, rev = rev + 1, last_offset = @offset, activity_offset = @offset, updated_at = @at
  WHERE workspace_id = @workspace AND conversation_id = @conversation RETURNING seq, rev`);
const insertEvent = database.prepare(`
  INSERT INTO events (workspace_id, log_offset, id, type, conversation_id, person_id, data, created_at)
  VALUES (@workspace, @offset, @id, 'message.created', @conversation, NULL, @data, @at)`);
const insertMessage = database.prepare(`
  INSERT INTO messages (workspace_id, conversation_id, seq, id, created_rev, rev, author_id, type, content, visibility,
    silent, metadata, log_offset, created_at)
  VALUES (@workspace, @conversation, @seq, @id, @rev, @rev, @person, 'text', @content, 'all', 0, '{}', @offset, @at)`);
const advanceAuthor = database.prepare(`
  UPDATE cursors SET recv_seq = @seq, read_seq = @seq
  WHERE workspace_id = @workspace AND conversation_id = @conversation AND person_id = @person`);

const send = database.transaction((caller, message) => {
  const { workspace, person } = caller;
  const { conversation } = message;
  const standing = findStanding.get({ workspace, person, conversation });
  if (!standing) return undefined;
  const now = Date.now();
  const at = now * 1000;
  const offset = nextOffset.get(workspace);
  const { seq, rev } = nextSeq.get({ workspace, conversation, offset, at });
  const rows = rowsOf(caller, message, { seq, rev, name: standing.name }, now);
  insertEvent.run({ workspace, offset, id: rows.eventId, conversation, data: rows.data, at });
  insertMessage.run({ workspace, conversation, seq, id: rows.id, rev, person, content: rows.content, offset, at });
  advanceAuthor.run({ workspace, conversation, person, seq });
  return rows.json;
});

console.log(`better-sqlite3, SQLite ${database.prepare('SELECT sqlite_version()').pluck().get()}`);
listen(makeApp({ findCaller: (hash) => findCaller.get(hash), send: send.immediate }), Number(port));
