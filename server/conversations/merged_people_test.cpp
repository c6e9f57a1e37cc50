#include "conversations/merged_people.hpp"
#include "conversations/receipts.hpp"
#include "conversations/store.hpp"
#include "events/log.hpp"
#include "testing/world.hpp"
#include "workspaces/workspaces.hpp"

namespace hermod::conversations {
namespace {

class MergedPeopleTest : public testing::World {
protected:
    template <class F>
    auto in(F&& body)
    {
        return write(key.workspace, std::forward<F>(body));
    }

    MergedPeopleTest()
    {
        on_new_workspace([](db::Tx& tx) { workspaces::create_workspace(tx, {"Shop"}); });
        key.kind = Caller::Kind::api_key;
        key.workspace = make_workspace();
        key.person = in([](db::Tx& tx) { return people::create_bot(tx, "bot"); });
        ana = new_person();
        bo = new_person();
        cy = new_person();
    }

    PersonId new_person()
    {
        return in([](db::Tx& tx) { return people::create_person(tx, {}).id; });
    }
    ConversationId group(std::vector<NewParticipant> people)
    {
        CreateConversation command;
        command.kind = Kind::group;
        command.participants.emplace().items = std::move(people);
        return in([&](db::Tx& tx) { return create_conversation(tx, connectors, key, command).id; });
    }
    ConversationId direct(PersonId const& a, PersonId const& b)
    {
        return in([&](db::Tx& tx) { return find_or_create_direct(tx, a, b); });
    }
    void merge(PersonId const& survivor, PersonId const& other)
    {
        in([&](db::Tx& tx) { return people::merge_people(tx, follower, survivor, {other}); });
    }
    void unmerge(PersonId const& survivor, PersonId const& other)
    {
        in([&](db::Tx& tx) { return people::unmerge_person(tx, follower, survivor, {other}); });
    }
    std::optional<Participant> place(ConversationId const& conversation, PersonId const& person)
    {
        return in([&](db::Tx& tx) { return find_participant(tx, conversation, person); });
    }
    std::int64_t rev(ConversationId const& conversation)
    {
        return in([&](db::Tx& tx) { return Head{tx, conversation}.rev(); });
    }
    /// As one who joined when `seq` messages were there, of which they read some.
    void set_place(ConversationId const& conversation, Participant const& participant)
    {
        in([&](db::Tx& tx) {
            update_participant(tx, conversation, participant, participant.joined_seq + 1);
        });
    }

    static constexpr auto owner = ParticipantRole::owner;
    static constexpr auto member = ParticipantRole::member;

