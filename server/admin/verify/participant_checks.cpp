#include "admin/verify/check.hpp"

#include <array>

namespace hermod::admin {

static constexpr auto checks = std::to_array<Check>({
    {"the participant's conversation is missing", "per", "cnv", "", R"sql(
        SELECT p.person_id, p.conversation_id, NULL FROM participants p
        WHERE p.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM conversations c
            WHERE c.workspace_id = $1 AND c.id = p.conversation_id) LIMIT $2)sql"},
    {"the participant is missing among the people", "per", "cnv", "", R"sql(
        SELECT p.person_id, p.conversation_id, NULL FROM participants p
        WHERE p.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM people h
            WHERE h.workspace_id = $1 AND h.id = p.person_id) LIMIT $2)sql"},
    {"the participant has no cursors", "per", "cnv", "", R"sql(
        SELECT p.person_id, p.conversation_id, NULL FROM participants p
        WHERE p.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM cursors k WHERE k.workspace_id = $1
              AND k.conversation_id = p.conversation_id AND k.person_id = p.person_id)
        LIMIT $2)sql"},
    {"there are cursors of one who is no participant", "per", "cnv", "", R"sql(
        SELECT k.person_id, k.conversation_id, NULL FROM cursors k
        WHERE k.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM participants p WHERE p.workspace_id = $1
              AND p.conversation_id = k.conversation_id AND p.person_id = k.person_id)
        LIMIT $2)sql"},
    {"who joined has joined beyond the newest message", "per", "cnv", "seq", R"sql(
        SELECT p.person_id, p.conversation_id, p.joined_seq FROM participants p
        JOIN conversation_heads h ON h.workspace_id = $1
            AND h.conversation_id = p.conversation_id
        WHERE p.workspace_id = $1 AND p.joined_seq > h.seq LIMIT $2)sql"},
    {"one left who is still a participant", "per", "cnv", "offset", R"sql(
        SELECT d.person_id, d.conversation_id, d.left_offset FROM departures d
        WHERE d.workspace_id = $1 AND EXISTS (
            SELECT 1 FROM participants p WHERE p.workspace_id = $1
              AND p.conversation_id = d.conversation_id AND p.person_id = d.person_id)
        LIMIT $2)sql"},
    {"who left, or what was left, is missing", "per", "cnv", "offset", R"sql(
        SELECT d.person_id, d.conversation_id, d.left_offset FROM departures d
        WHERE d.workspace_id = $1 AND (NOT EXISTS (
                SELECT 1 FROM people p WHERE p.workspace_id = $1 AND p.id = d.person_id)
            OR NOT EXISTS (
                SELECT 1 FROM conversations c
                WHERE c.workspace_id = $1 AND c.id = d.conversation_id)) LIMIT $2)sql"},
});

std::span<Check const> participant_checks()
{
    return checks;
}

}
