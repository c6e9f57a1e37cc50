#include "admin/verify/check.hpp"
#include "admin/verify/verify.hpp"
#include "conversations/cursors.hpp"
#include "conversations/merged_people.hpp"
#include "messages/send_world_test.hpp"
#include "people/merging.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace hermod::admin {
namespace {

using messages::SendMessage;

/// One wrong row, and what must be said of it.
struct Corruption {
    std::string_view says;
    std::string_view sql; ///< $1 the workspace, $2 an id that is nobody's, $3 text, $4 a secret
};

/// A workspace that has rows of every kind.
class VerifyTest : public messages::SendWorld {
protected:
    VerifyTest()
    {
        send_all_ways();
        talk();
        come_and_go();
        add_rest();
    }

    void send(std::vector<accounts::SendResult> results)
    {
        auto const sent = run(messages::send_addressed(deps, caller, to_address("+12025550100")));
        for (auto& result : results) {
            connector.results = {result};
            work(sent.id);
        }
    }

    void send_all_ways()
    {
        using accounts::ErrorKind;
        send({});
        send({{accounts::Sent{"p-1"}, {}, {}}});
        send({failure(ErrorKind::content)});
        send({failure(ErrorKind::retryable), {accounts::Sent{"p-2"}, {}, {}}});
        send({failure(ErrorKind::retryable)});
        send({failure(ErrorKind::outcome_unknown)});
        auto const account = read(caller.workspace, [](db::Tx const& tx) {
            return *tx.one<AccountId>("SELECT id FROM accounts WHERE workspace_id = $1");
        });
        messages::ProviderInbox inbox{db, connectors};
        run(inbox.receive(caller.workspace, account,
            accounts::IncomingMessage{.provider_id = "in-1",
                .from = "+12025550100",
                .from_name = {},
                .content = R"({"text":"hi"})",
                .subject = {},
                .reply_to_provider_id = {},
                .at = {}}));
        auto note = text_message("a note");
        note.visibility = {messages::Visibility::internal};
        run(messages::send_message(deps, caller,
            read(caller.workspace,
                [](db::Tx const& tx) {
                    return *tx.one<ConversationId>(
                        "SELECT id FROM conversations WHERE workspace_id = $1");
                }),
            note));
    }

    void talk()
    {
        other = new_person(caller, "Bo");
        room = write(caller.workspace, [&](db::Tx& tx) {
            return conversations::find_or_create_direct(tx, caller.person, other);
        });
        auto const say = [&](SendMessage const& command) {
            return run(messages::send_message(deps, caller, room, command));
        };
        auto const first = say(text_message("one", "key-1"));
        auto mention = text_message("you");
        mention.mentions = messages::Mentions{{other}};
        mention.reply_to = first.id;
        say(mention);
        auto silent = text_message("psst");
        silent.silent = {true};
        say(silent);
        auto const gone = say(text_message("gone"));
        run(messages::delete_message(deps, caller, gone.id));
        for (auto const* const text : {"uno", "un"}) {
            messages::EditMessage edit;
            edit.text = Text<1, messages::max_text>{text};
            run(messages::edit_message(deps, caller, first.id, edit));
        }
        run(messages::forward_message(
            deps, caller, first.id, {.conversation_id = room, .client_id = {}}));
    }

    void come_and_go()
    {
        conversations::MergedPeople const follower;
        auto const merged = new_person(caller, "Bob");
        auto const left = new_person(caller, "Cy");
        write(caller.workspace, [&](db::Tx& tx) {
            auto const group = conversations::create_conversation(tx, connectors, caller,
                {.kind = conversations::Kind::group,
                    .title = {},
                    .participants =
                        List<conversations::NewParticipant, 0, 500>{
                            {{merged, {conversations::ParticipantRole::owner}},
                                {left, {conversations::ParticipantRole::member}}}},
                    .account_id = {},
                    .to = {},
                    .history = {}});
            people::merge_people(tx, follower, other, {merged});
            static_cast<void>(group);
        });
    }

