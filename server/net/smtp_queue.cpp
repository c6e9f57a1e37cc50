#include "net/smtp_queue.hpp"

#include <utility>

namespace hermod::net {

void SmtpQueue::add(Entry entry)
{
    waiting_.push_back(std::move(entry));
}

bool SmtpQueue::has_place(Load load, std::size_t most, bool otp)
{
    return load.all < most && (otp || load.ordinary < most - most / 4);
}

template <class Map>
static auto load_in(Map const& loads, typename Map::key_type const& key)
{
    auto const found = loads.find(key);
    return found == loads.end() ? typename Map::mapped_type{} : found->second;
}

bool SmtpQueue::may_run(Entry const& entry) const
{
    auto const otp = entry.turn.urgency == MailUrgency::otp;
    if (!otp && running_.ordinary >= threads - threads_kept)
        return false;
    if (entry.turn.urgency == MailUrgency::check && checks_ >= most_checks)
        return false;
    auto const& workspace = entry.turn.workspace;
    return has_place(load_in(of_workspace_, workspace), share, otp)
        && has_place(load_in(of_server_, entry.server), share, otp)
        && has_place(load_in(of_both_, {workspace, entry.server}), share_of_both, otp);
}

std::size_t SmtpQueue::running_of(WorkspaceId const& workspace) const
{
    return load_in(of_workspace_, workspace).all;
}

std::optional<SmtpQueue::Entry> SmtpQueue::take()
{
    auto const rank = [this](Entry const& entry) {
        return std::pair{entry.turn.urgency, running_of(entry.turn.workspace)};
    };
    auto best = waiting_.end();
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at)
        if (may_run(*at) && (best == waiting_.end() || rank(*at) < rank(*best)))
            best = at;
    if (best == waiting_.end())
        return std::nullopt;
    auto entry = std::move(*best);
    waiting_.erase(best);
    count(entry, 1);
    return entry;
}

void SmtpQueue::ended(Entry const& entry)
{
    count(entry, -1);
}

template <class Map, class Change>
static void change(Map& loads, typename Map::key_type const& key, Change const& by)
{
    auto const at = loads.try_emplace(key).first;
    by(at->second);
    if (at->second.all == 0)
        loads.erase(at);
}

void SmtpQueue::count(Entry const& entry, int by)
{
    auto const more = static_cast<std::size_t>(by);
    auto const ordinary = entry.turn.urgency == MailUrgency::otp ? std::size_t{0} : more;
    auto const add_to = [&](Load& load) {
        load.all += more;
        load.ordinary += ordinary;
    };
    add_to(running_);
    change(of_workspace_, entry.turn.workspace, add_to);
    change(of_server_, entry.server, add_to);
    change(of_both_, {entry.turn.workspace, entry.server}, add_to);
    if (entry.turn.urgency == MailUrgency::check)
        checks_ += more;
}

std::list<SmtpQueue::Entry> SmtpQueue::clear()
{
    return std::exchange(waiting_, {});
}

}
