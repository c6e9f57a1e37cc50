#include "accounts/accounts.hpp"
#include "conversations/receipts.hpp"
#include "conversations/store.hpp"
#include "events/log.hpp"
#include "people/people.hpp"
#include "testing/world.hpp"
#include "workspaces/workspaces.hpp"

#include <algorithm>
#include <set>

namespace hermod::conversations {
namespace {

class ConversationsTest : public testing::World {
protected:
    ConversationsTest()
    {
        on_new_workspace([](db::Tx& tx) { workspaces::create_workspace(tx, {"Shop"}); });
        key = new_key();
        ana = new_person(key, "Ana");
        bo = new_person(key, "Bo");
    }

    Caller new_key()
    {
        Caller made;
        made.kind = Caller::Kind::api_key;
        made.scopes = {"admin"};
        made.workspace = make_workspace();
        made.person =
            write(made.workspace, [](db::Tx& tx) { return people::create_bot(tx, "bot"); });
        return made;
    }
    PersonId new_person(Caller const& owner, std::string name)
    {
        return write(owner.workspace, [&](db::Tx& tx) {
            return people::create_person(tx,
                {.external_id = {},
                    .name = people::PersonName{name},
                    .attributes = {},
                    .addresses = {}})
                .id;
        });
    }
    Caller session(PersonId const& person)
    {
        auto made = key;
        made.kind = Caller::Kind::session;
        made.role = Role::agent;
        made.person = person;
        return made;
    }
    Conversation create(Caller const& caller, CreateConversation const& command)
    {
        return write(caller.workspace,
            [&](db::Tx& tx) { return create_conversation(tx, connectors, caller, command); });
    }
    static CreateConversation group(std::vector<PersonId> people)
    {
        CreateConversation command{.kind = Kind::group,
            .title = Title{"Team"},
            .participants = List<NewParticipant, 0, 500>{},
            .account_id = {},
            .to = {},
            .history = {}};
        for (auto const& person : people)
            command.participants->items.push_back({person, {ParticipantRole::member}});
        return command;
    }
    static CreateConversation direct(std::vector<PersonId> people)
    {
        auto command = group(std::move(people));
        command.kind = Kind::direct;
        command.title.reset();
        return command;
    }
    std::vector<std::string> event_types()
    {
        return read(key.workspace, [](db::Tx const& tx) {
            std::vector<std::string> types;
            for (auto const& line : events::list_after(tx, 0, 1000))
                if (line.conversation_id)
                    types.push_back(line.type);
            return types;
        });
    }
    std::vector<ConversationId> listed(Caller const& caller, ListConversations const& query = {})
    {
        std::vector<ConversationId> ids;
        for (auto const& conversation : run(list_conversations(deps, caller, query)).data)
            ids.push_back(conversation.id);
        return ids;
    }

