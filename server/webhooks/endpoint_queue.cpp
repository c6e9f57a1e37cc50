#include "webhooks/endpoint_queue.hpp"

#include <algorithm>
#include <utility>

namespace hermod::webhooks {

EndpointQueue::Added EndpointQueue::add(Entry entry, Timestamp now)
{
    auto const offset = entry.row.log_offset;
    if (known_.contains(offset) || (reading_ && ended_.contains(offset)))
        return Added::known;
    if (known_.size() >= most)
        return Added::full;
    auto const added = place(std::move(entry), now);
    if (added == Added::taken)
        known_.insert(offset);
    return added;
}

EndpointQueue::Added EndpointQueue::place(Entry entry, Timestamp now)
{
    auto const at = entry.row.next_at;
    if (is_free(entry)) {
        if (at > now + horizon) {
            leave(at);
            return Added::left;
        }
        if (at > now)
            due_.emplace(at, std::move(entry));
        else
            free_.push_back(std::move(entry));
        return Added::taken;
    }
    auto const conversation = *entry.row.conversation_id;
    auto const offset = entry.row.log_offset;
    // Of its conversation older ones may be among those that are to be read again, this one with
    // them.
    if (rescan_from_ && offset > *rescan_from_)
        return Added::left;
    auto& line = lines_[conversation];
    auto const is_full = line.waiting.size() >= most_of_conversation;
    if (is_full || (line.more_from && offset >= *line.more_from)) {
        line.more_from = std::min(line.more_from.value_or(offset), offset);
        return Added::left;
    }
    line.waiting.emplace(offset, std::move(entry));
    offer(conversation, line);
    // One that is not due yet is the first of its line, or waits behind it anyway.
    if (auto const& first = line.waiting.begin()->second;
        !line.in_hand && !line.held && first.row.next_at > now) {
        line.held = true;
        due_.emplace(first.row.next_at, first);
    }
    return Added::taken;
}

void EndpointQueue::offer(ConversationId const& conversation, Line& line)
{
    if (line.offered || line.in_hand || line.held || line.waiting.empty())
        return;
    line.offered = true;
    ready_.push_back(conversation);
}

void EndpointQueue::promote(Timestamp now)
{
    while (!due_.empty() && due_.begin()->first <= now) {
        auto entry = std::move(due_.extract(due_.begin()).mapped());
        if (is_free(entry)) {
            free_.push_back(std::move(entry));
            continue;
        }
        auto const found = lines_.find(*entry.row.conversation_id);
        if (found == lines_.end())
            continue;
        found->second.held = false;
        offer(found->first, found->second);
    }
}

std::optional<Entry> EndpointQueue::next()
{
    turn_ = !turn_;
    if (!free_.empty() && (turn_ || ready_.empty())) {
        auto entry = std::move(free_.front());
        free_.pop_front();
        return entry;
    }
    while (!ready_.empty()) {
        auto const conversation = ready_.front();
        ready_.pop_front();
        auto const found = lines_.find(conversation);
        if (found == lines_.end())
            continue;
        auto& line = found->second;
        line.offered = false;
        if (line.in_hand || line.held || line.waiting.empty())
            continue;
        line.in_hand = true;
        return std::move(line.waiting.extract(line.waiting.begin()).mapped());
    }
    if (free_.empty())
        return std::nullopt;
    auto entry = std::move(free_.front());
    free_.pop_front();
    return entry;
}

void EndpointQueue::end(Entry const& entry, std::optional<Entry> again, Timestamp now)
{
    known_.erase(entry.row.log_offset);
    if (reading_)
        ended_.insert(entry.row.log_offset);
    if (!is_free(entry))
        lines_[*entry.row.conversation_id].in_hand = false;
    if (again) {
        auto const offset = again->row.log_offset;
        // The first of its line it stays, however full that is.
        if (!is_free(*again)) {
            auto& line = lines_[*again->row.conversation_id];
            line.waiting.insert_or_assign(offset, *again);
            if (again->row.next_at > now) {
                line.held = true;
                due_.emplace(again->row.next_at, *again);
            }
            known_.insert(offset);
        } else if (place(*std::move(again), now) == Added::taken) {
            known_.insert(offset);
        }
    }
    if (!is_free(entry))
        release(*entry.row.conversation_id);
}

/// Its line may go on, or is no longer needed.
void EndpointQueue::release(ConversationId const& conversation)
{
    auto const found = lines_.find(conversation);
    auto& line = found->second;
    offer(conversation, line);
    if (line.in_hand || !line.waiting.empty())
        return;
    if (line.more_from) {
        auto const before = *line.more_from - 1;
        rescan_from_ = std::min(rescan_from_.value_or(before), before);
    }
    lines_.erase(found);
}

void EndpointQueue::drop()
{
    std::unordered_set<std::int64_t> in_hand = known_;
    auto const forget = [&](Entry const& entry) { in_hand.erase(entry.row.log_offset); };
    std::ranges::for_each(free_, forget);
    for (auto const& [at, entry] : due_)
        forget(entry);
    for (auto const& [conversation, line] : lines_)
        for (auto const& [offset, entry] : line.waiting)
            forget(entry);
    known_ = std::move(in_hand);
    free_.clear();
    due_.clear();
    ready_.clear();
    left_.reset();
    rescan_from_.reset();
    std::erase_if(lines_, [](auto const& one) { return !one.second.in_hand; });
    for (auto& [conversation, line] : lines_) {
        line = {};
        line.in_hand = true;
    }
}

void EndpointQueue::forget_lines()
{
    for (auto& entry : free_)
        entry.line.reset();
    for (auto& [conversation, line] : lines_)
        for (auto& [offset, entry] : line.waiting)
            entry.line.reset();
}

void EndpointQueue::begin_read()
{
    reading_ = true;
    ended_.clear();
}

std::optional<Timestamp> EndpointQueue::next_due() const
{
    return due_.empty() ? std::nullopt : std::optional{due_.begin()->first};
}

}