    /// What comes from use cases that need more than this world has.
    void add_rest()
    {
        write(caller.workspace, [&](db::Tx& tx) {
            for (auto const* const sql : {
                     "INSERT INTO person_imports (workspace_id, id, state, columns, on_conflict,"
                     " row_count, done, created, updated, skipped, failed, created_at)"
                     " VALUES ($1, $2, 'running', '[]', 'skip', 2, 0, 0, 0, 0, 1, 0)",
                     "INSERT INTO person_import_chunks (workspace_id, import_id, n, cells,"
                     " created_at) VALUES ($1, $2, 0, '[]', 0)",
                     "INSERT INTO person_import_errors (workspace_id, import_id, row_number, n,"
                     " message) VALUES ($1, $2, 1, 0, 'bad')",
                     "INSERT INTO people (workspace_id, id, kind, is_bot, login_id, role,"
                     " attributes, created_at, updated_at)"
                     " VALUES ($1, $2, 'member', FALSE, $2, 'owner', '{}', 0, 0)",
                     "INSERT INTO addresses (workspace_id, id, person_id, kind, value, match_key,"
                     " is_primary, created_at) VALUES ($1, $2, $2, 'email', 'a', 'a', TRUE, 0)",
                 })
                tx.run(sql, some);
            tx.run("INSERT INTO api_keys (workspace_id, id, name, prefix, environment, scopes,"
                   " person_id, hash, created_at) VALUES ($1, $2, '', '', 'live', '[]', $3, $4, 0)",
                some, caller.person, secret);
            tx.run("INSERT INTO webhooks (workspace_id, id, url, filter, test, state, created_at,"
                   " updated_at) VALUES ($1, $2, '', '{}', FALSE, 'enabled', 0, 0)",
                some);
            tx.run(
                "INSERT INTO webhook_progress (workspace_id, webhook_id, live, log_offset, holds)"
                " VALUES ($1, $2, TRUE, 7, 0)",
                some);
            static constexpr std::string_view delivery =
                "INSERT INTO deliveries (workspace_id, webhook_id, log_offset, id, event_id,"
                " event_type, state, attempts, tries, parked, next_at, created_at, finished_at)"
                " SELECT $1, $2, log_offset, $3, id, type, $4, $5, $5, FALSE, 0, 0, $6"
                " FROM events WHERE workspace_id = $1 AND log_offset = $7";
            tx.run(delivery, some, some, "delivered", 2, std::optional<std::int64_t>{9}, 5);
            tx.run(delivery, some, caller.person, "pending", 0, std::optional<std::int64_t>{}, 6);
            for (auto const n : {1, 2})
                tx.run("INSERT INTO delivery_attempts (workspace_id, delivery_id, n, started_at,"
                       " duration_ms, failure) VALUES ($1, $2, $3, 0, 1, $4)",
                    some, n, n == 1 ? std::optional<std::string>{"timeout"} : std::nullopt);
            auto global = tx.global();
            global.run("INSERT INTO memberships (login_id, workspace_id, person_id, role,"
                       " created_at) VALUES ($1, $2, $1, 'owner', 0)",
                some, caller.workspace);
            global.run("INSERT INTO logins (id, email, email_key, name, password_hash, created_at,"
                       " updated_at) VALUES ($1, '', '', '', '', 0, 0)",
                some);
            global.run("INSERT INTO credentials (hash, kind, workspace_id, subject_id, created_at)"
                       " VALUES ($1, 'api_key', $2, $3, 0)",
                secret, caller.workspace, some);
        });
    }

    struct Undo {
        std::vector<std::string> findings;
    };

    /// What is found after a change, which is then taken back.
    template <class Change>
    std::vector<std::string> findings_after(Change change)
    {
        try {
            write(caller.workspace, [&](db::Tx& tx) {
                change(tx);
                std::vector<std::string> found;
                for (auto const& check : all_checks())
                    std::ranges::move(findings_of(tx, check), std::back_inserter(found));
                auto const global = tx.global();
                for (auto const& check : global_checks())
                    std::ranges::move(findings_of(global, check), std::back_inserter(found));
                throw Undo{std::move(found)};
            });
        } catch (Undo& undo) {
            return std::move(undo.findings);
        }
        return {"the change did not run"};
    }

