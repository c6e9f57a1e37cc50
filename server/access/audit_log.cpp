#include "access/audit_log.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace hermod::access {

namespace {

struct Row {
    AuditId id;
    std::string action;
    workspaces::AuditActorKind actor_kind = workspaces::AuditActorKind::member;
    std::optional<PersonId> actor_person_id;
    std::optional<LoginId> actor_login_id;
    std::optional<KeyId> actor_key_id;
    std::optional<std::string> target;
    JsonText details;
    std::optional<std::string> request_id;
    std::optional<std::string> remote_address;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(Row, (),
    (id, action, actor_kind, actor_person_id, actor_login_id, actor_key_id, target, details,
        request_id, remote_address, created_at))

/// Where a page begins: strictly older than this, or than `until`.
struct Place {
    Timestamp created_at{std::numeric_limits<std::int64_t>::max()};
    AuditId id;
};

AuditEntry to_entry(Row const& row)
{
    return {row.id, row.action,
        {row.actor_kind, row.actor_person_id, row.actor_login_id, row.actor_key_id}, row.target,
        read_stored_json<std::vector<workspaces::AuditDetail>>(row.details.text), row.request_id,
        row.remote_address, row.created_at};
}

Place start_of(ListAuditLog const& query)
{
    Place place;
    if (query.cursor) {
        auto const fields = net::decode_cursor(query.cursor->value);
        auto const id = fields && fields->size() == 2 ? AuditId::parse((*fields)[1]) : std::nullopt;
        std::int64_t us = 0;
        auto const good = id
            && std::from_chars((*fields)[0].data(), (*fields)[0].data() + (*fields)[0].size(), us)
                    .ptr
                == (*fields)[0].data() + (*fields)[0].size();
        if (!good)
            throw Problem{Errc::invalid_cursor};
        return {Timestamp{us}, *id};
    }
    if (query.until)
        place.created_at = *query.until;
    return place;
}

template <class T>
std::optional<std::string> text_of(std::optional<T> const& value)
{
    return value ? std::optional{value->value} : std::nullopt;
}

std::vector<Row> of_workspace(
    db::Tx const& tx, ListAuditLog const& query, Place const& place, std::int64_t limit)
{
    return tx.all<Row>(R"sql(
        SELECT {columns} FROM audit_log
        WHERE workspace_id = $1 AND (created_at, id) < ($2, $3) AND created_at >= $4
            AND ($5 IS NULL OR action = $5)
            AND ($6 IS NULL OR actor_person_id = $6)
            AND ($7 IS NULL OR target = $7)
        ORDER BY created_at DESC, id DESC LIMIT $8)sql",
        place.created_at, place.id, query.since.value_or(Timestamp{}), text_of(query.action),
        query.person_id, text_of(query.target), limit);
}

/// What those who are members did with their logins since they joined.
std::vector<Row> of_logins(db::GlobalTx const& tx, WorkspaceId const& workspace,
    ListAuditLog const& query, Place const& place, std::int64_t limit)
{
    return tx.all<Row>(R"sql(
        SELECT a.id, a.action, 'member', m.person_id, a.login_id, NULL, a.target, a.details,
            a.request_id, a.remote_address, a.created_at
        FROM login_audit a JOIN memberships m ON m.login_id = a.login_id
        WHERE m.workspace_id = $1 AND (a.created_at, a.id) < ($2, $3) AND a.created_at >= $4
            AND a.created_at >= m.created_at
            AND ($5 IS NULL OR a.action = $5)
            AND ($6 IS NULL OR m.person_id = $6)
            AND ($7 IS NULL OR a.target = $7)
        ORDER BY a.created_at DESC, a.id DESC LIMIT $8)sql",
        workspace, place.created_at, place.id, query.since.value_or(Timestamp{}),
        text_of(query.action), query.person_id, text_of(query.target), limit);
}

}

void audit_login(db::GlobalTx& tx, Caller const& caller, LoginId const& login,
    std::string_view action, std::string const& target,
    std::vector<workspaces::AuditDetail> const& details)
{
    tx.run(R"sql(
        INSERT INTO login_audit
            (id, login_id, action, target, details, request_id, remote_address, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8))sql",
        AuditId::make(tx.now()), login, action, target, to_json(details), caller.request_id,
        caller.remote_address, tx.now());
}

void delete_login_audit_before(db::GlobalTx& tx, Timestamp time, std::int64_t limit)
{
    tx.run(R"sql(
        DELETE FROM login_audit WHERE id IN (
            SELECT id FROM login_audit WHERE created_at < $1 ORDER BY created_at LIMIT $2))sql",
        time, limit);
}

Task<net::Page<AuditEntry>> list_audit_log(
    Deps& deps, Caller const& caller, ListAuditLog const& query)
{
    auto const place = start_of(query);
    auto const limit = query.limit.value.value;
    auto rows = co_await deps.database.read(caller.workspace,
        [&](db::Tx const& tx) { return of_workspace(tx, query, place, limit + 1); });
    auto const logins = co_await deps.database.system().read([&](db::GlobalTx const& tx) {
        return of_logins(tx, caller.workspace, query, place, limit + 1);
    });
    rows.insert(rows.end(), logins.begin(), logins.end());
    std::ranges::sort(
        rows, std::greater{}, [](Row const& row) { return std::pair{row.created_at, row.id}; });
    net::Page<AuditEntry> page;
    for (auto const& row : rows) {
        if (static_cast<std::int64_t>(page.data.size()) == limit) {
            auto const& last = page.data.back();
            page.next = net::encode_cursor({std::to_string(last.created_at.us), last.id.str()});
            break;
        }
        page.data.push_back(to_entry(row));
    }
    co_return page;
}

}
