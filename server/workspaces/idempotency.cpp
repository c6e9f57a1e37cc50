#include "workspaces/idempotency.hpp"

#include "net/replay.hpp"

namespace hermod::workspaces {

namespace {

struct Remembered {
    Digest body_hash;
    std::int64_t status;
    std::string body;
};
BOOST_DESCRIBE_STRUCT(Remembered, (), (body_hash, status, body))

/// The person; for what a login does outside its workspaces, the login.
Uuid const& id_of(Caller const& caller)
{
    return caller.person.is_nil() ? caller.login.bytes() : caller.person.bytes();
}

using CallerId = Id<"caller">;

}

void require_first_use(db::Tx const& tx, Caller const& caller)
{
    auto const& use = *caller.idempotency;
    auto const earlier = tx.one<Remembered>(R"sql(
        SELECT {columns} FROM idempotency
        WHERE workspace_id = $1 AND caller_id = $2 AND route = $3 AND key = $4
            AND expires_at > $5)sql",
        CallerId{id_of(caller)}, use.route, use.key, tx.now());
    if (!earlier)
        return;
    if (earlier->body_hash != use.body_hash)
        throw Problem{Errc::idempotency_key_reused};
    throw net::ReplayedReply{static_cast<int>(earlier->status), earlier->body};
}

void remember_reply(db::Tx& tx, Caller const& caller, int status, std::string_view body)
{
    auto const& use = *caller.idempotency;
    // A row that is there is one whose time is over and that no sweep has met yet.
    tx.run(R"sql(
        INSERT INTO idempotency
            (workspace_id, caller_id, route, key, body_hash, status, body, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (workspace_id, caller_id, route, key) DO UPDATE SET
            body_hash = excluded.body_hash, status = excluded.status, body = excluded.body,
            expires_at = excluded.expires_at)sql",
        CallerId{id_of(caller)}, use.route, use.key, use.body_hash, status, body,
        tx.now() + use.keep);
}

std::int64_t sweep_expired(db::Tx& tx, std::int64_t limit)
{
    auto const expired = tx.all<std::tuple<CallerId, std::string, std::string>>(R"sql(
        SELECT caller_id, route, key FROM idempotency
        WHERE workspace_id = $1 AND expires_at <= $2
        ORDER BY expires_at LIMIT $3)sql",
        tx.now(), limit);
    for (auto const& [caller, route, key] : expired) {
        tx.run(R"sql(
            DELETE FROM idempotency
            WHERE workspace_id = $1 AND caller_id = $2 AND route = $3 AND key = $4)sql",
            caller, route, key);
    }
    return static_cast<std::int64_t>(expired.size());
}

}
