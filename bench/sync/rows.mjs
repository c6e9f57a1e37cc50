// What is there before somebody comes back: rows straight into the database, as sending them would take hours.
import { newId, encodeId } from '../peers/ids.mjs';

const chunk = 500;
const silentEvery = 100; // one message in so many does not count as unread
const rangeSize = 1024; // of uncounted_ranges

/**
 * `own` conversations of the person, `others` of two strangers, and one of `messages` messages that the person has
 * not read. Returns the id of the last.
 */
export async function fill(database, { workspace, person, own, others, messages }) {
  const isSqlite = database.engine === 'sqlite';
  const uuid = (bytes) => (isSqlite ? `x'${bytes.toString('hex')}'` : `'${bytes.toString('hex')}'::uuid`);
  const no = isSqlite ? '0' : 'false';
  const now = Date.now() * 1000;
  const wsp = uuid(workspace);
  const [a, b] = [newId(), newId()];
  let offset = 1000;

  const room = (id, people, seq) => {
    ++offset;
    return `
      INSERT INTO conversations (workspace_id, id, kind, history, created_at) VALUES (${wsp}, ${uuid(id)}, 'group', 'join', ${now});
      INSERT INTO conversation_heads (workspace_id, conversation_id, seq, rev, last_offset, activity_offset, updated_at, external)
      VALUES (${wsp}, ${uuid(id)}, ${seq}, ${seq}, ${offset}, ${offset}, ${now}, ${no});
      ${people.map((one) => `
        INSERT INTO participants (workspace_id, conversation_id, person_id, role, joined_seq, joined_offset, created_at)
        VALUES (${wsp}, ${uuid(id)}, ${uuid(one)}, 'member', 0, 0, ${now});
        INSERT INTO cursors (workspace_id, conversation_id, person_id, recv_seq, read_seq, marked_unread, archived, pinned, changed_offset)
        VALUES (${wsp}, ${uuid(id)}, ${uuid(one)}, 0, 0, ${no}, ${no}, ${no}, 0);`).join('')}`;
  };
  const many = async (count, people) => {
    for (let done = 0; done < count; done += chunk)
      await database.execute(`BEGIN; ${Array.from({ length: Math.min(chunk, count - done) }, () => room(newId(), people, 0)).join('')} COMMIT;`);
  };
  await many(own, [person, a]);
  await many(others, [a, b]);
  const big = newId();
  await database.execute(`BEGIN; ${room(big, [person, a], messages)} COMMIT;`);

  const numbers = isSqlite
    ? `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${messages})`
    : `WITH n AS (SELECT generate_series(1, ${messages})::bigint AS i)`;
  const id = isSqlite ? 'randomblob(16)' : 'gen_random_uuid()';
  await database.execute(`${isSqlite ? numbers : ''}
    INSERT INTO messages (workspace_id, conversation_id, seq, id, created_rev, rev, author_id, type, content, visibility,
      silent, metadata, log_offset, created_at)
    ${isSqlite ? '' : numbers}
    SELECT ${wsp}, ${uuid(big)}, i, ${id}, i, i, ${uuid(a)}, 'text', '{"text":"${'x'.repeat(200)}"}', 'all',
      i % ${silentEvery} = 0, '{}', ${offset}, ${now} FROM n`);
  await database.execute(`
    INSERT INTO uncounted (workspace_id, conversation_id, seq, internal)
    SELECT workspace_id, conversation_id, seq, 0 FROM messages WHERE seq % ${silentEvery} = 0;
    INSERT INTO uncounted_ranges (workspace_id, conversation_id, n, everybody, internal)
    SELECT workspace_id, conversation_id, seq / ${rangeSize}, COUNT(*), 0 FROM uncounted GROUP BY 1, 2, 3;
    UPDATE workspace_counters SET event_offset = ${offset}, event_floor = ${offset} WHERE workspace_id = ${wsp};
    ${isSqlite ? '' : 'ANALYZE;'}`);
  return encodeId('cnv', big);
}
