#include "workspaces/audit.hpp"

namespace hermod::workspaces {

static AuditActorKind kind_of(Caller const& caller)
{
    switch (caller.kind) {
    case Caller::Kind::session:
        return AuditActorKind::member;
    case Caller::Kind::api_key:
    case Caller::Kind::publishable:
        return AuditActorKind::api_key;
    case Caller::Kind::person:
        return AuditActorKind::app_user;
    case Caller::Kind::anonymous:
        break;
    }
    return AuditActorKind::server_operator;
}

template <class T>
static std::optional<T> unless_empty(T const& value)
{
    return value == T{} ? std::nullopt : std::optional{value};
}

void audit(db::Tx& tx, Caller const& caller, std::string_view action, std::string const& target,
    std::vector<AuditDetail> const& details)
{
    tx.run(R"sql(
        INSERT INTO audit_log (workspace_id, id, action, actor_kind, actor_person_id,
            actor_login_id, actor_key_id, target, details, request_id, remote_address, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12))sql",
        AuditId::make(tx.now()), action, kind_of(caller), unless_empty(caller.person),
        unless_empty(caller.login), unless_empty(caller.key), target, to_json(details),
        unless_empty(caller.request_id), unless_empty(caller.remote_address), tx.now());
}

std::int64_t delete_old_audit(db::Tx& tx, Timestamp before, std::int64_t limit)
{
    return tx.run_counted(R"sql(
        DELETE FROM audit_log WHERE workspace_id = $1 AND id IN (
            SELECT id FROM audit_log WHERE workspace_id = $1 AND created_at < $2
            ORDER BY created_at LIMIT $3))sql",
        before, limit);
}

}
