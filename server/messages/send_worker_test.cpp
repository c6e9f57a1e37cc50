#include "messages/send_outcome.hpp"
#include "messages/send_world_test.hpp"

namespace hermod::messages {
namespace {

using accounts::ErrorKind;
using accounts::ReceiptStatus;

class SendWorkerTest : public SendWorld {
protected:
    void become(Message const& message, accounts::StateChange const& change)
    {
        write(caller.workspace,
            [&](db::Tx& tx) { accounts::set_state(tx, *message.account_id, change); });
    }
    /// The states of the message's send jobs with their lanes, oldest first.
    std::vector<std::pair<jobs::State, jobs::Lane>> jobs_of(MessageId const& message)
    {
        return read(caller.workspace, [&](db::Tx const& tx) {
            std::vector<std::pair<jobs::State, jobs::Lane>> all;
            for (auto const& row : jobs::list_jobs(tx, {}, INT64_MAX, 100))
                if (row.message_id == message && row.kind == send_job)
                    all.emplace(all.begin(), row.state, row.lane);
            return all;
        });
    }
    void hand_in(AccountId const& account, std::string provider_id, ReceiptStatus status,
        std::optional<accounts::SendError> error = {})
    {
        ProviderInbox inbox{db, connectors};
        run(inbox.receive(
            caller.workspace, account, {std::move(provider_id), status, std::move(error), {}}));
    }
};

TEST_F(SendWorkerTest, a_message_never_handed_out_is_sent_though_its_claim_looks_like_a_crash)
{
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    become(message, {"action_needed", "wrong password", "credentials"});
    auto const first = work(message.id, true);
    EXPECT_EQ(first.state, jobs::State::retrying) << "it is still queued: nothing is in question";
    become(message, {"connected", {}, {}});

    EXPECT_EQ(work(message.id, true).state, jobs::State::retrying);
    EXPECT_EQ(work(message.id).state, jobs::State::done);

    EXPECT_EQ(fetch(message.id).status, Status::sent);
    EXPECT_EQ(connector.sends.size(), 1U);
}

TEST_F(SendWorkerTest, what_may_have_been_sent_stays_in_question_while_its_account_cannot_be_asked)
{
    connector.results = {failure(ErrorKind::outcome_unknown)};
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    work(message.id);
    become(message, {"action_needed", "wrong password", "credentials"});

    EXPECT_EQ(work(message.id, true).state, jobs::State::outcome_unknown);
    EXPECT_EQ(connector.sends.size(), 1U);
}

TEST_F(SendWorkerTest, a_resent_message_keeps_its_job_and_its_lane)
{
    connector.results = {failure(ErrorKind::recipient)};
    auto command = to_address("+12025550100");
    command.priority.value = jobs::Lane::otp;
    auto const message = run(send_addressed(deps, caller, command));
    work(message.id);

    run(resend_message(deps, caller, message.id));

    using Jobs = std::vector<std::pair<jobs::State, jobs::Lane>>;
    EXPECT_EQ(jobs_of(message.id), (Jobs{{jobs::State::queued, jobs::Lane::otp}}));
    EXPECT_PROBLEM(run(resend_message(deps, caller, message.id)), Errc::not_resendable);
    EXPECT_EQ(work(message.id).state, jobs::State::done);
    EXPECT_EQ(fetch(message.id).status, Status::sent);
}

TEST_F(SendWorkerTest, a_message_that_failed_after_it_was_sent_is_resent_by_a_new_job_of_its_lane)
{
    auto command = to_address("+12025550100");
    command.priority.value = jobs::Lane::campaign;
    auto const message = run(send_addressed(deps, caller, command));
    work(message.id);
    hand_in(*message.account_id, "p-" + message.id.str(), ReceiptStatus::failed);
    ASSERT_EQ(fetch(message.id).status, Status::failed);

    run(resend_message(deps, caller, message.id));

    using Jobs = std::vector<std::pair<jobs::State, jobs::Lane>>;
    EXPECT_EQ(jobs_of(message.id),
        (Jobs{{jobs::State::done, jobs::Lane::campaign},
            {jobs::State::queued, jobs::Lane::campaign}}));
}

TEST_F(SendWorkerTest, a_job_retried_by_hand_is_not_doubled_by_a_resend)
{
    connector.results = {failure(ErrorKind::recipient)};
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    work(message.id);
    write(caller.workspace,
        [&](db::Tx& tx) { jobs::revive(tx, jobs::find_by_message(tx, send_job, message.id)->id); });

    run(resend_message(deps, caller, message.id));

    EXPECT_EQ(jobs_of(message.id).size(), 1U);
}

TEST_F(SendWorkerTest, a_receipt_faster_than_the_sends_own_result_counts)
{
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    auto const provider_id = "p-" + message.id.str();
    hand_in(*message.account_id, provider_id, ReceiptStatus::read);
    hand_in(*message.account_id, provider_id, ReceiptStatus::delivered);
    hand_in(*message.account_id, provider_id, ReceiptStatus::delivered);
    EXPECT_EQ(fetch(message.id).status, Status::queued);

    work(message.id);

    EXPECT_EQ(fetch(message.id).status, Status::read);
    EXPECT_EQ(count_events(caller, "message.status"), 4); // sending, sent, delivered, read
}

TEST_F(SendWorkerTest, an_early_failure_is_shown_with_its_error)
{
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    hand_in(*message.account_id, "p-" + message.id.str(), ReceiptStatus::failed,
        accounts::SendError{ErrorKind::recipient, "no such number", "1013", {}});

    work(message.id);

    EXPECT_EQ(fetch(message.id).status, Status::failed);
    ASSERT_TRUE(fetch(message.id).error);
    EXPECT_EQ(fetch(message.id).error->code, ErrorKind::recipient);
    EXPECT_EQ(fetch(message.id).error->provider_code, "1013");
}

TEST_F(SendWorkerTest, a_result_that_comes_late_takes_no_status_back)
{
    auto const message = run(send_addressed(deps, caller, to_address("+12025550100")));
    write(caller.workspace, [&](db::Tx& tx) {
        auto row = *find_message(tx, message.id);
        row.status = Status::sending;
        row.provider_id = "p-" + message.id.str();
        write_status(tx, row, Status::queued);
    });
    hand_in(*message.account_id, "p-" + message.id.str(), ReceiptStatus::delivered);
    connector.can.stable_provider_id = true;

    auto const job = write(caller.workspace, [&](db::Tx& tx) {
        auto const row = *jobs::find_newest_of(tx, send_job, message.id);
        jobs::update_claimed(tx, row, true);
        jobs::Claimed const claimed{caller.workspace, row.id, row.kind, row.lane, row.order_key,
            row.payload, row.message_id, 1, row.claims + 1, row.created_at, false};
        write_outcome(tx, claimed, {accounts::Sent{"p-" + message.id.str()}, {}, {}}, tx.now());
        return claimed.id;
    });

    EXPECT_EQ(fetch(message.id).status, Status::delivered);
    EXPECT_EQ(jobs_of(message.id).front().first, jobs::State::done) << job.str();
}

}
}
