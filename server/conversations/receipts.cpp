#include "conversations/receipts.hpp"

#include "access/idempotency.hpp"
#include "base/errors.hpp"
#include "base/sleep.hpp"
#include "conversations/cursors.hpp"

#include <algorithm>

namespace hermod::conversations {

static constexpr auto between_writes = std::chrono::seconds{1};

bool Receipts::take(Slot& slot)
{
    auto const now = clock_.steady();
    if (slot.last != Clock::Steady{} && now < slot.last + between_writes)
        return false;
    slot.last = now;
    return true;
}

/// With mutex_ held.
void Receipts::drop_idle()
{
    if (slots_.size() < sweep_at_)
        return;
    auto const before = clock_.steady() - between_writes;
    std::erase_if(slots_,
        [&](auto const& entry) { return entry.second.waiting == 0 && entry.second.last < before; });
    sweep_at_ = std::max<std::size_t>(1024, 2 * slots_.size());
}

Task<Receipts::Target> Receipts::admit(
    WorkspaceId workspace, ConversationId conversation, PersonId person, Target target)
{
    // References into an unordered_map stay good while others come and go; a slot that is waited
    // for is not dropped.
    Slot* slot = nullptr;
    Clock::Steady::duration wait{};
    {
        std::lock_guard const lock{mutex_};
        drop_idle();
        slot = &slots_[{workspace, conversation, person}];
        if (slot->waiting == 0 && take(*slot)) {
            slot->target = {};
            co_return target;
        }
        slot->target.recv_seq = std::max(slot->target.recv_seq, target.recv_seq);
        slot->target.read_seq = std::max(slot->target.read_seq, target.read_seq);
        ++slot->waiting;
        wait = slot->last + between_writes - clock_.steady();
    }
    struct Leave {
        Receipts& receipts;
        Slot& slot;
        ~Leave()
        {
            std::lock_guard const lock{receipts.mutex_};
            --slot.waiting;
        }
    } const leave{*this, *slot};
    co_await sleep_for(clock_, std::chrono::ceil<microseconds>(wait));
    std::lock_guard const lock{mutex_};
    take(*slot);
    co_return slot->target;
}

/// Above this many people the others' receipts are asked for, not pushed.
static constexpr std::int64_t told_to_all = 100;

static Receipt write_cursors(
    db::Tx& tx, ConversationId const& id, PersonId const& person, Receipts::Target const& target)
{
    auto row = find_cursors(tx, id, person);
    if (!row)
        throw Problem{Errc::participant_not_found};
    auto const before = *row;
    row->read_seq = std::max(row->read_seq, target.read_seq);
    row->recv_seq = std::max({row->recv_seq, target.recv_seq, row->read_seq});
    if (target.read_seq > 0)
        row->marked_unread = false;
    Receipt const receipt{person, row->recv_seq, row->read_seq};
    auto const moved = row->recv_seq != before.recv_seq || row->read_seq != before.read_seq;
    if (!moved && row->marked_unread == before.marked_unread)
        return receipt;
    update_cursors(tx, id, *row);
    auto const alone = !moved || count_participants(tx, id) > told_to_all;
    events::About const about{.conversation = id,
        .person = person,
        .reach = alone ? events::Reach::person : events::Reach::everybody};
    auto const offset = events::append(tx, receipt_updated, receipt, about);
    if (alone)
        note_own_change(tx, id, person, offset);
    else
        Head{tx, id}.noted(offset);
    return receipt;
}

Task<Receipt> mark_read(
    Deps& deps, Caller const& caller, ConversationId const& id, MarkRead const& command)
{
    if (!command.seq && !command.recv_seq)
        throw Problem{Errc::invalid_body, {}, {{"seq", "is required where recv_seq is not given"}}};
    Receipts::Target const asked{
        command.recv_seq ? command.recv_seq->value : 0, command.seq ? command.seq->value : 0};
    co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        require_visible(tx, caller, id);
        auto const view = *find_view(tx, id, viewer_of(caller));
        if (!view.unread)
            throw Problem{Errc::participant_not_found, "the caller is not in the conversation"};
        for (auto const& [field, seq] :
            {std::pair{"seq", asked.read_seq}, std::pair{"recv_seq", asked.recv_seq}})
            if (seq > view.seq)
                throw Problem{Errc::invalid_body, {}, {{field, "is beyond the newest message"}}};
    });
    auto const target = co_await deps.receipts.admit(caller.workspace, id, caller.person, asked);
    co_return co_await access::write_once(deps.db, caller, 200, [&](db::Tx& tx) {
        require_visible(tx, caller, id);
        return write_cursors(tx, id, caller.person, target);
    });
}

Task<Conversation> update_own_view(
    Deps& deps, Caller const& caller, ConversationId const& id, UpdateOwnView const& command)
{
    co_return co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        require_visible(tx, caller, id);
        auto row = find_cursors(tx, id, caller.person);
        if (!row)
            throw Problem{Errc::participant_not_found, "the caller is not in the conversation"};
        auto const before = *row;
        if (command.muted_until.present)
            row->muted_until = command.muted_until.value;
        row->archived = command.archived.value_or(row->archived);
        row->pinned = command.pinned.value_or(row->pinned);
        row->marked_unread = command.marked_unread.value_or(row->marked_unread);
        if (*row == before)
            return current_view(tx, caller, id);
        update_cursors(tx, id, *row);
        auto view = current_view(tx, caller, id);
        auto const offset = events::append(tx, own_view_updated, {caller.person, *view.me},
            {.conversation = id, .person = caller.person, .reach = events::Reach::person});
        note_own_change(tx, id, caller.person, offset);
        return view;
    });
}

}
