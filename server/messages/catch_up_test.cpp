#include "conversations/merged_people.hpp"
#include "conversations/receipts.hpp"
#include "messages/messages_world_test.hpp"

#include <map>
#include <random>
#include <set>

namespace hermod::messages {
namespace {

using conversations::Conversation;
using conversations::Participant;

/// What one who looks at a conversation holds of it.
struct Held {
    std::int64_t rev = 0;
    std::map<std::int64_t, Message> messages; ///< by seq
    std::map<PersonId, Participant> participants;
    std::string conversation; ///< JSON
    std::vector<std::string> said() const
    {
        std::vector<std::string> all;
        for (auto const& [seq, message] : messages)
            all.push_back(to_json(message));
        return all;
    }
    std::vector<std::string> people() const
    {
        std::vector<std::string> all;
        for (auto const& [id, participant] : participants)
            all.push_back(to_json(participant));
        return all;
    }
};

/// A client that is away most of the time and catches up with /sync and /changes.
struct Client {
    Caller caller;
    std::string cursor;
    std::map<ConversationId, Held> held;
    PersonId acts_as;
};

/// What /sync says of a person, applied to a message that is held.
void apply(Message& message, conversations::SyncedPerson const& person)
{
    auto const author = message.written_as.value_or(message.from.person_id);
    if (author != person.person_id)
        return;
    message.from.person_id = person.merged_into.value_or(author);
    message.from.name = person.name;
    message.written_as = person.merged_into ? std::optional{author} : std::nullopt;
}

class CatchUpTest : public MessagesWorld {
protected:
    CatchUpTest()
    {
        for (auto const* const name : {"Ana", "Bo", "Cy", "Di", "Eve"}) {
            auto member = caller;
            member.kind = Caller::Kind::session;
            member.role = Role::agent;
            member.person = write(caller.workspace, [&](db::Tx& tx) {
                return people::create_member(tx, LoginId::make(clock.now()), Role::agent, name,
                    people::parse_address(
                        people::AddressKind::email, std::string{name} + "@example.com"));
            });
            people.push_back(member);
            clients.push_back({member, {}, {}, {}});
        }
        for (auto const* const name : {"Flo", "Gil", "Hal", "Ida"}) {
            auto guest = caller;
            guest.kind = Caller::Kind::person;
            guest.scopes.clear();
            guest.person = new_person(caller, name);
            guests.push_back(guest);
            clients.push_back({guest, {}, {}, {}});
        }
        account = new_account(caller);
        for (auto const history : {conversations::History::join, conversations::History::start}) {
            conversations::CreateConversation command;
            command.kind = conversations::Kind::group;
            command.history = {history};
            command.participants.emplace();
            for (auto const& person : people)
                command.participants->items.push_back({person.person, {}});
            for (auto const& guest : guests)
                command.participants->items.push_back({guest.person, {}});
            rooms.push_back(write(caller.workspace, [&](db::Tx& tx) {
                return conversations::create_conversation(tx, connectors, caller, command).id;
            }));
        }
        rooms.push_back(write(caller.workspace, [&](db::Tx& tx) {
            return conversations::find_or_create_direct(tx, people[0].person, people[1].person);
        }));
    }

    std::size_t pick(std::size_t below)
    {
        return std::uniform_int_distribution<std::size_t>{0, below - 1}(random);
    }
    bool once_in(std::size_t n) { return pick(n) == 0; }

    /// A message of the room, often a new one; nil where there is none.
    MessageId some_message(ConversationId const& room)
    {
        auto const found = read(caller.workspace, [&](db::Tx const& tx) {
            auto const newest = conversations::current_view(tx, caller, room).seq;
            auto const seq = newest - static_cast<std::int64_t>(pick(once_in(5) ? 1000 : 5));
            return tx.one<MessageId>(R"sql(
                SELECT id FROM messages
                WHERE workspace_id = $1 AND conversation_id = $2 AND seq = $3)sql",
                room, std::max<std::int64_t>(seq, 1));
        });
        return found.value_or(MessageId{});
    }

