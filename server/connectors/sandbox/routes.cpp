#include "accounts/accounts.hpp"
#include "base/crypto.hpp"
#include "connectors/sandbox/sandbox.hpp"
#include "messages/messages.hpp"
#include "net/router.hpp"
#include "people/address.hpp"
#include "workspaces/idempotency.hpp"

namespace hermod::sandbox {

/// Something that comes in from the sandbox's network. `text` is short for a text's `content`.
struct SandboxInbound {
    AccountId account_id;
    Text<1, 320> from;
    std::optional<Text<1, messages::max_text>> text;
    std::optional<messages::Type> type;
    std::optional<JsonObject<messages::max_content_bytes>> content;
    std::optional<Text<1, 200>> name;
    /// The network's own id: handed in twice, it is one message. Made up where it is left out.
    std::optional<Text<1, 200>> provider_id;
    std::optional<Timestamp> timestamp;
};
BOOST_DESCRIBE_STRUCT(
    SandboxInbound, (), (account_id, from, text, type, content, name, provider_id, timestamp))

static FieldTexts field_texts(SandboxInbound const*)
{
    static constexpr auto texts = describe<SandboxInbound>({
        {"account_id", "The sandbox account it comes in on"},
        {"from", "Who writes: a phone number or a mailbox"},
        {"text", "The text: short for `type: text` with its `content`"},
        {"type", "What kind of content there is; a text unless given"},
        {"content",
            "What it says, by its type: `TextContent`, `LocationContent`, "
            "`ContactsContent`"},
        {"name", "The writer's name, taken where the person has none"},
        {"provider_id", "The network's own id of the message: handed in twice, it is one message"},
        {"timestamp", "When it was written"},
    });
    return texts;
}

static std::string type_of(SandboxInbound const& command)
{
    return std::string{to_name(command.type.value_or(messages::Type::text))};
}

/// Text and its content are held to their form here, so that an error names the field.
static std::string content_of(SandboxInbound const& command)
{
    if (command.text || !command.type || *command.type == messages::Type::text)
        return messages::read_content(
            command.text ? std::optional<std::string_view>{command.text->value} : std::nullopt,
            command.type,
            command.content ? std::optional<std::string_view>{command.content->text} : std::nullopt)
            .json;
    if (!command.content)
        throw Problem{Errc::invalid_body, {}, {{"content", "is required"}}};
    return command.content->text;
}

static Task<net::Reply> post_inbound(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& command = request.body_as<SandboxInbound>();
    auto const content = content_of(command);
    // Numbers and mail addresses alone: what a network's own ids look like only that network knows.
    people::parse_address(command.from, "from");
    co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        auto const account = accounts::require_visible(tx, caller, command.account_id);
        if (account.connector != "sandbox")
            throw Problem{Errc::account_not_found, "the account is not a sandbox"};
        if (caller.idempotency)
            workspaces::require_first_use(tx, caller);
    });
    accounts::IncomingMessage incoming{
        .provider_id = command.provider_id ? command.provider_id->value : "in_" + random_token(16),
        .from = command.from.value,
        .from_name = command.name ? std::optional{command.name->value} : std::nullopt,
        .type = type_of(command),
        .content = content,
        .subject = {},
        .reply_to_provider_id = {},
        .at = command.timestamp,
    };
    // One key, one message, also where the process ends between the two writes.
    if (caller.idempotency && !command.provider_id)
        incoming.provider_id =
            "in_" + to_base64url(as_text(sha256(caller.person.str() + caller.idempotency->key)));
    auto const id =
        co_await deps.inbox.receive(caller.workspace, command.account_id, std::move(incoming));
    co_return net::created(co_await workspaces::write_once(
        deps.db, caller, 201, [&](db::Tx& tx) { return messages::require_message(tx, id); }));
}

void add_routes(net::Router& router, Deps& deps)
{
    router.document("SandboxSettings", &Codec<Settings>::schema);
    net::FeatureRoutes routes{router, deps, "sandbox"};
    routes.post<SandboxInbound, messages::Message>("/api/v1/sandbox/inbound", post_inbound)
        .scope("sandbox:write")
        .status(201)
        .summary("Hand in a message as the sandbox's network would")
        .describe("The sandbox is a network in a box: it takes every message, reports it delivered "
                  "and then read. The numbers `+15005550001` to `+15005550008` answer otherwise: 1 "
                  "`retryable`, 2 `pace`, 3 `recipient`, 4 `content`, 5 `account_blocked` (the "
                  "account is banned until it is connected again), 6 `auth` (it waits for that), "
                  "7 `outcome_unknown`, 8 sent, but never delivered.")
        .fails_with({Errc::account_not_found, Errc::invalid_phone_number, Errc::invalid_email,
            Errc::unsupported_content});
}

}
