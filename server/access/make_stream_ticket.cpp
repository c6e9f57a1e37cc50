#include "access/store.hpp"
#include "access/stream_tickets.hpp"

#include <limits>

namespace hermod::access {

static constexpr seconds lifetime{30};

static std::pair<store::TicketKind, Uuid> holder_of(Caller const& caller)
{
    if (caller.kind == Caller::Kind::session)
        return {store::TicketKind::session, caller.session.bytes()};
    if (caller.kind == Caller::Kind::person)
        return {store::TicketKind::person, caller.person.bytes()};
    return {store::TicketKind::api_key, caller.key.bytes()};
}

Task<StreamTicket> make_stream_ticket(Deps& deps, Caller const& caller)
{
    auto const [kind, holder] = holder_of(caller);
    // A session and a key tell by themselves when they end; a person's token is stored nowhere.
    auto const ends_at = caller.kind == Caller::Kind::person
        ? caller.credentials_end_at
        : Timestamp{std::numeric_limits<std::int64_t>::max()};
    auto ticket = std::string{ticket_prefix} + random_token(32);
    auto const now = deps.clock.now();
    store::TicketRow const row{sha256(ticket), kind, Id<"subject">{holder}, caller.workspace,
        ends_at, now, now + lifetime, {}};
    co_await deps.database.system().write([&](db::GlobalTx& tx) { store::insert_ticket(tx, row); });
    co_return StreamTicket{std::move(ticket), row.expires_at};
}

}
