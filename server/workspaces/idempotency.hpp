#pragma once

#include "base/codec.hpp"
#include "base/task.hpp"
#include "db/database.hpp"
#include "net/caller.hpp"

#include <string>
#include <string_view>
#include <type_traits>

namespace hermod::workspaces {

/// Throws net::ReplayedReply where the caller's key was used for this request before, and
/// idempotency_key_reused where it was used for another.
void require_first_use(db::Tx const& tx, Caller const& caller);
void remember_reply(db::Tx& tx, Caller const& caller, int status, std::string_view body);

/// Forgets at most `limit` answers whose time is over; how many it forgot.
std::int64_t sweep_expired(db::Tx& tx, std::int64_t limit);

/// db.write for a request that may be repeated. With an Idempotency-Key the answer is kept in the
/// same transaction as what λ does, so only a success is remembered; a second request with the key
/// waits its turn and gets the first answer. `remembered` writes what a repeat is told: give one
/// that leaves secrets out where the answer shows a secret once.
template <class F, class Remembered>
Task<std::invoke_result_t<F&, db::Tx&>> write_once(
    db::Database& database, Caller const& caller, int success, F&& body, Remembered&& remembered)
{
    co_return co_await database.write(caller.workspace, [&](db::Tx& tx) {
        if (!caller.idempotency)
            return body(tx);
        require_first_use(tx, caller);
        auto result = body(tx);
        remember_reply(tx, caller, success, remembered(std::as_const(result)));
        return result;
    });
}

template <class F>
Task<std::invoke_result_t<F&, db::Tx&>> write_once(
    db::Database& database, Caller const& caller, int success, F&& body)
{
    using Result = std::invoke_result_t<F&, db::Tx&>;
    co_return co_await write_once(
        database, caller, success, body, [](Result const& result) { return to_json(result); });
}

}