    MergedPeople follower;
    accounts::Connectors connectors;
    Tasks tasks;
    events::Log log{db, clock, tasks, io, "epoch"};
    Receipts receipts{clock};
    Deps deps{db, connectors, log, receipts};
    Caller key;
    PersonId ana;
    PersonId bo;
    PersonId cy;
};

TEST_F(MergedPeopleTest, the_survivor_has_the_better_of_both_places_and_keeps_their_own_after)
{
    auto const room = group({{ana, {member}}, {bo, {owner}}});
    set_place(room, {ana, member, 5, 9, 7});
    set_place(room, {bo, owner, 2, 8, 8});
    auto const before = rev(room);

    merge(ana, bo);

    auto const both = place(room, ana);
    ASSERT_TRUE(both);
    EXPECT_EQ(both->role, owner);
    EXPECT_EQ(both->joined_seq, 2);
    EXPECT_EQ(both->recv_seq, 9);
    EXPECT_EQ(both->read_seq, 8);
    EXPECT_FALSE(place(room, bo));
    EXPECT_EQ(rev(room), before + 2);

    unmerge(ana, bo);

    EXPECT_EQ(place(room, ana)->role, member);
    EXPECT_EQ(place(room, ana)->joined_seq, 5);
    EXPECT_EQ(place(room, ana)->read_seq, 8);
    EXPECT_EQ(place(room, bo)->role, owner);
    EXPECT_EQ(place(room, bo)->joined_seq, 2);
    EXPECT_EQ(place(room, bo)->recv_seq, 9);
}

TEST_F(MergedPeopleTest, two_who_came_to_one_survivor_leave_in_any_order)
{
    for (auto const bo_first : {true, false}) {
        auto const room = group({{bo, {member}}, {cy, {owner}}});
        set_place(room, {bo, member, 1, 4, 4});
        set_place(room, {cy, owner, 3, 4, 4});
        merge(ana, bo);
        merge(ana, cy);
        EXPECT_EQ(place(room, ana)->joined_seq, 1);
        EXPECT_EQ(place(room, ana)->role, owner);

        unmerge(ana, bo_first ? bo : cy);

        ASSERT_TRUE(place(room, ana));
        EXPECT_EQ(place(room, ana)->joined_seq, bo_first ? 3 : 1);
        EXPECT_EQ(place(room, ana)->role, bo_first ? owner : member);
        unmerge(ana, bo_first ? cy : bo);
        EXPECT_FALSE(place(room, ana));
        EXPECT_EQ(place(room, bo)->role, member);
        EXPECT_EQ(place(room, cy)->role, owner);
    }
}

TEST_F(MergedPeopleTest, who_left_since_does_not_come_back_and_a_lost_role_stays_lost)
{
    auto const left = group({{bo, {member}}});
    auto const demoted = group({{bo, {owner}}});
    merge(ana, bo);
    in([&](db::Tx& tx) { delete_participant(tx, left, ana); });
    in([&](db::Tx& tx) { update_role(tx, demoted, ana, member); });

    unmerge(ana, bo);

    EXPECT_FALSE(place(left, bo));
    EXPECT_FALSE(place(left, ana));
    EXPECT_EQ(place(demoted, bo)->role, member);
    EXPECT_FALSE(place(demoted, ana));
}

TEST_F(MergedPeopleTest, a_direct_conversation_becomes_the_survivors_where_they_have_none)
{
    auto const room = direct(bo, cy);

    merge(ana, bo);

    EXPECT_EQ(direct(ana, cy), room);
    unmerge(ana, bo);
    EXPECT_EQ(direct(bo, cy), room);
    EXPECT_NE(direct(ana, cy), room);
}

TEST_F(MergedPeopleTest, where_both_have_one_both_stay_and_the_survivors_is_found)
{
    auto const theirs = direct(bo, cy);
    auto const own = direct(ana, cy);
    auto const between = direct(ana, bo);

    merge(ana, bo);

    EXPECT_EQ(direct(ana, cy), own);
    EXPECT_TRUE(place(theirs, ana));
    EXPECT_TRUE(place(between, ana));
    unmerge(ana, bo);
    EXPECT_EQ(direct(bo, cy), theirs);
    EXPECT_EQ(direct(ana, bo), between);
    EXPECT_FALSE(place(theirs, ana));
    EXPECT_TRUE(place(between, bo));
}

TEST_F(MergedPeopleTest, both_of_a_direct_conversation_may_be_merged_with_others)
{
    auto const room = direct(ana, bo);
    auto const di = new_person();
    merge(cy, ana);
    merge(di, bo);

    EXPECT_EQ(direct(cy, di), room);
    unmerge(cy, ana);
    EXPECT_EQ(direct(ana, di), room);
    unmerge(di, bo);
    EXPECT_EQ(direct(ana, bo), room);
}

TEST_F(MergedPeopleTest, who_comes_back_by_a_merge_has_read_what_they_wrote_before_they_left)
{
    auto const room = group({{ana, {member}}, {bo, {member}}});
    set_place(room, {ana, member, 0, 7, 7});
    set_place(room, {bo, member, 0, 2, 2});
    run(remove_participant(deps, key, room, ana));

    merge(ana, bo);

    EXPECT_EQ(place(room, ana)->read_seq, 7);
    EXPECT_EQ(place(room, ana)->recv_seq, 7);
}

TEST_F(MergedPeopleTest, a_contact_who_came_to_be_one_of_the_team_is_still_written_to)
{
    auto const agent = in([&](db::Tx& tx) {
        return people::create_member(tx, LoginId::make(clock.now()), Role::agent, "Di",
            people::parse_address(people::AddressKind::email, "di@example.com"));
    });
    auto const chat = in(
        [&](db::Tx& tx) { return find_or_create_external(tx, AccountId::make(clock.now()), ana); });
    auto const contacts = [&] { return in([&](db::Tx& tx) { return list_contacts(tx, chat); }); };
    merge(agent, ana);

    EXPECT_EQ(contacts(), std::vector{agent});
    unmerge(agent, ana);
    EXPECT_EQ(contacts(), std::vector{ana});
    merge(agent, ana);
    run(remove_participant(deps, key, chat, agent));
    EXPECT_EQ(contacts(), std::vector<PersonId>{});
}

TEST_F(MergedPeopleTest, a_merged_id_names_its_survivor_in_a_conversation)
{
    auto const room = group({{cy, {member}}});
    merge(ana, bo);

    auto const added = run(set_participant(deps, key, room, bo, {}));

    EXPECT_EQ(added.person_id, ana);
    EXPECT_TRUE(place(group({{bo, {member}}}), ana));
    run(remove_participant(deps, key, room, bo));
    EXPECT_FALSE(place(room, ana));
}

}
}