    /// Their tokens act for whom they were merged into.
    Caller as_now(Caller who)
    {
        who.person = read(
            who.workspace, [&](db::Tx const& tx) { return people::survivor_of(tx, who.person); });
        return who;
    }
    Caller anybody()
    {
        auto const at = pick(people.size() + guests.size());
        return at < people.size() ? people[at] : as_now(guests[at - people.size()]);
    }

    /// Something happens; what is refused is no change.
    void happen()
    {
        clock.advance(milliseconds{1 + static_cast<int>(pick(700))});
        auto const who = anybody();
        auto const& room = rooms[pick(rooms.size())];
        try {
            act(who, room);
        } catch (Problem const& problem) {
            EXPECT_LT(info(problem.code).status, 500) << problem.what();
            ++refused;
        }
    }

    void say(Caller const& who, ConversationId const& room, PersonId const& other)
    {
        auto command = text_message("text " + std::to_string(pick(1000)));
        command.silent = {once_in(5)};
        if (once_in(4))
            command.mentions.emplace().items.push_back(other);
        run(send_message(deps, who, room, command));
    }

    void act(Caller const& who, ConversationId const& room)
    {
        auto const message = some_message(room);
        auto const other = anybody().person;
        switch (pick(15)) {
        case 0:
        case 1:
        case 2:
        case 3:
            return say(who, room, other);
        case 4:
            run(edit_message(deps, who, message,
                {.text = Text<1, max_text>{"edit " + std::to_string(pick(1000))},
                    .content = {},
                    .mentions = {}}));
            return;
        case 5:
            return run(delete_message(deps, caller, message));
        case 6:
            run(add_reaction(deps, who, message, {once_in(2) ? "👍" : "🎉"}));
            return;
        case 7:
            run(remove_reaction(deps, who, message, {once_in(2) ? "👍" : "🎉"}));
            return;
        case 8:
            run(pin_message(deps, who, message, once_in(2)));
            return;
        case 9: {
            clock.advance(milliseconds{1000}); // past the second of the last write
            auto const newest = run(get_conversation(conversation_deps, who, room)).seq;
            auto const seq = pick(static_cast<std::size_t>(newest) + 1);
            run(mark_read(conversation_deps, who, room,
                {Int<0, INT64_MAX>{static_cast<std::int64_t>(seq)}, {}}));
            return;
        }
        case 10:
            if (once_in(3))
                run(remove_participant(conversation_deps, caller, room, other));
            else
                run(set_participant(conversation_deps, caller, room, other, {}));
            return;
        case 11:
            run(update_own_view(conversation_deps, who, room,
                {.muted_until = {}, .archived = once_in(2), .pinned = {}, .marked_unread = {}}));
            return;
        case 12:
            return become_one();
        case 13:
            run(people::update_person(people_deps, caller, other,
                {.external_id = {},
                    .name = {true, people::PersonName{"Name " + std::to_string(pick(100))}},
                    .attributes = {}}));
            return;
        default:
            receive(who);
        }
    }

    /// Two are merged, or told apart: guests and customers, who may come to be one of the team.
    void become_one()
    {
        auto const survivor = anybody().person;
        auto other = guests[pick(guests.size())].person;
        if (once_in(3))
            other = write(caller.workspace, [&](db::Tx& tx) {
                return people::find_or_create_by_address(
                    tx, people::parse_address(people::AddressKind::phone, customer()))
                    .person;
            });
        write(caller.workspace, [&](db::Tx& tx) {
            if (auto const now = people::survivor_of(tx, other); now != other)
                return people::unmerge_person(tx, follower, now, {other});
            return people::merge_people(tx, follower, survivor, {other});
        });
    }

    std::string customer() { return "+1202555010" + std::to_string(pick(3)); }

