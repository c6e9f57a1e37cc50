#include "messages/messages_world_test.hpp"

namespace hermod::messages {
namespace {

class SendMessageTest : public MessagesWorld { };

TEST_F(SendMessageTest, seq_counts_up_without_gaps_and_each_message_has_one_event)
{
    auto const room = new_direct(caller);

    auto const first = run(send_message(deps, caller, room, text_message("one")));
    auto const second = run(send_message(deps, caller, room, text_message("two")));

    EXPECT_EQ(first.seq, 1);
    EXPECT_EQ(second.seq, 2);
    EXPECT_GT(second.rev, first.rev);
    EXPECT_EQ(first.from.name, "bot");
    EXPECT_FALSE(first.direction || first.status || first.to || first.account_id);
    EXPECT_EQ(count_events(caller, "message.created"), 2);
}

TEST_F(SendMessageTest, retry_returns_the_first_message_and_appends_one_event)
{
    auto const room = new_direct(caller);

    auto const first = run(send_message(deps, caller, room, text_message("hello", "key_1")));
    auto const again = run(send_message(deps, caller, room, text_message("hello", "key_1")));

    EXPECT_EQ(first.id, again.id);
    EXPECT_EQ(to_json(first), to_json(again));
    EXPECT_EQ(count_events(caller, "message.created"), 1);
}

TEST_F(SendMessageTest, a_client_id_with_another_body_or_conversation_is_refused)
{
    auto const room = new_direct(caller);
    run(send_message(deps, caller, room, text_message("hello", "key_1")));

    EXPECT_PROBLEM(run(send_message(deps, caller, room, text_message("other", "key_1"))),
        Errc::client_id_reused);
    EXPECT_PROBLEM(
        run(send_message(deps, caller, new_direct(caller), text_message("hello", "key_1"))),
        Errc::client_id_reused);
}

TEST_F(SendMessageTest, a_conversation_of_another_workspace_does_not_exist)
{
    auto const room = new_direct(caller);
    auto const stranger = new_caller();

    EXPECT_PROBLEM(run(send_message(deps, stranger, room, text_message("hello"))),
        Errc::conversation_not_found);
    EXPECT_EQ(count_events(stranger, "message.created"), 0);
    EXPECT_EQ(run(send_message(deps, caller, room, text_message("hello"))).seq, 1);
}

TEST_F(SendMessageTest, a_member_who_is_not_in_it_does_not_see_it)
{
    auto const room = new_direct(caller);
    auto member = caller;
    member.kind = Caller::Kind::session;
    member.role = Role::admin;
    member.person = new_person(caller, "Bo");

    EXPECT_PROBLEM(
        run(send_message(deps, member, room, text_message("hello"))), Errc::conversation_not_found);
}

TEST_F(SendMessageTest, another_author_needs_the_scope_and_a_place_in_the_conversation)
{
    auto const ana = new_person(caller, "Ana");
    auto const room = write(caller.workspace,
        [&](db::Tx& tx) { return conversations::find_or_create_direct(tx, caller.person, ana); });
    auto command = text_message("as Ana");
    command.from = Author{ana, std::nullopt};
    auto plain = caller;
    plain.scopes = {"messages:send"};

    EXPECT_EQ(run(send_message(deps, caller, room, command)).from.person_id, ana);
    EXPECT_PROBLEM(run(send_message(deps, plain, room, command)), Errc::missing_scope);
    command.from = Author{new_person(caller, "Bo"), std::nullopt};
    EXPECT_PROBLEM(run(send_message(deps, caller, room, command)), Errc::participant_not_found);
    command.from = Author{};
    EXPECT_PROBLEM(run(send_message(deps, caller, room, command)), Errc::invalid_body);
}

TEST_F(SendMessageTest, bad_content_is_refused_and_nothing_is_stored)
{
    auto const room = new_direct(caller);
    struct Row {
        char const* name;
        std::optional<std::string> text;
        std::optional<Type> type;
        std::optional<std::string> content;
        Errc code;
    };
    Row const rows[]{
        {"nothing", {}, {}, {}, Errc::invalid_body},
        {"text and content", "a", {}, R"({"text":"b"})", Errc::invalid_body},
        {"text of another type", "a", Type::location, {}, Errc::invalid_body},
        {"unknown field", {}, Type::text, R"({"text":"a","bold":true})", Errc::invalid_body},
        {"empty text", {}, Type::text, R"({"text":""})", Errc::invalid_body},
        {"no latitude", {}, Type::location, R"({"longitude":1})", Errc::invalid_body},
        {"latitude too far", {}, Type::location, R"({"latitude":91,"longitude":1})",
            Errc::invalid_body},
        {"no contacts", {}, Type::contacts, R"({"contacts":[]})", Errc::invalid_body},
        {"image", {}, Type::image, R"({})", Errc::unsupported_content},
        {"too long in the app", std::string(16385, 'x'), {}, {}, Errc::invalid_body},
    };
    for (auto const& row : rows) {
        SCOPED_TRACE(row.name);
        SendMessage command;
        if (row.text)
            command.text = Text<1, max_text>{*row.text};
        command.type = row.type;
        if (row.content)
            command.content = JsonObject<max_content_bytes>{*row.content};
        EXPECT_PROBLEM(run(send_message(deps, caller, room, command)), row.code);
    }
    EXPECT_EQ(count_events(caller, "message.created"), 0);
}

TEST_F(SendMessageTest, a_reply_names_a_message_of_the_same_conversation)
{
    auto const room = new_direct(caller);
    auto const first = run(send_message(deps, caller, room, text_message("one")));
    auto reply = text_message("two");
    reply.reply_to = first.id;

    EXPECT_EQ(run(send_message(deps, caller, room, reply)).reply_to, first.id);
    EXPECT_PROBLEM(
        run(send_message(deps, caller, new_direct(caller), reply)), Errc::message_not_found);
}

TEST_F(SendMessageTest, pages_go_both_ways)
{
    auto const room = new_direct(caller);
    for (int i = 1; i <= 5; ++i)
        run(send_message(deps, caller, room, text_message(std::to_string(i))));
    auto const seqs = [&](ListMessages query) {
        query.limit.value.value = 2;
        auto const page = run(list_messages(deps, caller, room, query));
        std::vector<std::int64_t> result;
        for (auto const& message : page.data)
            result.push_back(message.seq);
        return std::pair{result, page.next};
    };
    using Seqs = std::vector<std::int64_t>;

    auto const [newest, older] = seqs({});
    EXPECT_EQ(newest, (Seqs{5, 4}));
    EXPECT_EQ(seqs({.before_seq = {},
                       .after_seq = {},
                       .pinned = {},
                       .limit = {},
                       .cursor = Text<1, 512>{*older}})
                  .first,
        (Seqs{3, 2}));
    auto const [after, later] = seqs({.before_seq = {},
        .after_seq = Int<0, INT64_MAX>{2},
        .pinned = {},
        .limit = {},
        .cursor = {}});
    EXPECT_EQ(after, (Seqs{3, 4}));
    EXPECT_EQ(seqs({.before_seq = {},
                       .after_seq = {},
                       .pinned = {},
                       .limit = {},
                       .cursor = Text<1, 512>{*later}})
                  .first,
        (Seqs{5}));
    EXPECT_PROBLEM(seqs({.before_seq = {},
                       .after_seq = {},
                       .pinned = {},
                       .limit = {},
                       .cursor = Text<1, 512>{"nonsense"}}),
        Errc::invalid_cursor);
}

}
}
