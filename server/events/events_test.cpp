#include "events/counters.hpp"
#include "events/routes.hpp"
#include "testing/world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <map>
#include <thread>

namespace hermod::events {
namespace {

struct NoteEvent {
    std::string note;
};
BOOST_DESCRIBE_STRUCT(NoteEvent, (), (note))

constexpr Type<NoteEvent> note_made{"note.made", "notes", "A note was made."};
constexpr Type<NoteEvent> note_deleted{"note.deleted", "notes", "A note was deleted."};
constexpr Type<NoteEvent> secret_made{"secret.made", "secrets", "A secret was made."};

/// Conversations as the test says.
class FakeMembership final : public Membership {
public:
    Standing standing(
        db::Tx const&, ConversationId const& conversation, PersonId const&) const override
    {
        auto const found = standings.find(conversation);
        return found == standings.end() ? Standing{false, std::nullopt} : found->second;
    }
    bool test_key_sees(db::Tx const&, Line const& line) const override
    {
        return line.conversation_id != of_live_account;
    }
    std::map<ConversationId, Standing> standings;
    std::optional<ConversationId> of_live_account = ConversationId{};
};

/// Rights as the test says.
class FakeRevocations final : public net::Revocations {
public:
    bool has_changed(Caller const&) const override { return changed; }
    bool changed = false;
};

class EventsTest : public testing::World {
protected:
    EventsTest()
    {
        on_new_workspace([](db::Tx& tx) { open_log(tx); });
        catalogue.add(note_made);
        catalogue.add(note_deleted);
        catalogue.add(secret_made);
        workspace = make_workspace();
        db.on_commit([this](auto commits) { log.committed(commits); });
        key.kind = Caller::Kind::api_key;
        key.workspace = workspace;
        key.scopes = {"notes:read"};
        member.kind = Caller::Kind::session;
        member.workspace = workspace;
        member.role = Role::admin;
        member.person = PersonId::make(clock.now());
    }
    ~EventsTest() override
    {
        std::thread stopper{[this] { tasks.stop(); }};
        drive_until([this] { return tasks.running() == 0; });
        stopper.join();
    }

    std::int64_t note(std::string text, About about = {})
    {
        return write(workspace, [&](db::Tx& tx) { return append(tx, note_made, {text}, about); });
    }
    EventList list(Caller const& caller, std::optional<std::string> after, int limit = 50)
    {
        return run(list_events(deps, caller, {after, {}, {Int<1, 200>{limit}}}));
    }
    /// A reader at the head, and its answer once there is one.
    std::shared_ptr<std::optional<EventList>> start_waiting()
    {
        auto const answer = std::make_shared<std::optional<EventList>>();
        asio::co_spawn(
            io.get_executor(),
            [this, answer]() -> Task<void> {
                *answer = co_await list_events(
                    deps, key, {std::nullopt, {Int<0, 30>{30}}, {Int<1, 200>{50}}});
            },
            asio::detached);
        drive_until([&] { return tasks.running() > 0; });
        drive_until([&] { return tasks.running() == 0; });
        return answer;
    }
    static std::vector<std::string> notes(EventList const& list)
    {
        std::vector<std::string> texts;
        for (auto const& event : list.data)
            texts.push_back(read_stored_json<NoteEvent>(event.data.text).note);
        return texts;
    }