    /// A customer writes, or the team notes or answers.
    void receive(Caller const& who)
    {
        auto const customer = this->customer();
        if (once_in(2)) {
            run(ProviderInbox{db, connectors}.receive(caller.workspace, account,
                {.provider_id = "in-" + std::to_string(++inbound),
                    .from = customer,
                    .from_name = {},
                    .content = R"({"text":"hi"})",
                    .subject = {},
                    .reply_to_provider_id = {},
                    .at = {}}));
            return;
        }
        auto const sent = run(send_addressed(deps, caller, to_address(customer)));
        auto note = text_message("note");
        note.visibility = {Visibility::internal};
        if (once_in(2))
            note.mentions.emplace().items.push_back(sent.to->front().person_id);
        run(send_message(deps, who, sent.conversation_id, note));
    }

    /// A whole new look, as one without memory would take.
    std::map<ConversationId, Held> snapshot(Caller const& who)
    {
        std::map<ConversationId, Held> all;
        auto const page = run(conversations::list_conversations(conversation_deps, who,
            {.kind = {},
                .account_id = {},
                .person_id = {},
                .limit = {Int<1, 200>{200}},
                .cursor = {}}));
        for (auto const& conversation : page.data)
            all[conversation.id] = look_at(who, conversation);
        return all;
    }
    Held look_at(Caller const& who, Conversation const& conversation)
    {
        Held held;
        held.rev = conversation.rev;
        held.conversation = to_json(conversation);
        std::optional<Text<1, 512>> cursor;
        do {
            auto const page = run(list_messages(deps, who, conversation.id,
                {.before_seq = {},
                    .after_seq = {},
                    .pinned = {},
                    .limit = {Int<1, 200>{200}},
                    .cursor = cursor}));
            for (auto const& message : page.data)
                held.messages[message.seq] = message;
            cursor = page.next ? std::optional{Text<1, 512>{*page.next}} : std::nullopt;
        } while (cursor);
        for (auto const& participant :
            run(list_participants(conversation_deps, who, conversation.id)).data)
            held.participants[participant.person_id] = participant;
        return held;
    }

    void catch_up(Client& client)
    {
        for (bool more = true; more;) {
            conversations::SyncQuery query;
            query.limit = {Int<1, 5000>{1 + static_cast<std::int64_t>(pick(4))}};
            if (!client.cursor.empty())
                query.after = Text<1, 512>{client.cursor};
            auto const who = as_now(client.caller);
            auto const synced = run(conversations::sync(conversation_deps, who, query));
            if (synced.person_id != client.acts_as && !client.cursor.empty()) {
                client = {client.caller, {}, {}, {}}; // what is held is somebody else's
                ++begun_anew;
                continue;
            }
            client.acts_as = synced.person_id;
            for (auto const& id : synced.left)
                client.held.erase(id);
            for (auto& [id, held] : client.held)
                for (auto& [seq, message] : held.messages)
                    for (auto const& person : synced.people)
                        apply(message, person);
            for (auto const& conversation : synced.conversations)
                follow(client, conversation.id);
            client.cursor = synced.cursor;
            more = synced.has_more;
        }
    }
    void follow(Client& client, ConversationId const& id)
    {
        auto& held = client.held[id];
        for (bool more = true; more;) {
            auto const changes = run(list_changes(deps, as_now(client.caller), id,
                {{held.rev}, {Int<1, 500>{1 + static_cast<std::int64_t>(pick(6))}}}));
            for (auto const& message : changes.messages)
                held.messages[message.seq] = message;
            held.rev = changes.rev;
            held.conversation = to_json(changes.conversation);
            held.participants.clear();
            for (auto const& participant : changes.participants)
                held.participants[participant.person_id] = participant;
            more = changes.has_more;
        }
        // Who left and joined again sees from there on.
        auto const me = held.participants.find(client.acts_as);
        if (me != held.participants.end())
            std::erase_if(held.messages,
                [&](auto const& entry) { return entry.first <= me->second.joined_seq; });
    }

