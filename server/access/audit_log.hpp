#pragma once

#include "access/access.hpp"
#include "workspaces/audit.hpp"

namespace hermod::access {

struct AuditActor {
    workspaces::AuditActorKind kind = workspaces::AuditActorKind::member;
    std::optional<PersonId> person_id;
    std::optional<LoginId> login_id;
    std::optional<KeyId> api_key_id;
};
BOOST_DESCRIBE_STRUCT(AuditActor, (), (kind, person_id, login_id, api_key_id))
FieldTexts field_texts(AuditActor const*);

/// One act: who did what to what.
struct AuditEntry {
    AuditId id;
    std::string action;
    AuditActor actor;
    std::optional<std::string> target;
    std::vector<workspaces::AuditDetail> details;
    std::optional<std::string> request_id;
    std::optional<std::string> remote_address;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(
    AuditEntry, (), (id, action, actor, target, details, request_id, remote_address, created_at))
FieldTexts field_texts(AuditEntry const*);

struct ListAuditLog {
    std::optional<Text<1, 64>> action;
    std::optional<PersonId> person_id; ///< whose acts
    std::optional<Text<1, 64>> target;
    std::optional<Timestamp> since;
    std::optional<Timestamp> until;
    net::PageLimit limit;
    std::optional<Text<1, 512>> cursor;
};
BOOST_DESCRIBE_STRUCT(ListAuditLog, (), (action, person_id, target, since, until, limit, cursor))
FieldTexts field_texts(ListAuditLog const*);

/// Newest first; with what the members' logins did with themselves.
Task<net::Page<AuditEntry>> list_audit_log(
    Deps& deps, Caller const& caller, ListAuditLog const& query);

void delete_login_audit_before(db::GlobalTx& tx, Timestamp time, std::int64_t limit);

/// What a login does with itself, in the transaction that does it.
void audit_login(db::GlobalTx& tx, Caller const& caller, LoginId const& login,
    std::string_view action, std::string const& target,
    std::vector<workspaces::AuditDetail> const& details = {});

}
