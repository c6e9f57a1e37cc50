#include "access/audit_log.hpp"
#include "access/credential_cache.hpp"
#include "access/sessions.hpp"
#include "access/store.hpp"
#include "workspaces/rights.hpp"

#include <algorithm>

namespace hermod::access {

static void end(db::GlobalTx& tx, Caller const& caller, SessionId const& session)
{
    store::delete_session(tx, session);
    workspaces::note_rights_changed(tx, session.bytes());
    audit_login(tx, caller, caller.login, "session.ended", session.str());
}

Task<void> log_out(Deps& deps, Caller const& caller)
{
    if (caller.kind != Caller::Kind::session)
        throw Problem{Errc::forbidden, "only a login has a session to end"};
    co_await deps.database.system().write(
        [&](db::GlobalTx& tx) { end(tx, caller, caller.session); });
    deps.cache.drop(caller.session.bytes());
}

Task<std::vector<Session>> list_sessions(Deps& deps, Caller const& caller)
{
    co_return co_await deps.database.system().read([&](db::GlobalTx const& tx) {
        std::vector<Session> sessions;
        for (auto const& row : store::sessions_of(tx, caller.login))
            sessions.push_back({row.id, row.mode, row.id == caller.session, row.remote_address,
                row.user_agent, row.created_at, row.refreshed_at, row.expires_at});
        return sessions;
    });
}

Task<void> end_session(Deps& deps, Caller const& caller, SessionId const& id)
{
    co_await deps.database.system().write([&](db::GlobalTx& tx) {
        auto const session = store::find_session(tx, id);
        if (!session || caller.login.is_nil() || session->login_id != caller.login)
            throw Problem{Errc::session_not_found};
        end(tx, caller, id);
    });
    deps.cache.drop(id.bytes());
}

}
