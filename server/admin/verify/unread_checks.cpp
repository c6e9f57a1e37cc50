// What is kept so that nobody counts messages to know what is unread, against the messages.
#include "admin/verify/check.hpp"

#include <array>

namespace hermod::admin {

static constexpr auto checks = std::to_array<Check>({
    {"what was read, received and told is not in order", "per", "cnv", "seq", R"sql(
        SELECT k.person_id, k.conversation_id, k.read_seq FROM cursors k
        JOIN conversation_heads h ON h.workspace_id = $1
            AND h.conversation_id = k.conversation_id
        JOIN workspace_counters w ON w.workspace_id = $1
        WHERE k.workspace_id = $1 AND (k.read_seq < 0 OR k.read_seq > k.recv_seq
            OR k.recv_seq > h.seq OR k.changed_offset > w.event_offset) LIMIT $2)sql"},
    {"whether the message counts as unread is not what is kept", "msg", "cnv", "seq", R"sql(
        SELECT m.id, m.conversation_id, m.seq FROM messages m
        LEFT JOIN uncounted u ON u.workspace_id = $1
            AND u.conversation_id = m.conversation_id AND u.seq = m.seq
        WHERE m.workspace_id = $1 AND COALESCE(u.internal, 2) <>
            CASE WHEN m.silent OR m.deleted_at IS NOT NULL THEN 0
                 WHEN m.visibility = 'internal' THEN 1 ELSE 2 END LIMIT $2)sql"},
    {"a message that is missing is left out of what is unread", "cnv", "", "seq", R"sql(
        SELECT u.conversation_id, NULL, u.seq FROM uncounted u
        WHERE u.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM messages m WHERE m.workspace_id = $1
              AND m.conversation_id = u.conversation_id AND m.seq = u.seq) LIMIT $2)sql"},
    {"a range of messages left out of what is unread is not their sum", "cnv", "", "range",
        R"sql(
        SELECT r.conversation_id, NULL, r.n FROM uncounted_ranges r
        WHERE r.workspace_id = $1 AND (
            r.everybody <> (SELECT COUNT(*) FROM uncounted u WHERE u.workspace_id = $1
                AND u.conversation_id = r.conversation_id AND u.seq >= r.n * 1024
                AND u.seq < (r.n + 1) * 1024 AND u.internal = 0)
            OR r.internal <> (SELECT COUNT(*) FROM uncounted u WHERE u.workspace_id = $1
                AND u.conversation_id = r.conversation_id AND u.seq >= r.n * 1024
                AND u.seq < (r.n + 1) * 1024 AND u.internal = 1)) LIMIT $2)sql"},
    {"a message left out of what is unread is in no range", "cnv", "", "seq", R"sql(
        SELECT u.conversation_id, NULL, u.seq FROM uncounted u
        WHERE u.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM uncounted_ranges r WHERE r.workspace_id = $1
              AND r.conversation_id = u.conversation_id AND r.n = u.seq / 1024)
        LIMIT $2)sql"},
    // The whole formula against counting: the work grows with what is unread.
    {"the number of unread messages is not what counting them gives", "per", "cnv", "read_seq",
        R"sql(
        SELECT k.person_id, k.conversation_id, k.read_seq FROM cursors k
        JOIN conversation_heads h ON h.workspace_id = $1
            AND h.conversation_id = k.conversation_id
        JOIN people p ON p.workspace_id = $1 AND p.id = k.person_id
        WHERE k.workspace_id = $1 AND h.seq - k.read_seq
            - (SELECT COALESCE(SUM(r.everybody + r.internal
                    * CASE WHEN p.kind IN ('member', 'bot') THEN 0 ELSE 1 END), 0)
                FROM uncounted_ranges r WHERE r.workspace_id = $1
                  AND r.conversation_id = k.conversation_id AND r.n > k.read_seq / 1024)
            - (SELECT COUNT(*) FROM uncounted u WHERE u.workspace_id = $1
                AND u.conversation_id = k.conversation_id AND u.seq > k.read_seq
                AND u.seq < (k.read_seq / 1024 + 1) * 1024
                AND u.internal <= CASE WHEN p.kind IN ('member', 'bot') THEN 0 ELSE 1 END)
            <> (SELECT COUNT(*) FROM messages m WHERE m.workspace_id = $1
                AND m.conversation_id = k.conversation_id AND m.seq > k.read_seq
                AND NOT m.silent AND m.deleted_at IS NULL
                AND (m.visibility <> 'internal' OR p.kind IN ('member', 'bot')))
        LIMIT $2)sql"},
});

std::span<Check const> unread_checks()
{
    return checks;
}

}
