// What is kept beside a message: its edits, its client_id, its attempts, what a network handed in.
#include "admin/verify/check.hpp"

#include <array>

namespace hermod::admin {

static constexpr auto checks = std::to_array<Check>({
    {"the message of this edit is missing", "msg", "", "edit", R"sql(
        SELECT e.message_id, NULL, e.n FROM message_edits e
        WHERE e.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM messages m
            WHERE m.workspace_id = $1 AND m.id = e.message_id) LIMIT $2)sql"},
    {"there is no edit before this one", "msg", "", "edit", R"sql(
        SELECT e.message_id, NULL, e.n FROM message_edits e
        WHERE e.workspace_id = $1 AND e.n <> 1 AND NOT EXISTS (
            SELECT 1 FROM message_edits p WHERE p.workspace_id = $1
              AND p.message_id = e.message_id AND p.n = e.n - 1) LIMIT $2)sql"},
    {"the message that a client_id names is missing", "msg", "per", "", R"sql(
        SELECT k.message_id, k.author_id, NULL FROM message_keys k
        WHERE k.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM messages m
            WHERE m.workspace_id = $1 AND m.id = k.message_id) LIMIT $2)sql"},
    {"the message of this attempt is missing", "msg", "", "attempt", R"sql(
        SELECT a.message_id, NULL, a.n FROM attempts a
        WHERE a.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM messages m
            WHERE m.workspace_id = $1 AND m.id = a.message_id) LIMIT $2)sql"},
    {"there is no attempt before this one", "msg", "", "attempt", R"sql(
        SELECT a.message_id, NULL, a.n FROM attempts a
        WHERE a.workspace_id = $1 AND a.n <> 1 AND NOT EXISTS (
            SELECT 1 FROM attempts p WHERE p.workspace_id = $1
              AND p.message_id = a.message_id AND p.n = a.n - 1) LIMIT $2)sql"},
    {"it was sent, and no attempt did it", "msg", "cnv", "seq", R"sql(
        SELECT m.id, m.conversation_id, m.seq FROM messages m
        WHERE m.workspace_id = $1 AND m.direction = 'outbound'
          AND m.status IN ('sent', 'delivered', 'read') AND NOT EXISTS (
            SELECT 1 FROM attempts a WHERE a.workspace_id = $1
              AND a.message_id = m.id AND a.outcome = 'sent') LIMIT $2)sql"},
    {"the account of what a network handed in is missing", "acc", "msg", "", R"sql(
        SELECT i.account_id, i.message_id, NULL FROM provider_inputs i
        WHERE i.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM accounts a
            WHERE a.workspace_id = $1 AND a.id = i.account_id) LIMIT $2)sql"},
    {"what a network handed in is missing", "msg", "acc", "", R"sql(
        SELECT i.message_id, i.account_id, NULL FROM provider_inputs i
        WHERE i.workspace_id = $1 AND i.message_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM messages m
            WHERE m.workspace_id = $1 AND m.id = i.message_id) LIMIT $2)sql"},
});

std::span<Check const> trail_checks()
{
    return checks;
}

}
