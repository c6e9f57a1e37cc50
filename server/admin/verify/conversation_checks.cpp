#include "admin/verify/check.hpp"

#include <array>

namespace hermod::admin {

static constexpr auto checks = std::to_array<Check>({
    {"the conversation has no head", "cnv", "", "", R"sql(
        SELECT c.id, NULL, NULL FROM conversations c
        WHERE c.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM conversation_heads h
            WHERE h.workspace_id = $1 AND h.conversation_id = c.id) LIMIT $2)sql"},
    {"the head's conversation is missing", "cnv", "", "", R"sql(
        SELECT h.conversation_id, NULL, NULL FROM conversation_heads h
        WHERE h.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM conversations c
            WHERE c.workspace_id = $1 AND c.id = h.conversation_id) LIMIT $2)sql"},
    {"the conversation's account is missing", "cnv", "acc", "", R"sql(
        SELECT c.id, c.account_id, NULL FROM conversations c
        WHERE c.workspace_id = $1 AND c.account_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM accounts a
            WHERE a.workspace_id = $1 AND a.id = c.account_id) LIMIT $2)sql"},
    {"its kind, its account and its head do not fit", "cnv", "", "", R"sql(
        SELECT c.id, NULL, NULL FROM conversations c
        JOIN conversation_heads h ON h.workspace_id = $1 AND h.conversation_id = c.id
        WHERE c.workspace_id = $1 AND (h.external <> (c.kind = 'external')
            OR (c.account_id IS NOT NULL) <> (c.kind = 'external')) LIMIT $2)sql"},
    {"the head's seq is not that of the newest message", "cnv", "", "seq", R"sql(
        SELECT h.conversation_id, NULL, h.seq FROM conversation_heads h
        WHERE h.workspace_id = $1 AND h.seq <> COALESCE((
            SELECT MAX(m.seq) FROM messages m
            WHERE m.workspace_id = $1 AND m.conversation_id = h.conversation_id), 0)
        LIMIT $2)sql"},
    {"there is no message before it: the conversation has a gap", "msg", "cnv", "seq", R"sql(
        SELECT m.id, m.conversation_id, m.seq FROM messages m
        WHERE m.workspace_id = $1 AND m.seq <> 1 AND NOT EXISTS (
            SELECT 1 FROM messages p WHERE p.workspace_id = $1
              AND p.conversation_id = m.conversation_id AND p.seq = m.seq - 1) LIMIT $2)sql"},
    {"the message's rev is above the conversation's, or below its own first", "msg", "cnv", "rev",
        R"sql(
        SELECT m.id, m.conversation_id, m.rev FROM messages m
        JOIN conversation_heads h ON h.workspace_id = $1
            AND h.conversation_id = m.conversation_id
        WHERE m.workspace_id = $1 AND (m.rev > h.rev OR m.rev < m.created_rev) LIMIT $2)sql"},
    {"the log has an event about it above its last offset", "cnv", "evt", "offset", R"sql(
        SELECT e.conversation_id, e.id, e.log_offset FROM events e
        JOIN conversation_heads h ON h.workspace_id = $1
            AND h.conversation_id = e.conversation_id
        WHERE e.workspace_id = $1 AND e.log_offset > h.last_offset
          AND COALESCE(e.reach, '') <> 'person' LIMIT $2)sql"},
    {"its last offset is not that of an event about it", "cnv", "", "offset", R"sql(
        SELECT h.conversation_id, NULL, h.last_offset FROM workspace_counters w
        JOIN conversation_heads h ON h.workspace_id = $1 AND h.last_offset > w.event_floor
        WHERE w.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM events e WHERE e.workspace_id = $1
              AND e.log_offset = h.last_offset AND e.conversation_id = h.conversation_id)
        LIMIT $2)sql"},
    {"what it is ordered by is above its last offset", "cnv", "", "offset", R"sql(
        SELECT h.conversation_id, NULL, h.activity_offset FROM conversation_heads h
        WHERE h.workspace_id = $1 AND h.activity_offset > h.last_offset LIMIT $2)sql"},
});

std::span<Check const> conversation_checks()
{
    return checks;
}

}
