#include "admin/restored.hpp"
#include "events/log.hpp"
#include "jobs/hold.hpp"
#include "messages/messages_world_test.hpp"

#include <gtest/gtest.h>

#include <array>

namespace hermod::admin {
namespace {

class RestoredTest : public messages::MessagesWorld {
protected:
    RestoredTest() { account = new_account(caller); }

    AccountId account;
};

}

TEST_F(RestoredTest, the_epoch_is_another_and_nothing_is_sent)
{
    auto const before = run(events::load_epoch(db));
    auto const events_before = event_types(caller);

    run(mark_restored(db, {}));

    EXPECT_NE(run(events::load_epoch(db)), before);
    EXPECT_TRUE(run(
        db.system().read([](db::GlobalTx const& tx) { return jobs::find_hold(tx).has_value(); })));
    EXPECT_EQ(event_types(caller), events_before);
}

TEST_F(RestoredTest, accounts_that_link_a_device_are_to_be_linked_again)
{
    static constexpr std::array<std::string_view, 1> linking{"sandbox"};

    run(mark_restored(db, linking));

    auto const now = read(
        caller.workspace, [&](db::Tx const& tx) { return accounts::require_account(tx, account); });
    EXPECT_EQ(now.state, accounts::State::action_needed);
    EXPECT_EQ(now.action, "qr");
    EXPECT_EQ(now.state_reason, "restored from a backup");
}

}
