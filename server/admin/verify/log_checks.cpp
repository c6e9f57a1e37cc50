#include "admin/verify/check.hpp"

#include <array>

namespace hermod::admin {

static constexpr auto checks = std::to_array<Check>({
    {"the workspace is in the directory and has no row of its own", "wsp", "", "", R"sql(
        SELECT d.workspace_id, NULL, NULL FROM workspace_directory d
        WHERE d.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM workspaces w WHERE w.workspace_id = $1) LIMIT $2)sql"},
    {"the workspace has no counters", "wsp", "", "", R"sql(
        SELECT w.workspace_id, NULL, NULL FROM workspaces w
        WHERE w.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM workspace_counters c WHERE c.workspace_id = $1) LIMIT $2)sql"},
    {"the log has no event at its head", "wsp", "", "offset", R"sql(
        SELECT c.workspace_id, NULL, c.event_offset FROM workspace_counters c
        WHERE c.workspace_id = $1 AND c.event_offset > c.event_floor AND NOT EXISTS (
            SELECT 1 FROM events e
            WHERE e.workspace_id = $1 AND e.log_offset = c.event_offset) LIMIT $2)sql"},
    {"the log's floor is above its head", "wsp", "", "offset", R"sql(
        SELECT c.workspace_id, NULL, c.event_floor FROM workspace_counters c
        WHERE c.workspace_id = $1 AND c.event_floor > c.event_offset LIMIT $2)sql"},
    {"there is no event before it: the log has a gap", "evt", "", "offset", R"sql(
        SELECT e.id, NULL, e.log_offset FROM workspace_counters c
        JOIN events e ON e.workspace_id = $1 AND e.log_offset > c.event_floor + 1
        WHERE c.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM events p
            WHERE p.workspace_id = $1 AND p.log_offset = e.log_offset - 1) LIMIT $2)sql"},
    {"the event is above the log's head", "evt", "", "offset", R"sql(
        SELECT e.id, NULL, e.log_offset FROM workspace_counters c
        JOIN events e ON e.workspace_id = $1 AND e.log_offset > c.event_offset
        WHERE c.workspace_id = $1 LIMIT $2)sql"},
    {"the event is below the log's floor", "evt", "", "offset", R"sql(
        SELECT e.id, NULL, e.log_offset FROM workspace_counters c
        JOIN events e ON e.workspace_id = $1 AND e.log_offset <= c.event_floor
        WHERE c.workspace_id = $1 LIMIT $2)sql"},
    {"the event's conversation is missing", "evt", "cnv", "offset", R"sql(
        SELECT e.id, e.conversation_id, e.log_offset FROM events e
        WHERE e.workspace_id = $1 AND e.conversation_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM conversations c
            WHERE c.workspace_id = $1 AND c.id = e.conversation_id) LIMIT $2)sql"},
    {"the person whom the event names is missing", "evt", "per", "offset", R"sql(
        SELECT e.id, e.person_id, e.log_offset FROM events e
        WHERE e.workspace_id = $1 AND e.person_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM people p
            WHERE p.workspace_id = $1 AND p.id = e.person_id) LIMIT $2)sql"},
});

std::span<Check const> log_checks()
{
    return checks;
}

}
