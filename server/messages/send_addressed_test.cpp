#include "jobs/store.hpp"
#include "messages/send_world_test.hpp"
#include "testing/disturbed_database.hpp"

namespace hermod::messages {
namespace {

using accounts::ErrorKind;

class SendAddressedTest : public SendWorld { };

TEST_F(SendAddressedTest, makes_person_and_conversation_once)
{
    auto const first = run(send_addressed(deps, caller, to_address("+12025550100")));
    auto const second = run(send_addressed(deps, caller, to_address("+12025550100")));

    EXPECT_EQ(first.status, Status::queued);
    EXPECT_EQ(first.direction, Direction::outbound);
    EXPECT_EQ(first.to->at(0).address, "+12025550100");
    EXPECT_EQ(second.conversation_id, first.conversation_id);
    EXPECT_EQ(second.seq, 2);
}

TEST_F(SendAddressedTest, what_cannot_go_leaves_nothing_behind)
{
    auto const before = event_types(caller).size();
    auto to_email = to_address("ana@example.com");

    EXPECT_PROBLEM(run(send_addressed(deps, caller, to_email)), Errc::no_account);
    EXPECT_PROBLEM(
        run(send_addressed(deps, caller, to_address("+123"))), Errc::invalid_phone_number);
    EXPECT_PROBLEM(
        run(send_addressed(deps, caller, to_address("+12025550100", std::string(1001, 'x')))),
        Errc::unsupported_content);
    to_email.connector = Text<1, 64>{"sandbox"};
    EXPECT_PROBLEM(run(send_addressed(deps, caller, to_email)), Errc::recipient_unreachable);
    EXPECT_EQ(event_types(caller).size(), before);
}

TEST_F(SendAddressedTest, a_sent_message_has_its_provider_id_and_attempt)
{
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));

    EXPECT_EQ(work(message.id).state, jobs::State::done);

    auto const sent = fetch(message.id);
    EXPECT_EQ(sent.status, Status::sent);
    EXPECT_EQ(sent.provider_id, "p-" + message.id.str());
    auto const attempts = run(list_attempts(deps, caller, message.id)).data;
    ASSERT_EQ(attempts.size(), 1U);
    EXPECT_EQ(attempts[0].outcome, Outcome::sent);
}

TEST_F(SendAddressedTest, a_wait_reads_its_message_only_when_its_conversation_moved)
{
    db.on_commit([this](std::span<db::Committed const> commits) { log.committed(commits); });
    auto const sent = run(send_addressed(deps, caller, to_address("+12025550100")));
    auto const elsewhere = new_direct(caller);
    testing::DisturbedDatabase counted{db};
    Deps waiting{counted, clock, log, connectors};
    std::optional<Message> answer;
    tasks.spawn(io, "wait", [&]() -> Task<void> {
        answer = co_await wait_until_settled(
            waiting, caller, sent, clock.now() + std::chrono::seconds{30});
    });
    ASSERT_TRUE(drive_until([&] { return counted.reads == 1; }));

    for (int i = 0; i < 20; ++i) {
        run(send_message(deps, caller, elsewhere, text_message("busy")));
        int turns = 0; // for the tail to read it
        drive_until([&] { return ++turns > 5; });
    }
    EXPECT_EQ(counted.reads, 1);
    EXPECT_FALSE(answer);
    work(sent.id);

    EXPECT_TRUE(drive_until([&] { return answer.has_value(); }));
    EXPECT_EQ(answer->status, Status::sent);
    db.on_commit({});
}

TEST_F(SendAddressedTest, a_wait_that_cannot_read_answers_what_was_accepted)
{
    auto const sent = run(send_addressed(deps, caller, to_address("+12025550100")));
    testing::DisturbedDatabase away{db};
    away.reads_to_fail = 1;
    Deps waiting{away, clock, log, connectors};

    auto const answer =
        run(wait_until_settled(waiting, caller, sent, clock.now() + std::chrono::seconds{30}));

    EXPECT_EQ(answer.id, sent.id);
    EXPECT_EQ(answer.status, Status::queued);
}