    using Texts = std::vector<std::string>;
    WorkspaceId workspace;
    Tasks tasks;
    Catalogue catalogue;
    FakeMembership membership;
    Audience audience{catalogue, membership};
    Log log{db, clock, tasks, io, "epoch-1"};
    FakeRevocations revocations;
    Deps deps{db, clock, log, catalogue, audience, &revocations};
    Caller key;
    Caller member;
};

TEST_F(EventsTest, offsets_begin_at_one_and_have_no_gaps)
{
    EXPECT_EQ(note("a"), 1);
    EXPECT_THROW(write(workspace,
                     [](db::Tx& tx) -> int {
                         append(tx, note_made, {"undone"});
                         throw std::runtime_error{"no"};
                     }),
        std::runtime_error);
    EXPECT_EQ(note("b"), 2);

    auto const all = list(key, "start");
    EXPECT_EQ(notes(all), (Texts{"a", "b"}));
    EXPECT_EQ(all.data[1].offset, 2);
    EXPECT_EQ(all.data[1].cursor, all.next);
}

TEST_F(EventsTest, without_a_cursor_a_reader_starts_at_the_head)
{
    note("old");
    auto const first = list(key, std::nullopt);
    EXPECT_TRUE(first.data.empty());
    note("new");

    EXPECT_EQ(notes(list(key, first.next)), (Texts{"new"}));
}

TEST_F(EventsTest, pages_go_on_where_the_last_one_ended)
{
    for (auto const* text : {"a", "b", "c"})
        note(text);

    auto const first = list(key, "start", 2);
    EXPECT_EQ(notes(first), (Texts{"a", "b"}));
    EXPECT_EQ(notes(list(key, first.next, 2)), (Texts{"c"}));
}

TEST_F(EventsTest, a_wrong_cursor_is_told_apart_from_an_expired_one)
{
    note("a");
    Log const other{db, clock, tasks, io, "epoch-2"};

    EXPECT_PROBLEM(list(key, "nonsense"), Errc::invalid_cursor);
    EXPECT_PROBLEM(list(key, ""), Errc::invalid_cursor);
    EXPECT_PROBLEM(list(key, other.cursor(1)), Errc::cursor_expired);
    EXPECT_PROBLEM(list(key, log.cursor(2)), Errc::cursor_expired);
    EXPECT_TRUE(list(key, log.cursor(1)).data.empty());
}

TEST_F(EventsTest, below_the_floor_a_cursor_is_expired)
{
    for (auto const* text : {"a", "b", "c"})
        note(text);
    clock.advance(std::chrono::hours{1});
    note("d");
    auto const before = clock.now() - std::chrono::minutes{1};
    write(workspace, [&](db::Tx& tx) { return delete_older(tx, before, 5, 2); });

    EXPECT_PROBLEM(list(key, log.cursor(1)), Errc::cursor_expired);
    EXPECT_EQ(notes(list(key, log.cursor(2))), (Texts{"c", "d"}));
    EXPECT_EQ(notes(list(key, "start")), (Texts{"c", "d"}));
}

TEST_F(EventsTest, what_is_still_needed_is_kept_however_old)
{
    for (auto const* text : {"a", "b", "c"})
        note(text);
    clock.advance(std::chrono::hours{1});
    auto const before = clock.now();

    auto const gone = write(workspace, [&](db::Tx& tx) { return delete_older(tx, before, 2, 10); });
    auto const more = write(workspace, [&](db::Tx& tx) { return delete_older(tx, before, 2, 10); });

    EXPECT_EQ(gone, 1);
    EXPECT_EQ(more, 0);
    EXPECT_EQ(notes(list(key, "start")), (Texts{"b", "c"}));
}

TEST_F(EventsTest, a_time_leads_to_its_place_in_the_log)
{
    auto const place_of = [&](Timestamp time) {
        return read(workspace, [&](db::Tx const& tx) { return offset_before(tx, time); });
    };
    auto const start = clock.now();
    EXPECT_EQ(place_of(start), 0);
    for (auto const* text : {"a", "b", "c", "d"}) {
        note(text);
        clock.advance(std::chrono::hours{1});
    }

    EXPECT_EQ(place_of(start), 0);
    EXPECT_EQ(place_of(start + std::chrono::minutes{1}), 1);
    EXPECT_EQ(place_of(start + std::chrono::hours{2}), 2);
    EXPECT_EQ(place_of(clock.now()), 4);
}

TEST_F(EventsTest, a_key_sees_what_its_scopes_give_and_still_moves_on)
{
    write(workspace, [](db::Tx& tx) { return append(tx, secret_made, {"hidden"}); });

    auto const seen = list(key, "start");

    EXPECT_TRUE(seen.data.empty());
    EXPECT_EQ(seen.next, log.cursor(1));
}

TEST_F(EventsTest, a_test_key_does_not_see_what_is_about_a_live_account)
{
    membership.of_live_account = ConversationId::make(clock.now());
    note("live", {.conversation = membership.of_live_account, .person = {}});
    note("other", {.conversation = ConversationId::make(clock.now()), .person = {}});
    auto test_key = key;
    test_key.test = true;

    EXPECT_EQ(notes(list(key, "start")), (std::vector<std::string>{"live", "other"}));
    EXPECT_EQ(notes(list(test_key, "start")), (std::vector<std::string>{"other"}));
}

TEST_F(EventsTest, a_member_sees_their_conversations_from_where_they_joined)
{
    auto const mine = ConversationId::make(clock.now());
    auto const external = ConversationId::make(clock.now());
    auto const others = ConversationId::make(clock.now());
    membership.standings = {{mine, {false, 2}}, {external, {true, std::nullopt}}};
    note("before", {.conversation = mine, .person = {}});
    note("after", {.conversation = mine, .person = {}});
    note("customer", {.conversation = external, .person = {}});
    note("private", {.conversation = others, .person = {}});
    note("removed me", {.conversation = others, .person = member.person});
    note("everybody");

    EXPECT_EQ(
        notes(list(member, "start")), (Texts{"after", "customer", "removed me", "everybody"}));
}

TEST_F(EventsTest, another_workspace_sees_nothing)
{
    note("a");
    auto stranger = key;
    stranger.workspace = make_workspace();

    EXPECT_TRUE(list(stranger, "start").data.empty());
}

TEST_F(EventsTest, a_waiting_reader_gets_what_is_committed)
{
    auto const answer = start_waiting();
    EXPECT_FALSE(*answer);

    note("woken");

    ASSERT_TRUE(drive_until([&] { return answer->has_value(); }));
    EXPECT_EQ(notes(**answer), (Texts{"woken"}));
}

TEST_F(EventsTest, a_waiting_reader_is_answered_at_its_deadline)
{
    auto const answer = start_waiting();

    clock.advance(std::chrono::seconds{30});

    ASSERT_TRUE(drive_until([&] { return answer->has_value(); }));
    EXPECT_TRUE((*answer)->data.empty());
    EXPECT_EQ((*answer)->next, log.cursor(0));
}

TEST_F(EventsTest, a_reader_who_lost_rights_while_waiting_gets_nothing_and_misses_nothing)
{
    auto const answer = start_waiting();
    revocations.changed = true;

    note("not for you any more");

    ASSERT_TRUE(drive_until([&] { return answer->has_value(); }));
    EXPECT_TRUE((*answer)->data.empty());
    EXPECT_EQ((*answer)->next, log.cursor(0));
    revocations.changed = false;
    EXPECT_EQ(notes(list(key, (*answer)->next)), (Texts{"not for you any more"}));
}

TEST_F(EventsTest, an_app_user_sees_what_names_them_and_their_conversations_alone)
{
    auto person = member;
    person.kind = Caller::Kind::person;
    person.scopes = {"notes:read"};
    person.person = PersonId::make(clock.now());
    auto const own = ConversationId::make(clock.now());
    auto const external = ConversationId::make(clock.now());
    membership.standings[own] = {false, 0};
    membership.standings[external] = {true, std::nullopt};
    note("the workspace's");
    note("another's", {.conversation = {}, .person = member.person});
    note("external", {.conversation = external, .person = {}});
    note("own", {.conversation = own, .person = {}});
    note("named", {.conversation = {}, .person = person.person});

    EXPECT_EQ(notes(list(person, "start")), (Texts{"own", "named"}));
    EXPECT_EQ(notes(list(member, "start")),
        (Texts{"the workspace's", "another's", "external", "own", "named"}));
}

TEST_F(EventsTest, what_was_redacted_is_gone_from_memory_too)
{
    auto const person = PersonId::make(clock.now());
    auto const first = start_waiting();
    note("Ana's", {.conversation = {}, .person = person});
    note("Bo's", {.conversation = {}, .person = PersonId::make(clock.now())});
    ASSERT_TRUE(drive_until([&] { return first->has_value(); }));
    auto const second = start_waiting();

    write(workspace, [&](db::Tx& tx) {
        EXPECT_EQ(redact(tx, person, note_made, {"gone"}, 10), 1);
        EXPECT_EQ(redact(tx, person, note_made, {"gone"}, 10), 0);
        return append(tx, note_deleted, {"deleted"});
    });

    ASSERT_TRUE(drive_until([&] { return second->has_value(); }));
    EXPECT_EQ(notes(list(key, "start")), (Texts{"gone", "Bo's", "deleted"}));
}

TEST_F(EventsTest, the_catalogue_documents_every_type)
{
    auto const text = json_to_text(document(catalogue));

    EXPECT_NE(text.find("\"note.made\""), std::string::npos);
    EXPECT_NE(text.find("NoteEvent"), std::string::npos);
}

}
}