    KeyId const some = KeyId::make(clock.now());
    Digest const secret = sha256("secret");
    PersonId other;
    ConversationId room;
};

constexpr auto log_corruptions = std::to_array<Corruption>({
    {"has no row of its own", "DELETE FROM workspaces WHERE workspace_id = $1"},
    {"has no counters", "DELETE FROM workspace_counters WHERE workspace_id = $1"},
    {"no event at its head",
        "UPDATE workspace_counters SET event_offset = event_offset + 1 WHERE workspace_id = $1"},
    {"floor is above its head",
        "UPDATE workspace_counters SET event_floor = event_offset + 1 WHERE workspace_id = $1"},
    {"the log has a gap", "DELETE FROM events WHERE workspace_id = $1 AND log_offset = 5"},
    {"above the log's head",
        "UPDATE workspace_counters SET event_offset = event_offset - 1 WHERE workspace_id = $1"},
    {"below the log's floor",
        "UPDATE workspace_counters SET event_floor = 3 WHERE workspace_id = $1"},
    {"the event's conversation is missing",
        "UPDATE events SET conversation_id = $2 WHERE workspace_id = $1 AND log_offset = 5"},
    {"whom the event names is missing",
        "UPDATE events SET person_id = $2 WHERE workspace_id = $1 AND log_offset = 5"},
});

constexpr auto people_corruptions = std::to_array<Corruption>({
    {"the kind is not what", "UPDATE people SET kind = 'user' WHERE workspace_id = $1 AND is_bot"},
    {"whom the person was merged into is missing",
        "UPDATE people SET merged_into = $2 WHERE workspace_id = $1 AND is_bot"},
    {"merged into one who was merged",
        "UPDATE people SET merged_into = (SELECT id FROM people WHERE workspace_id = $1 AND"
        " merged_into IS NOT NULL) WHERE workspace_id = $1 AND is_bot"},
    {"the address's person is missing",
        "UPDATE addresses SET person_id = $2 WHERE workspace_id = $1"},
    {"the address's account is missing",
        "UPDATE addresses SET account_id = $2 WHERE workspace_id = $1"},
    {"two people of the merge", "UPDATE person_merges SET merged_id = $2 WHERE workspace_id = $1"},
    {"merge of this move", "DELETE FROM person_merges WHERE workspace_id = $1"},
    {"their import is missing",
        "UPDATE person_import_chunks SET import_id = $2 WHERE workspace_id = $1"},
    {"import of this error",
        "UPDATE person_import_errors SET import_id = $2 WHERE workspace_id = $1"},
    {"the person of the key is missing",
        "UPDATE api_keys SET person_id = $2 WHERE workspace_id = $1"},
    {"its secret is not known", "UPDATE api_keys SET hash = $4 WHERE workspace_id = $1"},
    {"the secret's key is missing", "DELETE FROM api_keys WHERE workspace_id = $1"},
    {"has a login and is no member",
        "UPDATE people SET login_id = $2 WHERE workspace_id = $1 AND login_id IS NOT NULL"},
    {"person of the membership is missing",
        "DELETE FROM people WHERE workspace_id = $1 AND login_id IS NOT NULL"},
    {"an account that is missing",
        "UPDATE account_defaults SET account_id = $2 WHERE workspace_id = $1"},
    {"is said to be a default", "UPDATE accounts SET is_default = FALSE WHERE workspace_id = $1"},
});

constexpr auto conversation_corruptions = std::to_array<Corruption>({
    {"has no head", "DELETE FROM conversation_heads WHERE workspace_id = $1"},
    {"the head's conversation is missing", "DELETE FROM conversations WHERE workspace_id = $1"},
    {"the conversation's account is missing",
        "UPDATE conversations SET account_id = $2 WHERE workspace_id = $1 AND kind = 'external'"},
    {"its kind, its account",
        "UPDATE conversations SET kind = 'group' WHERE workspace_id = $1 AND kind = 'external'"},
    {"seq is not that of the newest",
        "UPDATE conversation_heads SET seq = seq + 1 WHERE workspace_id = $1"},
    {"the conversation has a gap",
        "UPDATE messages SET seq = seq + 1 WHERE workspace_id = $1 AND conversation_id = $3"
        " AND seq = (SELECT MAX(seq) FROM messages WHERE workspace_id = $1"
        " AND conversation_id = $3)"},
    {"rev is above the conversation's",
        "UPDATE conversation_heads SET rev = 1 WHERE workspace_id = $1"},
    {"an event about it above its last offset",
        "UPDATE conversation_heads SET last_offset = last_offset - 1 WHERE workspace_id = $1"},
    {"not that of an event about it",
        "UPDATE conversation_heads SET last_offset = last_offset + 100 WHERE workspace_id = $1"},
    {"what it is ordered by",
        "UPDATE conversation_heads SET activity_offset = last_offset + 1 WHERE workspace_id = $1"},
    {"the participant's conversation is missing",
        "UPDATE participants SET conversation_id = $2 WHERE workspace_id = $1"
        " AND conversation_id = $3 AND person_id = (SELECT person_id FROM participants"
        " WHERE workspace_id = $1 AND conversation_id = $3 LIMIT 1)"},
    {"missing among the people", "DELETE FROM people WHERE workspace_id = $1"},
    {"has no cursors", "DELETE FROM cursors WHERE workspace_id = $1"},
    {"cursors of one who is no participant", "DELETE FROM participants WHERE workspace_id = $1"},
    {"joined beyond", "UPDATE participants SET joined_seq = 100 WHERE workspace_id = $1"},
    {"who is still a participant",
        "INSERT INTO departures (workspace_id, person_id, conversation_id, left_offset)"
        " SELECT $1, person_id, conversation_id, 1 FROM participants WHERE workspace_id = $1"
        " AND conversation_id = $3"},
    {"who left, or what was left", "UPDATE departures SET person_id = $2 WHERE workspace_id = $1"},
});

constexpr auto unread_corruptions = std::to_array<Corruption>({
    {"is not in order", "UPDATE cursors SET recv_seq = 100 WHERE workspace_id = $1"},
    {"whether the message counts",
        "UPDATE messages SET silent = NOT silent WHERE workspace_id = $1"},
    {"that is missing is left out", "UPDATE uncounted SET seq = seq + 500 WHERE workspace_id = $1"},
    {"is not their sum",
        "UPDATE uncounted_ranges SET everybody = everybody + 1 WHERE workspace_id = $1"},
    {"is in no range", "DELETE FROM uncounted_ranges WHERE workspace_id = $1"},
    {"not what counting them gives",
        "DELETE FROM uncounted WHERE workspace_id = $1 AND conversation_id = $3"},
    {"the message that mentions", "UPDATE mentions SET seq = seq + 1 WHERE workspace_id = $1"},
    {"who is mentioned is missing", "UPDATE mentions SET person_id = $2 WHERE workspace_id = $1"},
    {"mention more or fewer", "DELETE FROM mentions WHERE workspace_id = $1"},
});

constexpr auto message_corruptions = std::to_array<Corruption>({
    {"the message's conversation is missing", "DELETE FROM conversations WHERE workspace_id = $1"},
    {"the message's author is missing",
        "UPDATE messages SET author_id = $2 WHERE workspace_id = $1"},
    {"the message's account is missing",
        "UPDATE messages SET account_id = $2 WHERE workspace_id = $1 AND account_id IS NOT NULL"},
    {"replies to is not in its conversation",
        "UPDATE messages SET reply_to = $2 WHERE workspace_id = $1 AND reply_to IS NOT NULL"},
    {"what was forwarded is missing",
        "UPDATE messages SET forwarded_from = $2 WHERE workspace_id = $1"
        " AND forwarded_from IS NOT NULL"},
    {"announced it is not in the log",
        "UPDATE messages SET log_offset = log_offset + 1000 WHERE workspace_id = $1 AND seq = 1"},
    {"direction, account and status",
        "UPDATE messages SET status = 'queued' WHERE workspace_id = $1 AND direction IS NULL"},
    {"its conversation is none of an account",
        "UPDATE conversations SET kind = 'group' WHERE workspace_id = $1 AND kind = 'external'"},
    {"failed without saying why",
        "UPDATE messages SET error = NULL WHERE workspace_id = $1 AND status = 'failed'"},
    {"the message of this edit",
        "UPDATE message_edits SET message_id = $2 WHERE workspace_id = $1"},
    {"no edit before", "DELETE FROM message_edits WHERE workspace_id = $1 AND n = 1"},
    {"that a client_id names", "UPDATE message_keys SET message_id = $2 WHERE workspace_id = $1"},
    {"the message of this attempt",
        "UPDATE attempts SET message_id = $2 WHERE workspace_id = $1 AND n = 2"},
    {"no attempt before", "DELETE FROM attempts WHERE workspace_id = $1 AND n = 1"},
    {"no attempt did it", "UPDATE attempts SET outcome = 'failed' WHERE workspace_id = $1"},
    {"the account of what a network",
        "UPDATE provider_inputs SET account_id = $2 WHERE workspace_id = $1"},
    {"what a network handed in is missing",
        "UPDATE provider_inputs SET message_id = $2 WHERE workspace_id = $1"},
});

constexpr auto job_corruptions = std::to_array<Corruption>({
    {"the job's place", "UPDATE workspace_counters SET job_position = 1 WHERE workspace_id = $1"},
    {"the job's message is missing", "UPDATE jobs SET message_id = $2 WHERE workspace_id = $1"},
    {"none of a job, or does not fit",
        "UPDATE jobs SET finished_at = NULL WHERE workspace_id = $1 AND state = 'done'"},
    {"more often than it was taken up",
        "UPDATE jobs SET attempts = claims + 1 WHERE workspace_id = $1"},
    {"would send what has arrived",
        "UPDATE messages SET status = 'delivered' WHERE workspace_id = $1 AND status = 'sending'"},
    {"nothing sends it", "DELETE FROM jobs WHERE workspace_id = $1 AND state = 'queued'"},
    {"two jobs send one message",
        "UPDATE jobs SET message_id = (SELECT message_id FROM jobs WHERE workspace_id = $1"
        " AND state = 'queued') WHERE workspace_id = $1 AND state = 'retrying'"},
    {"given up and its message has not failed",
        "UPDATE messages SET status = 'sending' WHERE workspace_id = $1 AND status = 'failed'"},
});

constexpr auto webhook_corruptions = std::to_array<Corruption>({
    {"has no place in the log", "DELETE FROM webhook_progress WHERE workspace_id = $1"},
    {"place of a webhook that is missing",
        "UPDATE webhooks SET deleted_at = 1 WHERE workspace_id = $1"},
    {"told in two ways", "UPDATE webhooks SET state = 'disabled' WHERE workspace_id = $1"},
    {"stands outside the log",
        "UPDATE webhook_progress SET log_offset = 1000000 WHERE workspace_id = $1"},
    {"the delivery's webhook is missing", "DELETE FROM webhooks WHERE workspace_id = $1"},
    {"beyond the place of its webhook",
        "UPDATE webhook_progress SET log_offset = 5 WHERE workspace_id = $1"},
    {"its event is not in the log",
        "UPDATE deliveries SET event_id = $2 WHERE workspace_id = $1 AND state = 'pending'"},
    {"none of a delivery, or does not fit",
        "UPDATE deliveries SET finished_at = NULL WHERE workspace_id = $1"},
    {"not as many as it counts", "DELETE FROM delivery_attempts WHERE workspace_id = $1 AND n = 1"},
    {"its last attempt did not do it",
        "UPDATE delivery_attempts SET failure = 'timeout' WHERE workspace_id = $1"},
    {"the delivery of this attempt",
        "UPDATE delivery_attempts SET delivery_id = $2 WHERE workspace_id = $1"},
});

}

