// Jobs, and that those which send agree with their messages: a message on its way has one open job,
// one that has arrived or failed has none.
#include "admin/verify/check.hpp"

#include <array>

namespace hermod::admin {

static constexpr auto checks = std::to_array<Check>({
    {"the job's place is beyond the workspace's newest", "job", "", "position", R"sql(
        SELECT j.id, NULL, j.position FROM workspace_counters c
        JOIN jobs j ON j.workspace_id = $1 AND j.position > c.job_position
        WHERE c.workspace_id = $1 LIMIT $2)sql"},
    {"the job's message is missing", "job", "msg", "", R"sql(
        SELECT j.id, j.message_id, NULL FROM jobs j
        WHERE j.workspace_id = $1 AND j.message_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM messages m
            WHERE m.workspace_id = $1 AND m.id = j.message_id) LIMIT $2)sql"},
    {"its state is none of a job, or does not fit its end", "job", "msg", "", R"sql(
        SELECT j.id, j.message_id, NULL FROM jobs j
        WHERE j.workspace_id = $1 AND CASE
            WHEN j.state IN ('done', 'dead') THEN j.finished_at IS NULL
            WHEN j.state IN ('queued', 'sending', 'retrying', 'outcome_unknown')
            THEN j.finished_at IS NOT NULL ELSE TRUE END LIMIT $2)sql"},
    {"it was tried more often than it was taken up", "job", "msg", "attempts", R"sql(
        SELECT j.id, j.message_id, j.attempts FROM jobs j
        WHERE j.workspace_id = $1 AND (j.attempts > j.claims OR j.attempts < 0)
        LIMIT $2)sql"},
    // A failed message's job is queued where somebody retried it; claimed, it is on its way.
    {"the job would send what has arrived, or failed for good", "job", "msg", "", R"sql(
        SELECT j.id, j.message_id, NULL FROM jobs j
        JOIN messages m ON m.workspace_id = $1 AND m.id = j.message_id
        JOIN conversations c ON c.workspace_id = $1 AND c.id = m.conversation_id
        WHERE j.workspace_id = $1 AND j.kind = 'send_message'
          AND j.state IN ('queued', 'sending', 'retrying', 'outcome_unknown')
          AND m.deleted_at IS NULL AND c.deleted_at IS NULL
          AND COALESCE(m.status, '') NOT IN ('queued', 'sending')
          AND NOT (m.status = 'failed' AND j.state = 'queued') LIMIT $2)sql"},
    {"the message is on its way and nothing sends it", "msg", "cnv", "seq", R"sql(
        SELECT m.id, m.conversation_id, m.seq FROM messages m
        JOIN conversations c ON c.workspace_id = $1 AND c.id = m.conversation_id
        WHERE m.workspace_id = $1 AND m.direction = 'outbound'
          AND m.status IN ('queued', 'sending') AND m.deleted_at IS NULL
          AND c.deleted_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM jobs j WHERE j.workspace_id = $1 AND j.message_id = m.id
              AND j.kind = 'send_message'
              AND j.state IN ('queued', 'sending', 'retrying', 'outcome_unknown'))
        LIMIT $2)sql"},
    {"two jobs send one message", "msg", "cnv", "seq", R"sql(
        SELECT m.id, m.conversation_id, m.seq FROM messages m
        WHERE m.workspace_id = $1 AND m.direction = 'outbound' AND (
            SELECT COUNT(*) FROM jobs j WHERE j.workspace_id = $1 AND j.message_id = m.id
              AND j.kind = 'send_message'
              AND j.state IN ('queued', 'sending', 'retrying', 'outcome_unknown')) > 1
        LIMIT $2)sql"},
    {"the job that sends was given up and its message has not failed", "job", "msg", "", R"sql(
        SELECT j.id, j.message_id, NULL FROM jobs j
        JOIN messages m ON m.workspace_id = $1 AND m.id = j.message_id
        WHERE j.workspace_id = $1 AND j.kind = 'send_message' AND j.state = 'dead'
          AND m.deleted_at IS NULL AND m.status <> 'failed' LIMIT $2)sql"},
});

std::span<Check const> job_checks()
{
    return checks;
}

}
