// Webhooks, where they stand in the log, their deliveries and what came of each try.
#include "admin/verify/check.hpp"

#include <array>

namespace hermod::admin {

static constexpr auto checks = std::to_array<Check>({
    {"the webhook has no place in the log", "whk", "", "", R"sql(
        SELECT w.id, NULL, NULL FROM webhooks w
        WHERE w.workspace_id = $1 AND w.deleted_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM webhook_progress p
            WHERE p.workspace_id = $1 AND p.webhook_id = w.id) LIMIT $2)sql"},
    {"the place of a webhook that is missing", "whk", "", "offset", R"sql(
        SELECT p.webhook_id, NULL, p.log_offset FROM webhook_progress p
        WHERE p.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM webhooks w WHERE w.workspace_id = $1 AND w.id = p.webhook_id
              AND w.deleted_at IS NULL) LIMIT $2)sql"},
    {"whether the webhook is enabled is told in two ways", "whk", "", "", R"sql(
        SELECT p.webhook_id, NULL, NULL FROM webhook_progress p
        JOIN webhooks w ON w.workspace_id = $1 AND w.id = p.webhook_id
        WHERE p.workspace_id = $1 AND p.live <> (w.state = 'enabled') LIMIT $2)sql"},
    {"the webhook stands outside the log", "whk", "", "offset", R"sql(
        SELECT p.webhook_id, NULL, p.log_offset FROM webhook_progress p
        JOIN workspace_counters c ON c.workspace_id = $1
        WHERE p.workspace_id = $1 AND p.live
          AND (p.log_offset > c.event_offset OR p.log_offset < c.event_floor) LIMIT $2)sql"},
    {"the delivery's webhook is missing", "dlv", "whk", "offset", R"sql(
        SELECT d.id, d.webhook_id, d.log_offset FROM deliveries d
        WHERE d.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM webhooks w
            WHERE w.workspace_id = $1 AND w.id = d.webhook_id) LIMIT $2)sql"},
    {"a delivery beyond the place of its webhook", "dlv", "whk", "offset", R"sql(
        SELECT d.id, d.webhook_id, d.log_offset FROM deliveries d
        JOIN webhook_progress p ON p.workspace_id = $1 AND p.webhook_id = d.webhook_id
        WHERE d.workspace_id = $1 AND p.live AND d.log_offset > p.log_offset LIMIT $2)sql"},
    {"it is to be delivered, and its event is not in the log", "dlv", "whk", "offset", R"sql(
        SELECT d.id, d.webhook_id, d.log_offset FROM deliveries d
        WHERE d.workspace_id = $1 AND d.state IN ('pending', 'retrying') AND NOT EXISTS (
            SELECT 1 FROM events e WHERE e.workspace_id = $1 AND e.log_offset = d.log_offset
              AND e.id = d.event_id) LIMIT $2)sql"},
    {"its state is none of a delivery, or does not fit its end", "dlv", "whk", "offset", R"sql(
        SELECT d.id, d.webhook_id, d.log_offset FROM deliveries d
        WHERE d.workspace_id = $1 AND CASE
            WHEN d.state IN ('delivered', 'dead') THEN d.finished_at IS NULL
            WHEN d.state IN ('pending', 'retrying') THEN d.finished_at IS NOT NULL
            ELSE TRUE END LIMIT $2)sql"},
    {"its attempts are not as many as it counts", "dlv", "whk", "tries", R"sql(
        SELECT d.id, d.webhook_id, d.tries FROM deliveries d
        WHERE d.workspace_id = $1 AND (d.attempts > d.tries OR d.tries <> (
            SELECT COUNT(*) FROM delivery_attempts a
            WHERE a.workspace_id = $1 AND a.delivery_id = d.id AND a.n BETWEEN 1 AND d.tries))
        LIMIT $2)sql"},
    {"it is delivered, and its last attempt did not do it", "dlv", "whk", "offset", R"sql(
        SELECT d.id, d.webhook_id, d.log_offset FROM deliveries d
        WHERE d.workspace_id = $1 AND d.state = 'delivered' AND NOT EXISTS (
            SELECT 1 FROM delivery_attempts a WHERE a.workspace_id = $1
              AND a.delivery_id = d.id AND a.n = d.tries AND a.failure IS NULL) LIMIT $2)sql"},
    {"the delivery of this attempt is missing", "dlv", "", "attempt", R"sql(
        SELECT a.delivery_id, NULL, a.n FROM delivery_attempts a
        WHERE a.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM deliveries d
            WHERE d.workspace_id = $1 AND d.id = a.delivery_id) LIMIT $2)sql"},
});

std::span<Check const> webhook_checks()
{
    return checks;
}

}