TEST_F(SendAddressedTest, each_kind_of_error_ends_as_it_must)
{
    struct Row {
        ErrorKind kind;
        jobs::State state;
        Status status;
        Outcome outcome;
    };
    Row const rows[]{
        {ErrorKind::retryable, jobs::State::retrying, Status::sending, Outcome::retryable},
        {ErrorKind::pace, jobs::State::retrying, Status::sending, Outcome::pace},
        {ErrorKind::recipient, jobs::State::dead, Status::failed, Outcome::failed},
        {ErrorKind::content, jobs::State::dead, Status::failed, Outcome::failed},
        {ErrorKind::outcome_unknown, jobs::State::outcome_unknown, Status::sending,
            Outcome::outcome_unknown},
        {ErrorKind::auth, jobs::State::retrying, Status::sending, Outcome::retryable},
    };
    for (auto const& row : rows) {
        SCOPED_TRACE(to_name(row.kind));
        clock.advance(std::chrono::minutes{1}); // past what the last error asked for
        connector.results = {failure(row.kind)};
        auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));

        EXPECT_EQ(work(message.id).state, row.state);

        auto const after = fetch(message.id);
        EXPECT_EQ(after.status, row.status);
        ASSERT_TRUE(after.error);
        EXPECT_EQ(after.error->code, row.kind);
        EXPECT_EQ(run(list_attempts(deps, caller, message.id)).data.at(0).outcome, row.outcome);
    }
}

TEST_F(SendAddressedTest, retries_end_and_a_failed_message_can_be_resent)
{
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    EXPECT_PROBLEM(run(resend_message(deps, caller, message.id)), Errc::not_resendable);
    jobs::Ended ended{};
    for (int attempt = 1; attempt <= 8; ++attempt) {
        clock.advance(std::chrono::hours{7});
        connector.results = {failure(ErrorKind::retryable)};
        ended = work(message.id);
        ASSERT_EQ(ended.state, attempt < 8 ? jobs::State::retrying : jobs::State::dead);
    }
    EXPECT_EQ(fetch(message.id).status, Status::failed);

    clock.advance(std::chrono::hours{1});
    EXPECT_EQ(run(resend_message(deps, caller, message.id)).status, Status::queued);
    EXPECT_EQ(work(message.id).state, jobs::State::done);
    EXPECT_EQ(fetch(message.id).status, Status::sent);
    EXPECT_FALSE(fetch(message.id).error);
}

TEST_F(SendAddressedTest, an_unknown_outcome_is_settled_never_sent_again)
{
    connector.results = {failure(ErrorKind::outcome_unknown)};
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    work(message.id);

    EXPECT_EQ(work(message.id, true).state, jobs::State::outcome_unknown);
    EXPECT_EQ(connector.sends.size(), 1U);
    connector.settled = accounts::SendResult{accounts::Sent{"found"}, {}, {}};
    EXPECT_EQ(work(message.id, true).state, jobs::State::done);
    EXPECT_EQ(fetch(message.id).provider_id, "found");
    EXPECT_EQ(connector.sends.size(), 1U);
}

TEST_F(SendAddressedTest, an_outcome_that_stays_unknown_fails_in_the_end)
{
    connector.results = {failure(ErrorKind::outcome_unknown)};
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    work(message.id);

    clock.advance(std::chrono::seconds{3600});

    EXPECT_EQ(work(message.id, true).state, jobs::State::dead);
    EXPECT_EQ(fetch(message.id).status, Status::failed);
    EXPECT_EQ(fetch(message.id).error->code, ErrorKind::outcome_unknown);
}

TEST_F(SendAddressedTest, a_job_that_waited_long_still_gets_its_time_to_be_settled)
{
    connector.results = {failure(ErrorKind::outcome_unknown)};
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    clock.advance(std::chrono::seconds{7200});
    work(message.id);

    EXPECT_EQ(work(message.id, true).state, jobs::State::outcome_unknown);
}

TEST_F(SendAddressedTest, where_the_network_drops_doubles_a_crashed_try_is_repeated)
{
    connector.can.stable_provider_id = true;
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    write(caller.workspace, [&](db::Tx& tx) {
        auto row = *find_message(tx, message.id);
        row.status = Status::sending;
        write_status(tx, row, Status::queued);
        jobs::update_claimed(tx, *jobs::find_newest_of(tx, send_job, message.id), true);
    });

    EXPECT_EQ(work(message.id, true).state, jobs::State::done);
    EXPECT_EQ(connector.sends.size(), 1U);
}

TEST_F(
    SendAddressedTest, what_the_connector_could_not_tell_is_not_repeated_though_doubles_are_dropped)
{
    connector.can.stable_provider_id = true;
    connector.results = {failure(ErrorKind::outcome_unknown)};
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    work(message.id);

    EXPECT_EQ(work(message.id, true).state, jobs::State::outcome_unknown);
    EXPECT_EQ(connector.sends.size(), 1U);

    clock.advance(std::chrono::seconds{3600});
    EXPECT_EQ(work(message.id, true).state, jobs::State::dead);
    EXPECT_EQ(connector.sends.size(), 1U);
}