TEST_F(VerifyTest, finds_nothing_in_a_workspace_that_has_rows_of_every_kind)
{
    EXPECT_EQ(findings_after([](db::Tx&) { }), std::vector<std::string>{});
}

TEST_F(VerifyTest, every_check_finds_what_it_is_for)
{
    auto const nobody = MessageId::make(clock.now());
    std::set<std::string_view> proved;
    for (auto const corruptions : {std::span<Corruption const>{log_corruptions},
             {people_corruptions}, {conversation_corruptions}, {unread_corruptions},
             {message_corruptions}, {job_corruptions}, {webhook_corruptions}})
        for (auto const& [says, sql] : corruptions) {
            auto const found =
                findings_after([&](db::Tx& tx) { tx.run(sql, nobody, room, sha256("another")); });

            EXPECT_TRUE(std::ranges::any_of(
                found, [&](auto const& line) { return line.find(says) != line.npos; }))
                << says << " was not found after " << sql;
            for (auto const& check : all_checks())
                if (check.says.contains(says))
                    proved.insert(check.says);
        }
    for (auto const& check : all_checks())
        EXPECT_TRUE(proved.contains(check.says)) << "no corruption proves: " << check.says;
}

TEST_F(VerifyTest, the_global_tables_are_looked_at_too)
{
    struct Row {
        std::string_view says;
        std::string_view sql;
    };
    for (auto const& [says, sql] : {
             Row{"a membership's login is missing", "DELETE FROM logins"},
             Row{"a membership's workspace is missing", "DELETE FROM workspace_directory"},
             Row{"a secret's workspace is missing", "DELETE FROM workspace_directory"},
             Row{"the login of a session is missing",
                 "INSERT INTO sessions (id, login_id, refresh_hash, created_at, refreshed_at,"
                 " expires_at) SELECT subject_id, workspace_id, hash, 0, 0, 0 FROM credentials"},
         }) {
        auto const found = findings_after([&](db::Tx& tx) { tx.global().run(sql); });

        EXPECT_TRUE(std::ranges::any_of(found, [&](auto const& line) {
            return line.find(says) != line.npos;
        })) << says;
    }
}

TEST_F(VerifyTest, a_row_that_points_into_another_workspace_is_an_orphan)
{
    auto const elsewhere = new_person(new_caller(), "Eve");

    auto const found = findings_after([&](db::Tx& tx) {
        tx.run("UPDATE messages SET author_id = $2 WHERE workspace_id = $1 AND"
               " conversation_id = $3 AND seq = 1",
            elsewhere, room);
    });

    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found.front().starts_with("msg_")) << found.front();
    EXPECT_TRUE(found.front().ends_with(
        " of " + elsewhere.str() + ", seq 1: the message's author is missing"))
        << found.front();
}

}
