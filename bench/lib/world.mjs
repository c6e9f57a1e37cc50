// The rows that are there before the first message, for those that do not make them through an API.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { encodeId, newId } from '../peers/ids.mjs';
import { root } from './paths.mjs';

export const authorName = 'Bench';

/** Hermod's own schema, as its migrator reads the same files. */
function schemaFor(engine) {
  const folder = join(root, 'server/migrations');
  const other = engine === 'sqlite' ? 'postgres' : 'sqlite';
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql') && !name.endsWith(`.${other}.sql`))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .map((sql) => sql.replace(/\/\*(sqlite|postgres):([^]*?)\*\//g, (_, of, fragment) => (of === engine ? fragment : '')))
    .join('\n');
}

/** Creates the schema, a workspace, its bot with an API key, and direct conversations with the bot. */
export async function createWorld(database, conversations) {
  const key = `hk_live_${randomBytes(24).toString('base64url')}`;
  const workspace = newId();
  const bot = newId();
  const keyId = newId();
  const now = Date.now() * 1000;
  const isSqlite = database.engine === 'sqlite';
  const uuid = (bytes) => (isSqlite ? `x'${bytes.toString('hex')}'` : `'${bytes.toString('hex')}'`);
  const bytes = (value) => (isSqlite ? `x'${value.toString('hex')}'` : `'\\x${value.toString('hex')}'`);
  const no = isSqlite ? '0' : 'false';
  const yes = isSqlite ? '1' : 'true';
  const wsp = uuid(workspace);
  const hash = bytes(createHash('sha256').update(key).digest());
  const person = (id, kind, isBot, name) => `
    INSERT INTO people (workspace_id, id, kind, is_bot, name, attributes, created_at, updated_at)
    VALUES (${wsp}, ${uuid(id)}, '${kind}', ${isBot}, '${name}', '{}', ${now}, ${now});`;
  const participant = (conversation, id) => `
    INSERT INTO participants (workspace_id, conversation_id, person_id, role, joined_seq, joined_offset, created_at)
    VALUES (${wsp}, ${uuid(conversation)}, ${uuid(id)}, 'member', 0, 0, ${now});
    INSERT INTO cursors (workspace_id, conversation_id, person_id, recv_seq, read_seq, marked_unread, archived, pinned,
      changed_offset)
    VALUES (${wsp}, ${uuid(conversation)}, ${uuid(id)}, 0, 0, ${no}, ${no}, ${no}, 0);`;
  let sql = `
    INSERT INTO workspaces (workspace_id, name, tier, created_at, updated_at) VALUES (${wsp}, 'Bench', 'standard', ${now}, ${now});
    INSERT INTO workspace_counters (workspace_id, event_offset, event_floor, job_position) VALUES (${wsp}, 0, 0, 0);
    INSERT INTO credentials (hash, kind, workspace_id, subject_id, created_at) VALUES (${hash}, 'api_key', ${wsp}, ${uuid(keyId)}, ${now});
    INSERT INTO api_keys (workspace_id, id, name, prefix, environment, scopes, person_id, hash, created_at)
    VALUES (${wsp}, ${uuid(keyId)}, 'bench', '${key.slice(0, 12)}', 'live', '["admin"]', ${uuid(bot)}, ${hash}, ${now});
    ${person(bot, 'bot', yes, authorName)}`;
  const ids = [];
  for (let i = 0; i < conversations; ++i) {
    const conversation = newId();
    const contact = newId();
    ids.push(conversation);
    sql += `
      ${person(contact, 'contact', no, `Person ${i}`)}
      INSERT INTO conversations (workspace_id, id, kind, unique_key, history, created_at)
      VALUES (${wsp}, ${uuid(conversation)}, 'direct', 'direct:${encodeId('per', bot)}:${encodeId('per', contact)}', 'join',
        ${now});
      INSERT INTO conversation_heads (workspace_id, conversation_id, seq, rev, last_offset, activity_offset, updated_at,
        external)
      VALUES (${wsp}, ${uuid(conversation)}, 0, 0, 0, 0, ${now}, ${no});
      ${participant(conversation, bot)}
      ${participant(conversation, contact)}`;
  }
  await database.execute(`${isSqlite ? 'PRAGMA journal_mode = WAL;' : ''} BEGIN; ${schemaFor(database.engine)} ${sql} COMMIT;`);
  return {
    key,
    workspace_id: encodeId('wsp', workspace),
    author_id: encodeId('per', bot),
    author_name: authorName,
    conversation_ids: ids.map((id) => encodeId('cnv', id)),
  };
}

/** Throws unless every accepted message is in the database, with its event, its numbers and its whole text. */
export async function checkRows(database, accepted, textBytes) {
  const [messages, events, seqs, newest, offset, shortest, longest] = await database.numbers(`
    SELECT (SELECT COUNT(*) FROM messages) AS a,
      (SELECT COUNT(*) FROM events WHERE type = 'message.created') AS b,
      (SELECT SUM(seq) FROM conversation_heads) AS c,
      (SELECT MAX(log_offset) FROM events) AS d,
      (SELECT MAX(event_offset) FROM workspace_counters) AS e,
      (SELECT MIN(LENGTH(content)) FROM messages) AS f,
      (SELECT MAX(LENGTH(content)) FROM messages) AS g`);
  const content = JSON.stringify({ text: '' }).length + textBytes;
  const whole = messages === accepted && events === messages && seqs === messages && newest === offset;
  if (!whole || shortest !== content || longest !== content)
    throw new Error(`${accepted} messages were accepted, but ${JSON.stringify({ messages, events, seqs, newest, offset, shortest, longest })}`);
}
