#include "access/access.hpp"
#include "access/idempotency.hpp"
#include "base/errors.hpp"
#include "messages/append.hpp"
#include "messages/sight.hpp"
#include "people/people.hpp"

#include <algorithm>

namespace hermod::messages {

/// A person with the address that the chosen account reaches them at.
struct Route {
    accounts::Account account;
    Party to;
};

static accounts::Account account_for(db::Tx const& tx, Deps const& deps, Caller const& caller,
    SendAddressed const& command, people::AddressKind kind)
{
    if (command.account_id) {
        auto account = accounts::find_account(tx, *command.account_id);
        if (!account || !accounts::may_reach(caller, *account))
            throw Problem{Errc::account_not_found, {}, {{"account_id", "names no account"}}};
        if (!accounts::reaches(deps.connectors, *account, kind))
            throw Problem{Errc::recipient_unreachable, {},
                {{"to",
                    "is of a kind that an account of " + account->connector
                        + " does not reach: " + std::string{to_name(kind)}}}};
        return *std::move(account);
    }
    auto const connector = command.connector
        ? std::optional<std::string_view>{command.connector->value}
        : std::nullopt;
    if (connector && !deps.connectors.find(*connector))
        throw Problem{Errc::unknown_connector, {}, {{"connector", "is not a known connector"}}};
    auto account = accounts::find_default(tx, kind, connector, caller.test);
    if (!account)
        throw Problem{Errc::no_account, {},
            {{"to", "is of a kind that no account reaches: " + std::string{to_name(kind)}}}};
    // The default of the kind reaches it; the account of a connector that was asked for may not.
    if (!accounts::reaches(deps.connectors, *account, kind))
        throw Problem{
            Errc::recipient_unreachable, {}, {{"connector", "does not reach such an address"}}};
    return *std::move(account);
}

static Route route_to_address(db::Tx& tx, Deps const& deps, Caller const& caller,
    SendAddressed const& command, people::ParsedAddress const& address)
{
    // The account first: a send that cannot go leaves no person behind.
    auto account = account_for(tx, deps, caller, command, address.kind);
    auto reached = people::find_or_create_by_address(tx, address);
    return {std::move(account), {reached.person, address.value, std::move(reached.name)}};
}

/// The first of a person's kinds of address that has an account.
static Route route_to_person(db::Tx& tx, Deps const& deps, Caller const& caller,
    SendAddressed const& command, people::PersonRow const& person)
{
    using people::AddressKind;
    bool has_address = false;
    for (auto const kind : {AddressKind::whatsapp, AddressKind::phone, AddressKind::email}) {
        auto address = people::primary_address(tx, person.id, kind);
        if (!address)
            continue;
        has_address = true;
        try {
            auto account = account_for(tx, deps, caller, command, kind);
            return {std::move(account), {person.id, std::move(address->value), person.name}};
        } catch (Problem const& problem) {
            if (problem.code != Errc::no_account && problem.code != Errc::recipient_unreachable)
                throw;
        }
    }
    if (has_address && !command.account_id)
        throw Problem{
            Errc::no_account, {}, {{"to", "has only addresses of kinds that no account reaches"}}};
    throw Problem{Errc::recipient_unreachable, {},
        {{"to",
            has_address ? "has no address of a kind that this account reaches"
                        : "has no address"}}};
}

/// The recipient with its address read, before any transaction.
struct Target {
    std::optional<people::ParsedAddress> address;
    std::optional<PersonId> person;
    std::optional<std::string> external_id;
};

static Target target_of(Recipient const& recipient)
{
    if (auto const* plain = std::get_if<Recipient::Plain>(&recipient.value))
        return {people::parse_address(plain->address, "to"), {}, {}};
    if (auto const* kinded = std::get_if<Recipient::Kinded>(&recipient.value))
        return {people::parse_address(
                    kinded->kind, kinded->address, "to." + std::string{to_name(kinded->kind)}),
            {}, {}};
    if (auto const* person = std::get_if<PersonId>(&recipient.value))
        return {{}, *person, {}};
    return {{}, {}, std::get<Recipient::External>(recipient.value).external_id};
}

static Route route_of(db::Tx& tx, Deps const& deps, Caller const& caller,
    SendAddressed const& command, Target const& target)
{
    if (target.address)
        return route_to_address(tx, deps, caller, command, *target.address);
    auto const person = target.person ? people::find_person(tx, *target.person)
                                      : people::find_by_external_id(tx, *target.external_id);
    if (!person)
        throw Problem{Errc::person_not_found, {},
            {{target.person ? "to.person_id" : "to.external_id", "names no person"}}};
    return route_to_person(tx, deps, caller, command, *person);
}

static MessageRow row_of(db::Tx const& tx, Caller const& caller, SendAddressed const& command,
    Content const& content, ConversationId const& conversation)
{
    auto const author = people::find_person(tx, caller.person);
    MessageRow row;
    row.conversation_id = conversation;
    row.author_id = caller.person;
    if (author)
        row.author_name = author->name;
    row.type = content.type;
    row.content = content.json;
    if (command.subject)
        row.subject = command.subject->value;
    if (command.client_id)
        row.client_id = command.client_id->value;
    row.reply_to = command.reply_to;
    row.metadata = command.metadata.value_or(Metadata{}).text;
    return row;
}

Task<Message> send_addressed(Deps& deps, Caller const& caller, SendAddressed const& command)
{
    auto const content = read_content(
        command.text ? std::optional<std::string_view>{command.text->value} : std::nullopt,
        command.type,
        command.content ? std::optional<std::string_view>{command.content->text} : std::nullopt);
    auto const target = target_of(command.to);
    auto const hash = command.client_id ? sha256("to:" + to_json(command)) : Digest{};
    co_return co_await access::write_once(deps.db, caller, 202, [&](db::Tx& tx) {
        if (auto earlier = find_earlier(tx, caller.person, command.client_id, hash))
            return *std::move(earlier);
        access::require_may_send_to(tx, caller, target.address);
        auto const route = route_of(tx, deps, caller, command, target);
        require_carries(deps.connectors, route.account, content, command.subject.has_value());
        auto const conversation =
            conversations::find_or_create_external(tx, route.account.id, route.to.person_id);
        require_reply_target(tx, caller, conversation, command.reply_to);
        auto message = append_outbound(tx, row_of(tx, caller, command, content, conversation),
            {route.account, route.to, command.priority.value, command.send_at});
        if (command.client_id)
            insert_key(tx, caller.person, command.client_id->value, message.id, hash);
        return message;
    });
}

static bool is_settled(Message const& message)
{
    return message.status && *message.status != Status::queued
        && *message.status != Status::sending;
}

static constexpr std::int64_t events_at_once = 100;

/// Whether anything happened in the conversation after `offset`, which goes on to the newest event.
static Task<bool> moved_on(
    Deps& deps, WorkspaceId workspace, ConversationId conversation, std::int64_t& offset)
{
    bool any = false;
    for (;;) {
        auto const lines = co_await deps.log.read(workspace, offset, events_at_once);
        for (auto const& line : lines) {
            offset = line->log_offset;
            any |= line->conversation_id == conversation;
        }
        if (lines.size() < events_at_once)
            co_return any;
    }
}

Task<Message> wait_until_settled(
    Deps& deps, Caller const& caller, Message message, Timestamp deadline)
{
    auto const until = deps.clock.steady() + (deadline - deps.clock.now());
    try {
        auto offset = (co_await deps.log.extent(caller.workspace)).head;
        // The log is followed in memory, so that others' events cost no read of the database.
        for (bool look = true; !deps.log.draining() && deps.clock.steady() < until;) {
            auto const row = look
                ? co_await deps.db.read(caller.workspace,
                      [&](db::Tx const& tx) { return find_message(tx, message.id); })
                : std::nullopt;
            if (look && !row)
                break;
            if (row)
                message = to_message(*row);
            if (is_settled(message))
                break;
            co_await deps.log.wait_beyond(caller.workspace, offset, until);
            look = co_await moved_on(deps, caller.workspace, message.conversation_id, offset);
        }
    } catch (Problem const&) {
        // It is accepted, whatever could not be read since: what is known is the answer.
    }
    co_return message;
}

}