    /// Of all, with the customers'.
    ConversationId some_room()
    {
        auto const all = read(caller.workspace, [](db::Tx const& tx) {
            return tx.all<ConversationId>("SELECT id FROM conversations WHERE workspace_id = $1");
        });
        return all[pick(all.size())];
    }

    struct Count {
        std::int64_t unread = 0;
        std::int64_t mentions = 0;
    };
    /// As one would count who looks at every message; nothing for one who is not there.
    std::optional<Count> recount(Caller const& who, ConversationId const& room)
    {
        return read(caller.workspace, [&](db::Tx const& tx) -> std::optional<Count> {
            auto const read_seq = tx.one<std::int64_t>(R"sql(
                SELECT read_seq FROM cursors
                WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
                room, who.person);
            if (!read_seq)
                return std::nullopt;
            using Row = std::tuple<PersonId, std::optional<std::string>>;
            auto const rows = tx.all<Row>(R"sql(
                SELECT author_id, mentions FROM messages
                WHERE workspace_id = $1 AND conversation_id = $2 AND seq > $3 AND silent = $4
                  AND deleted_at IS NULL AND (visibility = 'all' OR $5 = 1))sql",
                room, *read_seq, false, who.is_team() ? 1 : 0);
            auto const ids = people::ids_of(tx, who.person);
            Count count;
            for (auto const& [author, mentions] : rows) {
                count.unread += author != who.person;
                count.mentions += mentions && std::ranges::any_of(ids, [&](auto const& id) {
                    return mentions->find(id.str()) != std::string::npos;
                });
            }
            return count;
        });
    }

    std::mt19937 random{20261121};
    AccountId account;
    std::vector<Caller> people;
    std::vector<Caller> guests; ///< app users by their own tokens
    std::vector<Client> clients;
    std::vector<ConversationId> rooms;
    conversations::Receipts receipts{clock};
    conversations::Deps conversation_deps{db, connectors, log, receipts};
    conversations::MergedPeople follower;
    people::Deps people_deps{db};
    int inbound = 0;
    int refused = 0;
    int begun_anew = 0;
};

constexpr int steps = 3000;

TEST_F(CatchUpTest, whoever_was_away_ends_with_the_servers_state)
{
    for (int step = 0; step < steps; ++step) {
        happen();
        if (!once_in(60))
            continue;
        auto& client = clients[pick(clients.size())];
        catch_up(client);
        auto const now = snapshot(as_now(client.caller));
        ASSERT_EQ(client.held.size(), now.size()) << step;
        for (auto const& [id, fresh] : now) {
            auto const& held = client.held[id];
            ASSERT_EQ(held.conversation, fresh.conversation) << step;
            ASSERT_EQ(held.said(), fresh.said()) << step;
            ASSERT_EQ(held.people(), fresh.people()) << step;
            ASSERT_EQ(held.rev, fresh.rev) << step;
        }
    }
    EXPECT_LT(refused, steps / 2);
    EXPECT_GT(count_events(caller, "person.merged"), steps / 200);
    EXPECT_GT(count_events(caller, "person.unmerged"), steps / 200);
    EXPECT_GT(begun_anew, 0);
}

TEST_F(CatchUpTest, unread_is_what_a_recount_gives)
{
    for (int step = 0; step < 10'000; ++step) {
        happen();
        auto const who = anybody();
        auto const room = once_in(3) ? some_room() : rooms[pick(rooms.size())];
        auto const expected = recount(who, room);
        if (!expected)
            continue;
        auto const view = run(conversations::get_conversation(conversation_deps, who, room));
        ASSERT_EQ(view.unread, expected->unread) << step;
        ASSERT_EQ(view.me->mentions, expected->mentions) << step;
    }
}

}
}
