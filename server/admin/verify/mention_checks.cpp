#include "admin/verify/check.hpp"

#include <array>

namespace hermod::admin {

static constexpr auto checks = std::to_array<Check>({
    {"the message that mentions the person is missing, deleted or silent", "per", "cnv", "seq",
        R"sql(
        SELECT x.person_id, x.conversation_id, x.seq FROM mentions x
        WHERE x.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM messages m WHERE m.workspace_id = $1
              AND m.conversation_id = x.conversation_id AND m.seq = x.seq
              AND m.deleted_at IS NULL AND NOT m.silent AND m.mentions IS NOT NULL)
        LIMIT $2)sql"},
    {"the person who is mentioned is missing", "per", "cnv", "seq", R"sql(
        SELECT x.person_id, x.conversation_id, x.seq FROM mentions x
        WHERE x.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM people p
            WHERE p.workspace_id = $1 AND p.id = x.person_id) LIMIT $2)sql"},
    // Mentions of who leaves are forgotten: where anybody left, or came later, there may be fewer.
    {"its messages mention more or fewer people than are told", "cnv", "", "", R"sql(
        SELECT c.id, NULL, NULL FROM conversations c
        WHERE c.workspace_id = $1 AND (
            SELECT COUNT(*) FROM mentions x
            WHERE x.workspace_id = $1 AND x.conversation_id = c.id)
        - (SELECT COALESCE(SUM((LENGTH(m.mentions)
                    - LENGTH(REPLACE(m.mentions, 'per_', ''))) / 4), 0)
            FROM messages m WHERE m.workspace_id = $1 AND m.conversation_id = c.id
              AND m.mentions IS NOT NULL AND NOT m.silent AND m.deleted_at IS NULL)
        NOT BETWEEN CASE WHEN EXISTS (
                SELECT 1 FROM departures d
                WHERE d.workspace_id = $1 AND d.conversation_id = c.id)
            OR EXISTS (
                SELECT 1 FROM participants p
                WHERE p.workspace_id = $1 AND p.conversation_id = c.id AND p.joined_offset > (
                    SELECT MIN(f.log_offset) FROM messages f
                    WHERE f.workspace_id = $1 AND f.conversation_id = c.id))
            THEN -1000000 ELSE 0 END AND 0
        LIMIT $2)sql"},
});

std::span<Check const> mention_checks()
{
    return checks;
}

}