TEST_F(SendAddressedTest, a_message_stays_queued_until_its_account_can_send)
{
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    auto const become = [&](accounts::StateChange const& change) {
        write(caller.workspace,
            [&](db::Tx& tx) { accounts::set_state(tx, *message.account_id, change); });
    };
    become({"action_needed", "wrong password", "credentials"});

    EXPECT_EQ(work(message.id).state, jobs::State::retrying);
    EXPECT_EQ(fetch(message.id).status, Status::queued);
    EXPECT_TRUE(connector.sends.empty());
    // It says why, once, not at every look.
    auto const error = fetch(message.id).error;
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code, ErrorKind::auth);
    EXPECT_EQ(error->reason, "the account is action_needed: wrong password");
    EXPECT_TRUE(error->retryable);
    work(message.id);
    EXPECT_EQ(count_events(caller, "message.updated"), 1);

    become({"connected", {}, {}});
    EXPECT_EQ(work(message.id).state, jobs::State::done);
    EXPECT_EQ(fetch(message.id).status, Status::sent);
    EXPECT_FALSE(fetch(message.id).error.has_value());

    auto const later = run(send_addressed(deps, caller, to_address("+12025550100")));
    become({"paused", {}, {}});
    work(later.id);
    EXPECT_EQ(fetch(later.id).error->reason, "the account is paused");
}

TEST_F(SendAddressedTest, a_message_that_a_paced_account_holds_back_says_so)
{
    auto const first = run(send_addressed(deps, caller, to_address("+12025550100")));
    auto const second = run(send_addressed(deps, caller, to_address("+12025550101")));
    connector.results = {failure(ErrorKind::pace)};
    work(first.id);

    EXPECT_EQ(work(second.id).state, jobs::State::retrying);
    ASSERT_TRUE(fetch(second.id).error.has_value());
    EXPECT_EQ(fetch(second.id).error->code, ErrorKind::pace);
    EXPECT_TRUE(fetch(second.id).error->reason.contains("asked for less"));
    EXPECT_EQ(fetch(first.id).error->reason, failure(ErrorKind::pace).error->reason);
}

TEST_F(SendAddressedTest, a_message_that_meets_wrong_credentials_waits_for_right_ones)
{
    connector.results = {failure(ErrorKind::auth)};
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));

    EXPECT_EQ(work(message.id).state, jobs::State::retrying);
    EXPECT_EQ(fetch(message.id).status, Status::sending);
    EXPECT_EQ(fetch(message.id).error->code, ErrorKind::auth);
    EXPECT_TRUE(fetch(message.id).error->retryable);
    auto const account = read(caller.workspace,
        [&](db::Tx const& tx) { return accounts::require_account(tx, *message.account_id); });
    EXPECT_EQ(account.state, accounts::State::action_needed);
    EXPECT_EQ(work(message.id).state, jobs::State::retrying);
    EXPECT_EQ(connector.sends.size(), 1U);

    write(caller.workspace,
        [&](db::Tx& tx) { accounts::set_state(tx, *message.account_id, {"connected", {}, {}}); });
    EXPECT_EQ(work(message.id).state, jobs::State::done);
    EXPECT_EQ(fetch(message.id).status, Status::sent);
    EXPECT_FALSE(fetch(message.id).error.has_value());
}

TEST_F(SendAddressedTest, a_dead_job_that_is_retried_sends_its_message)
{
    connector.results = {failure(ErrorKind::recipient)};
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    EXPECT_EQ(work(message.id).state, jobs::State::dead);
    EXPECT_EQ(fetch(message.id).status, Status::failed);

    EXPECT_EQ(work(message.id).state, jobs::State::done);

    EXPECT_EQ(fetch(message.id).status, Status::sent);
    EXPECT_FALSE(fetch(message.id).error.has_value());
    EXPECT_EQ(connector.sends.size(), 2U);
}

TEST_F(SendAddressedTest, a_status_never_goes_back)
{
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    work(message.id);
    using accounts::ReceiptStatus;
    for (auto const status :
        {ReceiptStatus::read, ReceiptStatus::delivered, ReceiptStatus::sent, ReceiptStatus::failed})
        write(caller.workspace,
            [&](db::Tx& tx) { apply_receipt(tx, *find_message(tx, message.id), status, {}); });

    EXPECT_EQ(fetch(message.id).status, Status::read);
    EXPECT_EQ(count_events(caller, "message.status"), 3); // sending, sent, read
}

