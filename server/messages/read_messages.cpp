#include "access/idempotency.hpp"
#include "base/errors.hpp"
#include "messages/append.hpp"
#include "messages/sight.hpp"
#include "net/cursor.hpp"

namespace hermod::messages {

Message require_message(db::Tx const& tx, MessageId const& id)
{
    auto const row = find_message(tx, id);
    if (!row)
        throw Problem{Errc::message_not_found};
    return to_message(*row);
}

Task<Message> get_message(Deps& deps, Caller const& caller, MessageId const& id)
{
    co_return co_await deps.db.read(caller.workspace,
        [&](db::Tx const& tx) { return to_message(require_visible(tx, caller, id)); });
}

/// Which way a page goes, and from where.
struct Way {
    bool forward = false;
    std::int64_t seq = INT64_MAX;
};

static Way direction_of(ListMessages const& query)
{
    if (query.before_seq && query.after_seq)
        throw Problem{Errc::invalid_query, {}, {{"after_seq", "excludes before_seq"}}};
    if (query.cursor) {
        auto const [way, seq] = net::read_cursor<std::string, std::int64_t>(query.cursor->value);
        if (way != "after" && way != "before")
            throw Problem{Errc::invalid_cursor, {}, {{"cursor", "is not one of this list"}}};
        return {way == "after", seq};
    }
    if (query.after_seq)
        return {true, query.after_seq->value};
    return {false, query.before_seq ? query.before_seq->value : INT64_MAX};
}

Task<net::Page<Message>> list_messages(
    Deps& deps, Caller const& caller, ConversationId const& conversation, ListMessages const& query)
{
    auto const [forward, seq] = direction_of(query);
    auto const limit = query.limit.value.value;
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        auto sight = sight_of(tx, caller, conversation);
        sight.pinned = query.pinned;
        auto const rows = forward ? list_after(tx, sight, seq, limit + 1)
                                  : list_before(tx, sight, seq, limit + 1);
        net::Page<Message> page;
        for (auto const& row : rows) {
            if (static_cast<std::int64_t>(page.data.size()) == limit) {
                page.next = net::encode_cursor(
                    {forward ? "after" : "before", std::to_string(page.data.back().seq)});
                break;
            }
            page.data.push_back(to_message(row));
        }
        return page;
    });
}

Task<net::Page<Message>> list_message_log(
    Deps& deps, Caller const& caller, ListMessageLog const& query)
{
    std::int64_t before = INT64_MAX;
    if (query.cursor)
        std::tie(before) = net::read_cursor<std::int64_t>(query.cursor->value);
    auto const limit = query.limit.value.value;
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        net::Page<Message> page;
        std::int64_t last = 0;
        std::int64_t seen = 0; // a test key's page is shorter by what it does not reach
        for (auto const& row : list_log(tx, query, before, limit + 1)) {
            if (seen++ == limit) {
                page.next = net::encode_cursor({std::to_string(last)});
                break;
            }
            last = row.log_offset;
            if (accounts::may_reach(tx, caller, row.account_id))
                page.data.push_back(to_message(row));
        }
        return page;
    });
}

Task<net::Page<Attempt>> list_attempts(Deps& deps, Caller const& caller, MessageId const& id)
{
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        require_visible(tx, caller, id);
        net::Page<Attempt> page;
        for (auto const& row : list_attempts(tx, id)) {
            std::optional<MessageError> error;
            if (row.error)
                error = read_stored_json<MessageError>(*row.error);
            page.data.push_back({row.n, row.started_at, row.duration_ms, row.outcome, error});
        }
        return page;
    });
}

Task<Message> resend_message(Deps& deps, Caller const& caller, MessageId const& id)
{
    co_return co_await access::write_once(deps.db, caller, 202, [&](db::Tx& tx) {
        auto row = require_visible(tx, caller, id);
        if (row.direction != Direction::outbound || row.status != Status::failed)
            throw Problem{Errc::not_resendable};
        accounts::require_visible(tx, caller, *row.account_id);
        row.status = Status::queued;
        row.error.reset();
        write_status(tx, row, Status::failed);
        // Its own job goes on where there is one: it keeps its lane, and no second one sends the
        // same message.
        auto const job = jobs::find_by_message(tx, send_job, id);
        if (job && job->state == jobs::State::dead)
            jobs::revive(tx, job->id);
        else if (!job || job->state == jobs::State::done)
            add_send_job(tx, row, job ? job->lane : jobs::Lane::conversation, std::nullopt);
        return to_message(*find_message(tx, id));
    });
}

}
