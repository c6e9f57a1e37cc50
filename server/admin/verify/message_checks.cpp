#include "admin/verify/check.hpp"

#include <array>

namespace hermod::admin {

static constexpr auto checks = std::to_array<Check>({
    {"the message's conversation is missing", "msg", "cnv", "seq", R"sql(
        SELECT m.id, m.conversation_id, m.seq FROM messages m
        WHERE m.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM conversations c
            WHERE c.workspace_id = $1 AND c.id = m.conversation_id) LIMIT $2)sql"},
    {"the message's author is missing", "msg", "per", "seq", R"sql(
        SELECT m.id, m.author_id, m.seq FROM messages m
        WHERE m.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM people p
            WHERE p.workspace_id = $1 AND p.id = m.author_id) LIMIT $2)sql"},
    {"the message's account is missing", "msg", "acc", "seq", R"sql(
        SELECT m.id, m.account_id, m.seq FROM messages m
        WHERE m.workspace_id = $1 AND m.account_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM accounts a
            WHERE a.workspace_id = $1 AND a.id = m.account_id) LIMIT $2)sql"},
    {"what the message replies to is not in its conversation", "msg", "msg", "seq", R"sql(
        SELECT m.id, m.reply_to, m.seq FROM messages m
        WHERE m.workspace_id = $1 AND m.reply_to IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM messages r WHERE r.workspace_id = $1
              AND r.id = m.reply_to AND r.conversation_id = m.conversation_id)
        LIMIT $2)sql"},
    {"what was forwarded is missing", "msg", "msg", "seq", R"sql(
        SELECT m.id, m.forwarded_from, m.seq FROM messages m
        WHERE m.workspace_id = $1 AND m.forwarded_from IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM messages f
            WHERE f.workspace_id = $1 AND f.id = m.forwarded_from) LIMIT $2)sql"},
    {"the event that announced it is not in the log", "msg", "cnv", "offset", R"sql(
        SELECT m.id, m.conversation_id, m.log_offset FROM workspace_counters w
        JOIN messages m ON m.workspace_id = $1 AND m.log_offset > w.event_floor
        WHERE w.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM events e WHERE e.workspace_id = $1
              AND e.log_offset = m.log_offset AND e.type = 'message.created'
              AND e.conversation_id = m.conversation_id) LIMIT $2)sql"},
    {"its direction, account and status do not fit", "msg", "cnv", "seq", R"sql(
        SELECT m.id, m.conversation_id, m.seq FROM messages m
        WHERE m.workspace_id = $1 AND CASE COALESCE(m.direction, '')
            WHEN '' THEN m.status IS NOT NULL OR m.account_id IS NOT NULL
            WHEN 'inbound' THEN m.account_id IS NULL
                OR COALESCE(m.status, '') NOT IN ('delivered', 'read')
            ELSE m.account_id IS NULL OR COALESCE(m.status, '') NOT IN
                ('queued', 'sending', 'sent', 'delivered', 'read', 'failed') END
        LIMIT $2)sql"},
    {"it crossed an account and its conversation is none of an account", "msg", "cnv", "seq",
        R"sql(
        SELECT m.id, m.conversation_id, m.seq FROM messages m
        JOIN conversations c ON c.workspace_id = $1 AND c.id = m.conversation_id
        WHERE m.workspace_id = $1 AND m.direction IS NOT NULL AND c.kind <> 'external'
        LIMIT $2)sql"},
    {"it failed without saying why, or says why and did not fail", "msg", "cnv", "seq", R"sql(
        SELECT m.id, m.conversation_id, m.seq FROM messages m
        WHERE m.workspace_id = $1 AND ((m.status = 'failed' AND m.error IS NULL)
            OR (m.status IN ('sent', 'delivered', 'read') AND m.error IS NOT NULL))
        LIMIT $2)sql"},
});

std::span<Check const> message_checks()
{
    return checks;
}

}