TEST_F(SendAddressedTest, receipts_that_are_faster_than_the_send_count_once_it_is_written)
{
    using accounts::ReceiptStatus;
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    ProviderInbox inbox{db, connectors};
    for (auto const status : {ReceiptStatus::read, ReceiptStatus::delivered, ReceiptStatus::read})
        run(inbox.receive(caller.workspace, *message.account_id,
            accounts::IncomingReceipt{"p-" + message.id.str(), status, {}, {}}));
    EXPECT_EQ(fetch(message.id).status, Status::queued);

    work(message.id);

    EXPECT_EQ(fetch(message.id).status, Status::read);
    EXPECT_EQ(count_events(caller, "message.status"), 4); // sending, sent, delivered, read
    run(inbox.receive(caller.workspace, *message.account_id,
        accounts::IncomingReceipt{"p-" + message.id.str(), ReceiptStatus::read, {}, {}}));
    EXPECT_EQ(count_events(caller, "message.status"), 4);
}

TEST_F(SendAddressedTest, what_a_sent_message_became_meanwhile_stays)
{
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    connector.meanwhile = [&]() -> Task<void> {
        co_await db.write(caller.workspace, [&](db::Tx& tx) {
            apply_receipt(
                tx, *find_message(tx, message.id), accounts::ReceiptStatus::delivered, {});
        });
    };

    work(message.id);

    EXPECT_EQ(fetch(message.id).status, Status::delivered);
}

TEST_F(SendAddressedTest, what_a_provider_hands_in_twice_is_stored_once)
{
    ProviderInbox inbox{db, connectors};
    auto const account = new_account(caller);
    accounts::IncomingMessage const incoming{.provider_id = "in-1",
        .from = "+12025550100",
        .from_name = "Ana",
        .content = R"({"text":"hi"})",
        .subject = {},
        .reply_to_provider_id = {},
        .at = {}};

    auto const first = run(inbox.receive(caller.workspace, account, incoming));
    auto const again = run(inbox.receive(caller.workspace, account, incoming));

    EXPECT_EQ(first, again);
    EXPECT_EQ(count_events(caller, "message.created"), 1);
    auto const message = fetch(first);
    EXPECT_EQ(message.direction, Direction::inbound);
    EXPECT_EQ(message.from.name, "Ana");
    auto const answer =
        run(send_message(deps, caller, message.conversation_id, text_message("and you?")));
    EXPECT_EQ(answer.to->at(0).address, "+12025550100");
}

TEST_F(SendAddressedTest, what_a_provider_handed_in_is_forgotten_after_its_time)
{
    ProviderInbox inbox{db, connectors};
    auto const account = new_account(caller);
    accounts::IncomingMessage const incoming{.provider_id = "in-1",
        .from = "+12025550100",
        .from_name = {},
        .content = R"({"text":"hi"})",
        .subject = {},
        .reply_to_provider_id = {},
        .at = {}};
    auto const first = run(inbox.receive(caller.workspace, account, incoming));
    auto const handed_in_at = clock.now();
    auto const sweep = [&](Timestamp before) {
        return write(
            caller.workspace, [&](db::Tx& tx) { return delete_old_inputs(tx, before, 10); });
    };

    EXPECT_EQ(sweep(handed_in_at), 0);
    EXPECT_EQ(run(inbox.receive(caller.workspace, account, incoming)), first);
    EXPECT_EQ(sweep(handed_in_at + microseconds{1}), 1);
    EXPECT_NE(run(inbox.receive(caller.workspace, account, incoming)), first);
}

TEST_F(SendAddressedTest, a_message_of_another_workspace_does_not_exist)
{
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    auto const stranger = new_caller();

    EXPECT_PROBLEM(run(get_message(deps, stranger, message.id)), Errc::message_not_found);
    EXPECT_PROBLEM(run(list_attempts(deps, stranger, message.id)), Errc::message_not_found);
    EXPECT_PROBLEM(run(resend_message(deps, stranger, message.id)), Errc::message_not_found);
    EXPECT_PROBLEM(run(list_messages(deps, stranger, message.conversation_id, {})),
        Errc::conversation_not_found);
    EXPECT_TRUE(run(list_message_log(deps, stranger, {})).data.empty());
    EXPECT_EQ(run(list_message_log(deps, caller, {})).data.size(), 1U);
}

}
}