    accounts::Connectors connectors;
    Tasks tasks;
    events::Log log{db, clock, tasks, io, "epoch"};
    Receipts receipts{clock};
    Deps deps{db, connectors, log, receipts};
    Caller key;
    PersonId ana;
    PersonId bo;
};

TEST_F(ConversationsTest, two_people_have_one_direct_conversation)
{
    auto const first = create(key, direct({ana, bo}));
    auto const again = create(key, direct({bo, ana}));

    EXPECT_EQ(first.id, again.id);
    EXPECT_NE(create(key, direct({ana})).id, first.id); // with the key's own bot
    EXPECT_EQ(std::ranges::count(event_types(), "conversation.created"), 2);
}

TEST_F(ConversationsTest, a_human_is_in_the_group_they_make)
{
    auto const made = create(session(ana), group({bo}));
    auto const people = run(list_participants(deps, key, made.id)).data;

    ASSERT_EQ(people.size(), 2U);
    std::set<PersonId> const expected{ana, bo};
    EXPECT_EQ((std::set<PersonId>{people[0].person_id, people[1].person_id}), expected);
    EXPECT_EQ(made.unread, 0);
    EXPECT_EQ(made.rev, 3);
}

TEST_F(ConversationsTest, bad_commands_are_refused_with_their_code)
{
    auto const stranger = new_person(new_key(), "Eve");
    auto with_title = direct({ana, bo});
    with_title.title = Title{"x"};
    auto with_account = direct({ana, bo});
    with_account.account_id = AccountId::make(clock.now());
    struct Row {
        char const* name;
        CreateConversation command;
        Errc code;
    };
    Row const rows[]{
        {"nobody", direct({}), Errc::invalid_body},
        {"with oneself", direct({key.person}), Errc::invalid_body},
        {"three", direct({ana, bo, key.person}), Errc::invalid_body},
        {"twice", group({ana, ana}), Errc::invalid_body},
        {"a person of another workspace", group({stranger}), Errc::person_not_found},
        {"a title of two", with_title, Errc::invalid_body},
        {"an account of two", with_account, Errc::invalid_body},
        {"no account",
            {.kind = Kind::external,
                .title = {},
                .participants = {},
                .account_id = {},
                .to = {},
                .history = {}},
            Errc::invalid_body},
    };
    for (auto const& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_PROBLEM(create(key, row.command), row.code);
    }
    EXPECT_TRUE(event_types().empty());
}

TEST_F(ConversationsTest, a_person_sees_their_own_and_a_key_all)
{
    auto const mine = create(key, group({ana})).id;
    auto const others = create(key, group({bo})).id;

    EXPECT_EQ(listed(session(ana)), (std::vector{mine}));
    EXPECT_EQ(listed(key), (std::vector{others, mine}));
    EXPECT_PROBLEM(run(get_conversation(deps, session(ana), others)), Errc::conversation_not_found);
    EXPECT_PROBLEM(run(get_conversation(deps, new_key(), mine)), Errc::conversation_not_found);
    EXPECT_EQ(run(get_conversation(deps, key, mine)).id, mine);
}

TEST_F(ConversationsTest, a_list_goes_on_page_by_page)
{
    std::vector<ConversationId> made;
    for (int i = 0; i < 5; ++i)
        made.insert(made.begin(), create(key, group({ana})).id);
    ListConversations query;
    query.limit.value.value = 2;
    std::vector<ConversationId> seen;
    for (;;) {
        auto const page = run(list_conversations(deps, key, query));
        for (auto const& conversation : page.data)
            seen.push_back(conversation.id);
        if (!page.next)
            break;
        query.cursor = Text<1, 512>{*page.next};
    }
    EXPECT_EQ(seen, made);
}

TEST_F(ConversationsTest, people_are_added_changed_and_removed_with_an_event_each)
{
    auto const room = create(key, group({ana})).id;

    run(set_participant(deps, key, room, bo, {}));
    run(set_participant(deps, key, room, bo, {})); // changes nothing
    run(set_participant(deps, key, room, bo, {{ParticipantRole::admin}}));
    run(remove_participant(deps, session(bo), room, ana));
    EXPECT_PROBLEM(run(get_conversation(deps, session(ana), room)), Errc::conversation_not_found);
    EXPECT_PROBLEM(run(remove_participant(deps, key, room, ana)), Errc::participant_not_found);

    auto const types = event_types();
    EXPECT_EQ(std::ranges::count(types, "participant.added"), 3);
    EXPECT_EQ(std::ranges::count(types, "participant.removed"), 1);
    EXPECT_EQ(run(get_conversation(deps, key, room)).rev, 5);
}

TEST_F(ConversationsTest, members_do_not_manage_and_two_stay_two)
{
    auto const room = create(key, group({ana})).id;
    auto const pair = create(key, direct({ana, bo})).id;

    EXPECT_PROBLEM(run(set_participant(deps, session(ana), room, bo, {})), Errc::forbidden);
    EXPECT_PROBLEM(run(update_conversation(deps, session(ana), room, {})), Errc::forbidden);
    EXPECT_PROBLEM(run(set_participant(deps, key, pair, key.person, {})), Errc::not_editable);
    EXPECT_PROBLEM(run(remove_participant(deps, key, pair, ana)), Errc::not_editable);
    run(remove_participant(deps, session(ana), room, ana)); // leaving is everybody's right
}

TEST_F(ConversationsTest, admins_neither_make_nor_unmake_owners_and_a_group_keeps_one)
{
    auto const room = create(session(ana), group({bo})).id;
    auto const cy = new_person(key, "Cy");
    auto const role_of = [&](PersonId const& person) {
        return write(
            key.workspace, [&](db::Tx& tx) { return find_participant(tx, room, person)->role; });
    };
    using enum ParticipantRole;
    run(set_participant(deps, session(ana), room, bo, {{admin}}));

    for (auto const role : {admin, member})
        EXPECT_PROBLEM(
            run(set_participant(deps, session(bo), room, ana, {{role}})), Errc::forbidden);
    EXPECT_PROBLEM(run(set_participant(deps, session(bo), room, bo, {{owner}})), Errc::forbidden);
    EXPECT_PROBLEM(run(set_participant(deps, session(bo), room, cy, {{owner}})), Errc::forbidden);
    EXPECT_PROBLEM(run(remove_participant(deps, session(bo), room, ana)), Errc::forbidden);
    clock.advance(seconds{1});
    run(set_participant(deps, session(bo), room, cy, {{admin}}));

    run(set_participant(deps, session(ana), room, ana, {{member}}));
    EXPECT_EQ(role_of(ana), member);
    EXPECT_EQ(role_of(bo), owner) << "who is longest in it";
    run(remove_participant(deps, session(bo), room, bo));
    EXPECT_EQ(role_of(cy), owner);
}

TEST_F(ConversationsTest, renamings_of_very_many_are_told_page_by_page_each_once)
{
    static constexpr int many = 1300;
    std::vector<PersonId> renamed;
    auto const room = create(key, group({ana})).id;
    for (int i = 0; i < many; ++i)
        renamed.push_back(new_person(key, "P"));
    auto const later = create(key, group({bo})).id;
    write(key.workspace, [&](db::Tx& tx) {
        // Two by two they are of one event.
        for (int i = 0; i < many; ++i)
            tx.run("UPDATE people SET identity_offset = $3 WHERE workspace_id = $1 AND id = $2",
                renamed[static_cast<std::size_t>(i)], 10 + i / 2);
    });

    std::vector<PersonId> told;
    std::vector<ConversationId> changed;
    int pages = 0;
    SyncQuery query{Text<1, 512>{log.cursor(1)}, {}};
    for (bool more = true; more; ++pages) {
        auto const page = run(sync(deps, key, query));
        for (auto const& person : page.people)
            told.push_back(person.person_id);
        for (auto const& conversation : page.conversations)
            changed.push_back(conversation.id);
        query.after = Text<1, 512>{page.cursor};
        more = page.has_more;
    }

    EXPECT_EQ(pages, 2);
    EXPECT_EQ(changed, (std::vector{room, later}));
    EXPECT_EQ(told.size(), renamed.size());
    std::ranges::sort(told);
    std::ranges::sort(renamed);
    EXPECT_EQ(told, renamed);
    query.after.reset();
    EXPECT_TRUE(run(sync(deps, key, query)).people.empty()) << "who begins holds nothing yet";
}

TEST_F(ConversationsTest, a_title_changes_with_one_event_and_not_without_need)
{
    auto const room = create(key, group({ana})).id;
    UpdateConversation const rename{{true, Title{"Crew"}}, {}};

    auto const renamed = run(update_conversation(deps, key, room, rename));
    run(update_conversation(deps, key, room, rename));

    EXPECT_EQ(renamed.title, "Crew");
    EXPECT_EQ(std::ranges::count(event_types(), "conversation.updated"), 1);
}

TEST_F(ConversationsTest, a_deleted_conversation_is_gone_and_two_people_can_begin_anew)
{
    auto const pair = create(key, direct({ana, bo})).id;

    run(delete_conversation(deps, key, pair));

    EXPECT_PROBLEM(run(get_conversation(deps, key, pair)), Errc::conversation_not_found);
    EXPECT_PROBLEM(run(delete_conversation(deps, key, pair)), Errc::conversation_not_found);
    EXPECT_TRUE(listed(key).empty());
    EXPECT_NE(create(key, direct({ana, bo})).id, pair);
    EXPECT_EQ(event_types().at(3), "conversation.deleted");
}

TEST_F(ConversationsTest, an_undone_change_leaves_the_counters_as_they_were)
{
    auto const room = create(key, group({ana})).id;
    EXPECT_THROW(write(key.workspace,
                     [&](db::Tx& tx) -> int {
                         Head head{tx, room};
                         head.next_seq();
                         head.next_rev();
                         throw std::runtime_error{"no"};
                     }),
        std::runtime_error);

    auto const after = run(get_conversation(deps, key, room));
    EXPECT_EQ(after.seq, 0);
    EXPECT_EQ(after.rev, 2);
}

}
}
